//! `.http` and `.rest` files of VS Code and of `JetBrains`: requests between lines of `###`, with
//! variables, comments, and scripts, which are read and never run.

use super::collection::{
    CollectionAuth, CollectionBody, CollectionField, CollectionRequest, CollectionVariable,
    ForeignText, ImportLoss, ImportedCollection,
};
use super::script::{ScriptReader, ScriptStage};
use crate::method::Method;

/// Every request of a file.
pub(super) fn read(text: &str) -> ImportedCollection {
    let mut collection = ImportedCollection::default();
    let mut block = HttpBlock::default();
    for (index, line) in text.lines().enumerate() {
        if let Some(title) = line.strip_prefix("###") {
            block.finish(&mut collection);
            block = HttpBlock {
                title: title.trim_start_matches('#').trim().to_owned(),
                ..HttpBlock::default()
            };
        } else {
            block.lines.push((index + 1, line));
        }
    }
    block.finish(&mut collection);
    collection
}

/// The lines between two separators.
#[derive(Default)]
struct HttpBlock<'t> {
    title: String,
    lines: Vec<(usize, &'t str)>,
}

/// The parts of a request that its lines are sorted into.
#[derive(Default)]
struct HttpParts {
    place: String,
    name: Option<String>,
    request_line: String,
    headers: Vec<(String, String)>,
    body: Vec<String>,
    before: Vec<String>,
    after: Vec<String>,
    losses: Vec<String>,
}

impl HttpBlock<'_> {
    fn finish(&self, collection: &mut ImportedCollection) {
        let mut parts = HttpParts::default();
        let mut lines = self.lines.iter().peekable();
        let mut is_body = false;
        while let Some((number, line)) = lines.next() {
            let trimmed = line.trim();
            if let Some((stage, first)) = script_start(trimmed) {
                let script = match stage {
                    ScriptStage::BeforeRequest => &mut parts.before,
                    ScriptStage::AfterResponse => &mut parts.after,
                };
                let mut text = first.to_owned();
                while !text.contains("%}") {
                    script.push(std::mem::take(&mut text));
                    let Some((_, line)) = lines.next() else { break };
                    (*line).clone_into(&mut text);
                }
                script.push(text.split("%}").next().unwrap_or_default().to_owned());
                continue;
            }
            if parts.request_line.is_empty() {
                head_line(trimmed, *number, &mut parts, collection);
            } else if !is_body {
                let is_continued = line.starts_with([' ', '\t'])
                    && parts.headers.is_empty()
                    && !trimmed.is_empty();
                if trimmed.is_empty() {
                    is_body = true;
                } else if is_continued || trimmed.starts_with(['?', '&']) {
                    parts.request_line.push_str(trimmed);
                } else if is_comment(trimmed) {
                } else if let Some((name, value)) = trimmed.split_once(':') {
                    parts
                        .headers
                        .push((name.trim().to_owned(), value.trim().to_owned()));
                } else {
                    parts
                        .losses
                        .push(format!("line {number}: the line is not a header"));
                }
            } else if trimmed.starts_with("> ") || trimmed.starts_with(">>") {
                parts
                    .losses
                    .push(format!("line {number}: the script or file after `>`"));
            } else if !trimmed.starts_with("<> ") {
                parts.body.push((*line).to_owned());
            }
        }
        if !parts.request_line.is_empty() {
            parts.add(&self.title, collection);
        } else if !parts.before.is_empty() || !parts.after.is_empty() {
            collection.losses.push(ImportLoss {
                place: self
                    .lines
                    .first()
                    .map_or_else(String::new, |(number, _)| format!("line {number}")),
                what: "a script without a request".to_owned(),
            });
        }
    }
}

/// A line before the request line, or the request line itself.
fn head_line(
    line: &str,
    number: usize,
    parts: &mut HttpParts,
    collection: &mut ImportedCollection,
) {
    let comment = line.strip_prefix('#').or_else(|| line.strip_prefix("//"));
    if let Some(comment) = comment {
        let comment = comment.trim();
        if let Some(name) = comment.strip_prefix("@name") {
            parts.name = Some(name.trim_start_matches([' ', '=']).trim().to_owned());
        }
    } else if let Some((name, value)) = line.strip_prefix('@').and_then(|line| line.split_once('='))
    {
        let value = ForeignText::parse(value.trim());
        let value = Some(value).filter(|value| !value.is_empty());
        collection
            .variables
            .push(CollectionVariable::new(name.trim(), value));
    } else if !line.is_empty() {
        line.clone_into(&mut parts.request_line);
        parts.place = format!("line {number}");
    }
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#') || line.starts_with("//")
}

fn script_start(line: &str) -> Option<(ScriptStage, &str)> {
    let (stage, rest) = match line.strip_prefix('>') {
        Some(rest) => (ScriptStage::AfterResponse, rest),
        None => (ScriptStage::BeforeRequest, line.strip_prefix('<')?),
    };
    Some((stage, rest.trim_start().strip_prefix("{%")?))
}

/// Method, address, and whether the line names a method that ingam does not have.
pub(super) fn split_request_line(line: &str) -> Option<(Method, String)> {
    let line = line.trim();
    let line = match line.rsplit_once(' ') {
        Some((before, version)) if version.starts_with("HTTP/") => before.trim(),
        _ => line,
    };
    match line.split_once(char::is_whitespace) {
        Some((name, address))
            if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase()) =>
        {
            Some((Method::parse(name)?, address.trim().to_owned()))
        }
        _ => Some((Method::Get, line.to_owned())),
    }
}

impl HttpParts {
    fn add(self, title: &str, collection: &mut ImportedCollection) {
        let Some((method, address)) = split_request_line(&self.request_line) else {
            collection.losses.push(ImportLoss {
                place: self.place,
                what: "the request: ingam does not support its method".to_owned(),
            });
            return;
        };
        let host = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let address = match host {
            Some((_, host)) if address.starts_with('/') => format!("http://{host}{address}"),
            _ => address,
        };
        let mut request =
            CollectionRequest::new(self.place.clone(), method, ForeignText::parse(&address));
        request.name = self
            .name
            .clone()
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| title.to_owned());
        for (name, value) in &self.headers {
            match basic_auth(name, value) {
                Some(auth) => request.auth = auth,
                None => request.headers.push(CollectionField::new(
                    name.clone(),
                    ForeignText::parse(value),
                )),
            }
        }
        for loss in &self.losses {
            request.lose(loss.clone());
        }
        self.add_body(&mut request);
        ScriptReader::new(ScriptStage::BeforeRequest).read(&self.before, &mut request);
        ScriptReader::new(ScriptStage::AfterResponse).read(&self.after, &mut request);
        collection.requests.push(request);
    }

    fn add_body(&self, request: &mut CollectionRequest) {
        let text = self.body.join("\n");
        let text = text.trim_end();
        if text.trim().is_empty() {
            return;
        }
        if let Some(path) = text
            .trim()
            .strip_prefix('<')
            .filter(|path| !path.contains('\n') && path.starts_with([' ', '@']))
        {
            request.body = CollectionBody::File(path.trim_start_matches('@').trim().to_owned());
            return;
        }
        let media_type = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let is_form = media_type.is_some_and(|(_, kind)| kind.contains("x-www-form-urlencoded"));
        let text = if is_form {
            text.lines().map(str::trim).collect::<String>()
        } else {
            text.to_owned()
        };
        request.body = CollectionBody::Text {
            text: ForeignText::parse(&text),
            media_type: media_type.map(|(_, kind)| kind.clone()),
        };
    }
}

/// `Basic user password` and `Basic user:password` are encoded by the client.
fn basic_auth(name: &str, value: &str) -> Option<CollectionAuth> {
    let pair = value
        .strip_prefix("Basic ")
        .filter(|_| name.eq_ignore_ascii_case("authorization"))?
        .trim();
    let (user, password) = pair.split_once(':').or_else(|| pair.split_once(' '))?;
    Some(CollectionAuth::Basic {
        user: ForeignText::parse(user.trim()),
        password: ForeignText::parse(password.trim()),
    })
}

/// Whether a text is such a file: a line with method and address, or a separator and an address.
/// Documents with fences around their code are none.
pub(super) fn is_http_file(text: &str) -> bool {
    let is_request = |line: &str| {
        let named = line.trim().split_once(' ');
        named.is_some_and(|(name, address)| {
            Method::parse(name).is_some()
                && (address.contains("://") || address.starts_with(['{', '/']))
        })
    };
    let is_address = |line: &str| {
        ["http://", "https://", "{{"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let has_separator = text.lines().any(|line| line.starts_with("###"));
    !text.contains("```")
        && (text.lines().any(is_request) || has_separator && text.lines().any(is_address))
}
