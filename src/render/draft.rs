//! Renders a step: with every template evaluated, it is a draft.

use super::encoded_body::render_encoded_body;
use super::engine::{RenderedSize, push_text, render_text, render_tree};
use super::error::RenderError;
use super::fresh_values::FreshValues;
use super::plain_values::{render_pairs, render_plain_text};
use super::template_scope::TemplateScope;
use crate::model::request::{
    BodyFile, ExternalHosts, MultipartContent, MultipartField, RequestBody, Step, TemplateField,
    WorkspaceFile, WorkspaceFileError,
};
use crate::model::template::{Expression, Template, TemplatePart};
use crate::span::Span;
use crate::wire::{Draft, DraftBody, DraftPart, ExternalUrl, encode_strict};
use bytes::Bytes;
use std::borrow::Cow;

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
    let (external, path, raw_query) = if let Some(hosts) = &step.external {
        let url = render_address(&step.path, hosts, scope)?;
        (Some(url.base), url.path, url.query)
    } else {
        let line = render_path(&step.path, scope)?;
        let (path, raw_query) = line.split_once('?').unwrap_or((&line, ""));
        (None, path.to_owned(), raw_query.to_owned())
    };
    Ok(Draft {
        external,
        method: step.method,
        path,
        raw_query,
        query: render_pairs(&step.query, scope)?,
        headers: render_headers(&step.headers, scope)?,
        body: render_body(step, scope, moment, files)?,
    })
}

/// An address that a response gave, as it is.
fn render_address(
    path: &Template,
    hosts: &ExternalHosts,
    scope: &dyn TemplateScope,
) -> Result<ExternalUrl, RenderError> {
    let mut text = String::new();
    for expression in path.expressions() {
        push_text(&mut text, expression, scope)?;
    }
    let refused = |reason: String| RenderError::new(path.at, reason);
    // With no patterns any public host could be asked.
    if hosts.patterns.is_empty() {
        return Err(refused("`external` allows no host".to_owned()));
    }
    ExternalUrl::parse(&text, &hosts.patterns).map_err(|error| refused(error.to_string()))
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
        RequestBody::Text(written) => DraftBody::Text(render_plain_text(
            written,
            scope,
            &mut RenderedSize::default(),
        )?),
        RequestBody::Encoded(body) => render_encoded_body(body, scope)?,
        RequestBody::File(file) => {
            let file = body_file(file, scope)?;
            DraftBody::Bytes(read_body_file(&file, files)?)
        }
        RequestBody::Multipart(fields) => DraftBody::Multipart {
            parts: render_parts(fields, scope, files)?,
            // The seed of the step makes it the same on each retry, and 24 random letters make it
            // practically impossible that a part holds it (RFC 2046, section 5.1.1).
            boundary: format!("ingam-{}", moment.random_text(u64::from(step.at.start), 24)),
        },
    })
}

/// The most bytes that the parts of a body may have together. It is the limit of one file, too: a
/// body is read into memory to be signed.
const MAX_PARTS_BYTES: usize = 64 << 20;

fn render_parts(
    fields: &[MultipartField],
    scope: &dyn TemplateScope,
    files: &dyn BodyFiles,
) -> Result<Vec<DraftPart>, RenderError> {
    let mut size = RenderedSize::default();
    let mut bytes = 0;
    let mut parts = Vec::with_capacity(fields.len());
    for field in fields {
        let (at, part) = render_part(field, scope, files, &mut size)?;
        bytes += part.content.len();
        if bytes > MAX_PARTS_BYTES {
            let limit = MAX_PARTS_BYTES >> 20;
            let reason = format!("the parts are larger than {limit} MiB together");
            return Err(RenderError::new(at, reason));
        }
        parts.push(part);
    }
    Ok(parts)
}

/// A part, and where its content is written.
fn render_part(
    field: &MultipartField,
    scope: &dyn TemplateScope,
    files: &dyn BodyFiles,
    size: &mut RenderedSize,
) -> Result<(Span, DraftPart), RenderError> {
    let mut own_name = None;
    let (at, usual_type, content) = match &field.content {
        MultipartContent::Text(written) => {
            let text = render_plain_text(written, scope, size)?;
            (written.at, None, Bytes::from(text))
        }
        MultipartContent::Json(written) => {
            let json = size.render(written, scope)?.to_json();
            (written.at, Some("application/json"), Bytes::from(json))
        }
        MultipartContent::File(file) => {
            let file = body_file(file, scope)?;
            let name = file.path.file_name();
            own_name = name.map(|name| name.to_string_lossy().into_owned());
            let content = read_body_file(&file, files)?;
            (file.at, Some("application/octet-stream"), content)
        }
    };
    let filename = match &field.filename {
        Some(written) => Some(render_filename(written, scope)?),
        None => own_name,
    };
    let media_type = field.media_type.as_deref().or(usual_type);
    Ok((
        at,
        DraftPart {
            name: field.name.clone(),
            filename,
            media_type: media_type.map(str::to_owned),
            content,
        },
    ))
}

/// The file that a step sends; a template in its path fills one segment of it.
fn body_file<'f>(
    file: &'f BodyFile,
    scope: &dyn TemplateScope,
) -> Result<Cow<'f, WorkspaceFile>, RenderError> {
    let written = match file {
        BodyFile::Fixed(file) => return Ok(Cow::Borrowed(file)),
        BodyFile::Named(written) => written,
    };
    // In a request that is compared with recorded ones too, it is this file that is sent.
    let scope = scope.without_placeholders().unwrap_or(scope);
    let mut path = String::new();
    for part in &written.parts {
        match part {
            TemplatePart::Literal(literal) => path.push_str(literal),
            TemplatePart::Expression(expression) => {
                let mut value = String::new();
                push_text(&mut value, expression, scope)?;
                check_path_value(&value, &path, expression, scope)?;
                path.push_str(&value);
            }
        }
    }
    Ok(Cow::Owned(WorkspaceFile {
        path: path.into(),
        at: written.at,
    }))
}

/// A value in the path of a file stays inside of its segment, and comes from no response.
fn check_path_value(
    value: &str,
    before: &str,
    expression: &Expression,
    scope: &dyn TemplateScope,
) -> Result<(), RenderError> {
    let names = scope.dialect().names_in(expression)?;
    let wrong = |reason: &str| Err(RenderError::new(expression.at, reason));
    if names.iter().any(|name| scope.is_received(name)) {
        return wrong("a value from a response cannot be the path of a file to send");
    }
    if value.contains(|letter: char| matches!(letter, '/' | '\\' | ':') || letter.is_control()) {
        return wrong(
            "a value in a file path cannot contain `/`, `\\`, `:` or a control character",
        );
    }
    let begins_segment = before.is_empty() || before.ends_with('/');
    if begins_segment && (value.is_empty() || value.starts_with('.')) {
        return wrong("a part of a file path cannot be empty or begin with a dot");
    }
    Ok(())
}

fn render_filename(written: &Template, scope: &dyn TemplateScope) -> Result<String, RenderError> {
    let name = render_text(written, scope)?;
    // It stands in quotes in a header of the part: these characters could end it.
    if name.is_empty() || name.contains(|letter: char| letter.is_control() || letter == '"') {
        let reason = "the name of a file is empty, or has a quote or a control character";
        return Err(RenderError::new(written.at, reason));
    }
    Ok(name)
}

fn read_body_file(file: &WorkspaceFile, files: &dyn BodyFiles) -> Result<Bytes, RenderError> {
    files
        .read(file)
        .map_err(|error| RenderError::new(file.at, format!("the file {error}")))
}
