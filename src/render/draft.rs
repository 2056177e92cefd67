//! Renders a step: with every template evaluated, it is a draft.

use super::engine::{push_text, render_tree};
use super::error::RenderError;
use super::fresh_values::FreshValues;
use super::template_scope::TemplateScope;
use crate::model::request::{
    MultipartContent, MultipartField, RequestBody, Step, TemplateField, WorkspaceFile,
    WorkspaceFileError,
};
use crate::model::template::{Template, TemplatePart, TemplateTree};
use crate::value::Value;
use crate::wire::{Draft, DraftBody, DraftPart, encode_strict};
use bytes::Bytes;

/// Reads the files that requests send.
pub trait BodyFiles {
    /// # Errors
    /// When the file cannot be read.
    fn read(&self, file: &WorkspaceFile) -> Result<Bytes, WorkspaceFileError>;
}

/// # Errors
/// When a template cannot be filled in, a value cannot stand where it is written, or a file cannot
/// be read.
pub fn render_draft(
    step: &Step,
    scope: &dyn TemplateScope,
    moment: FreshValues,
    files: &dyn BodyFiles,
) -> Result<Draft, RenderError> {
    let line = render_path(&step.path, scope)?;
    let (path, raw_query) = line.split_once('?').unwrap_or((&line, ""));
    Ok(Draft {
        method: step.method,
        path: path.to_owned(),
        raw_query: raw_query.to_owned(),
        query: render_pairs(&step.query, scope)?,
        headers: render_headers(&step.headers, scope)?,
        body: render_body(step, scope, moment, files)?,
    })
}

/// Literal text is kept as it is; what comes from a template is data and encoded.
fn render_path(path: &Template, scope: &dyn TemplateScope) -> Result<String, RenderError> {
    let mut line = String::new();
    for part in &path.parts {
        match part {
            TemplatePart::Literal(literal) => line.push_str(literal),
            TemplatePart::Expression(expression) => {
                let mut value = String::new();
                push_text(&mut value, expression, scope)?;
                // `/items/{{ id }}` with an empty id is another endpoint, the list of all items,
                // and with DELETE that could do damage. In a query an empty value is usual.
                if value.is_empty() && !line.contains('?') {
                    return Err(RenderError::new(
                        expression.at,
                        "this part of the path is empty",
                    ));
                }
                // Everything but unreserved characters is encoded (RFC 3986, section 2.3), so a
                // slash in a value cannot lead to another path.
                line.push_str(&encode_strict(&value));
            }
        }
    }
    Ok(line)
}

/// A list repeats the name, null leaves it out.
fn render_pairs(
    fields: &[TemplateField],
    scope: &dyn TemplateScope,
) -> Result<Vec<(String, String)>, RenderError> {
    let mut pairs = Vec::with_capacity(fields.len());
    for field in fields {
        let value = render_tree(&field.value, scope)?;
        match value.as_ref() {
            Value::Null => {}
            Value::List(items) => {
                for item in items.iter().filter(|item| !item.is_null()) {
                    pairs.push((field.name.to_string(), single_value(field, item)?));
                }
            }
            item => pairs.push((field.name.to_string(), single_value(field, item)?)),
        }
    }
    Ok(pairs)
}

fn single_value(field: &TemplateField, value: &Value) -> Result<String, RenderError> {
    value.to_plain_text().ok_or_else(|| {
        RenderError::new(
            field.value.at,
            format!("`{}` is a single value or a list of them", field.name),
        )
        .hint("use `| compact` to send JSON as text")
    })
}

fn render_headers(
    fields: &[TemplateField],
    scope: &dyn TemplateScope,
) -> Result<Vec<(String, String)>, RenderError> {
    Ok(render_pairs(fields, scope)?
        .into_iter()
        // Names of headers are case-insensitive (RFC 9110, section 5.1), and HTTP/2 sends them in
        // small letters only: a signature over names must not depend on the spelling of a file.
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect())
}

fn render_body(
    step: &Step,
    scope: &dyn TemplateScope,
    moment: FreshValues,
    files: &dyn BodyFiles,
) -> Result<DraftBody, RenderError> {
    Ok(match &step.body {
        RequestBody::None => DraftBody::None,
        RequestBody::Json(written) => DraftBody::Json(render_tree(written, scope)?.into_owned()),
        RequestBody::Form(fields) => DraftBody::Form(render_pairs(fields, scope)?),
        RequestBody::Text(written) => DraftBody::Text(render_plain_text(written, scope)?),
        RequestBody::File(file) => DraftBody::Bytes(read_body_file(file, files)?),
        RequestBody::Multipart(fields) => DraftBody::Multipart {
            parts: fields
                .iter()
                .map(|field| render_part(field, scope, files))
                .collect::<Result<Vec<DraftPart>, RenderError>>()?,
            // The seed of the step makes it the same on each retry, and 24 random letters make it
            // practically impossible that a part holds it (RFC 2046, section 5.1.1).
            boundary: format!("ingam-{}", moment.random_text(u64::from(step.at.start), 24)),
        },
    })
}

fn render_part(
    field: &MultipartField,
    scope: &dyn TemplateScope,
    files: &dyn BodyFiles,
) -> Result<DraftPart, RenderError> {
    let (file, content) = match &field.content {
        MultipartContent::Text(written) => (None, Bytes::from(render_plain_text(written, scope)?)),
        MultipartContent::File {
            file,
            filename,
            media_type,
        } => (
            Some((filename.clone(), media_type.clone())),
            read_body_file(file, files)?,
        ),
    };
    Ok(DraftPart {
        name: field.name.clone(),
        file,
        content,
    })
}

fn render_plain_text(
    written: &TemplateTree,
    scope: &dyn TemplateScope,
) -> Result<String, RenderError> {
    let value = render_tree(written, scope)?;
    value.to_plain_text().ok_or_else(|| {
        RenderError::new(written.at, "this must be text").hint("use `json` for a map or a list")
    })
}

fn read_body_file(file: &WorkspaceFile, files: &dyn BodyFiles) -> Result<Bytes, RenderError> {
    files
        .read(file)
        .map_err(|error| RenderError::new(file.at, format!("the file {error}")))
}
