//! A step with its holes filled in: the draft.

use super::engine::{Scope, push_text, tree};
use super::{Moment, RenderError};
use crate::model::request::{Body, Field, PartContent, Step, WorkspaceFile};
use crate::model::template::{Part, Template, Tree};
use crate::value::Value;
use crate::wire::{Draft, DraftBody, DraftPart, encode_strict};
use bytes::Bytes;

/// Reads the files that requests send.
pub trait BodyFiles {
    /// # Errors
    /// In words, when the file cannot be read.
    fn read(&self, file: &WorkspaceFile) -> Result<Bytes, String>;
}

/// # Errors
/// When a template cannot be filled in, a value cannot stand where it is written, or a file cannot be read.
pub fn draft(step: &Step, scope: &dyn Scope, moment: Moment, files: &dyn BodyFiles) -> Result<Draft, RenderError> {
    let line = path_line(&step.path, scope)?;
    let (path, raw_query) = line.split_once('?').unwrap_or((&line, ""));
    Ok(Draft {
        method: step.method,
        path: path.to_owned(),
        raw_query: raw_query.to_owned(),
        query: pairs(&step.query, scope)?,
        headers: headers(&step.headers, scope)?,
        body: body(step, scope, moment, files)?,
    })
}

/// Literal text is kept as it is; what comes from a template is data and encoded.
fn path_line(path: &Template, scope: &dyn Scope) -> Result<String, RenderError> {
    let mut line = String::new();
    for part in &path.parts {
        match part {
            Part::Literal(literal) => line.push_str(literal),
            Part::Hole(expression) => {
                let mut value = String::new();
                push_text(&mut value, expression, scope)?;
                if value.is_empty() && !line.contains('?') {
                    return Err(RenderError::new(expression.at, "this part of the path is empty"));
                }
                line.push_str(&encode_strict(&value));
            }
        }
    }
    Ok(line)
}

/// A list repeats the name, null leaves it out.
fn pairs(fields: &[Field], scope: &dyn Scope) -> Result<Vec<(String, String)>, RenderError> {
    let mut pairs = Vec::with_capacity(fields.len());
    for field in fields {
        let value = tree(&field.value, scope)?;
        match value.as_ref() {
            Value::Null => {}
            Value::List(items) => {
                for item in items.iter().filter(|item| !item.is_null()) {
                    pairs.push((field.name.to_string(), single(field, item)?));
                }
            }
            item => pairs.push((field.name.to_string(), single(field, item)?)),
        }
    }
    Ok(pairs)
}

fn single(field: &Field, value: &Value) -> Result<String, RenderError> {
    value.to_plain_text().ok_or_else(|| {
        RenderError::new(field.value.at, format!("`{}` is a single value or a list of them", field.name))
            .hint("use `| compact` to send JSON as text")
    })
}

fn headers(fields: &[Field], scope: &dyn Scope) -> Result<Vec<(String, String)>, RenderError> {
    Ok(pairs(fields, scope)?.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
}

fn body(step: &Step, scope: &dyn Scope, moment: Moment, files: &dyn BodyFiles) -> Result<DraftBody, RenderError> {
    Ok(match &step.body {
        Body::None => DraftBody::None,
        Body::Json(written) => DraftBody::Json(tree(written, scope)?.into_owned()),
        Body::Form(fields) => DraftBody::Form(pairs(fields, scope)?),
        Body::Text(written) => DraftBody::Text(plain(written, scope)?),
        Body::File(file) => DraftBody::Bytes(read(file, files)?),
        Body::Multipart(fields) => {
            let parts: Result<Vec<DraftPart>, RenderError> = fields
                .iter()
                .map(|field| {
                    let (file, content) = match &field.content {
                        PartContent::Text(written) => (None, Bytes::from(plain(written, scope)?)),
                        PartContent::File { file, filename, media_type } => {
                            (Some((filename.clone(), media_type.clone())), read(file, files)?)
                        }
                    };
                    Ok(DraftPart { name: field.name.clone(), file, content })
                })
                .collect();
            DraftBody::Multipart { parts: parts?, boundary: format!("ingam-{}", moment.random(u64::from(step.at.start), 24)) }
        }
    })
}

fn plain(written: &Tree, scope: &dyn Scope) -> Result<String, RenderError> {
    let value = tree(written, scope)?;
    value.to_plain_text().ok_or_else(|| RenderError::new(written.at, "this must be text").hint("use `json` for a map or a list"))
}

fn read(file: &WorkspaceFile, files: &dyn BodyFiles) -> Result<Bytes, RenderError> {
    files.read(file).map_err(|reason| RenderError::new(file.at, format!("the file {reason}")))
}
