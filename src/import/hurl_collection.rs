//! Hurl files: requests one behind the other, each with what its response must be.

use super::collection::{
    CollectionAuth, CollectionBody, CollectionField, CollectionPart, CollectionPartContent,
    CollectionRequest, ForeignText, ImportLoss, ImportedCollection,
};
use crate::jsonpath::JsonPath;
use crate::method::Method;
use crate::request_file::TemplateSource;
use crate::value::{self, Value};

/// Whether a text is one: a line with the status of a response, or a section of Hurl.
pub(super) fn is_hurl_file(text: &str) -> bool {
    let has_request = text.lines().any(|line| request_line(line).is_some());
    let has_response = text
        .lines()
        .any(|line| status_of(line).is_some() || matches!(line.trim(), "[Asserts]" | "[Captures]"));
    has_request && has_response && !text.lines().any(|line| line.starts_with("###"))
}

/// Every request of a file.
pub(super) fn read(text: &str) -> ImportedCollection {
    let mut reader = HurlReader::default();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        at += reader.read_lines(&lines[at..], at + 1);
    }
    reader.finish();
    reader.collection
}

/// Where the lines that follow belong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum HurlSection {
    #[default]
    Headers,
    Query,
    Form,
    Multipart,
    Cookies,
    Basic,
    Options,
    ResponseHeaders,
    Captures,
    Asserts,
}

#[derive(Default)]
struct HurlReader {
    collection: ImportedCollection,
    request: Option<CollectionRequest>,
    section: HurlSection,
}

fn request_line(line: &str) -> Option<(Method, &str)> {
    let (name, address) = line.split_once(' ')?;
    Some((Method::parse(name)?, address.trim())).filter(|(_, address)| !address.is_empty())
}

/// The status of a line such as `HTTP/1.1 200`; 0 for `*`, which is any.
fn status_of(line: &str) -> Option<u16> {
    let rest = line.trim().strip_prefix("HTTP")?;
    let (version, status) = rest.split_once(' ')?;
    let is_version = version.is_empty() || version.starts_with('/');
    let status = status.trim();
    if !is_version {
        return None;
    }
    if status == "*" {
        return Some(0);
    }
    status.split_whitespace().next()?.parse().ok()
}

impl HurlReader {
    fn finish(&mut self) {
        self.collection.requests.extend(self.request.take());
    }

    /// Reads what begins at the first line; how many lines that are.
    fn read_lines(&mut self, lines: &[&str], number: usize) -> usize {
        let line = lines[0].trim();
        if line.is_empty() || line.starts_with('#') {
            return 1;
        }
        if let Some((method, address)) = request_line(line) {
            self.finish();
            let mut request = CollectionRequest::new(
                format!("line {number}"),
                method,
                ForeignText::parse(address),
            );
            let path = address.split("://").nth(1).unwrap_or(address);
            request.name = format!(
                "{} {}",
                method.key(),
                path.split_once('/')
                    .map_or("", |(_, path)| path.split('?').next().unwrap_or(path))
            );
            self.request = Some(request);
            self.section = HurlSection::Headers;
            return 1;
        }
        let Some(mut request) = self.request.take() else {
            let what = "the line does not belong to a request".to_owned();
            self.collection.losses.push(ImportLoss {
                place: format!("line {number}"),
                what,
            });
            return 1;
        };
        let read = self.read_part(lines, number, &mut request);
        self.request = Some(request);
        read
    }

    fn read_part(
        &mut self,
        lines: &[&str],
        number: usize,
        request: &mut CollectionRequest,
    ) -> usize {
        let line = lines[0].trim();
        if let Some(status) = status_of(line) {
            if (200..600).contains(&status) {
                request
                    .assertions
                    .push(("status".to_owned(), Value::from(i64::from(status))));
            }
            self.section = HurlSection::ResponseHeaders;
            return 1;
        }
        if line.starts_with('[') && line.ends_with(']') && !line.contains(['"', '{', ',']) {
            self.section = match line {
                "[QueryStringParams]" | "[Query]" => HurlSection::Query,
                "[FormParams]" | "[Form]" => HurlSection::Form,
                "[MultipartFormData]" | "[Multipart]" => HurlSection::Multipart,
                "[Cookies]" => HurlSection::Cookies,
                "[BasicAuth]" => HurlSection::Basic,
                "[Options]" => HurlSection::Options,
                "[Captures]" => HurlSection::Captures,
                "[Asserts]" => HurlSection::Asserts,
                _ => {
                    request.lose(format!("line {number}: the section is not known"));
                    HurlSection::Options
                }
            };
            return 1;
        }
        let is_body = line.starts_with(['{', '[', '<', '`'])
            || line.starts_with("file,")
            || line.starts_with("base64,")
            || line.starts_with("hex,");
        if is_body && !matches!(self.section, HurlSection::Captures | HurlSection::Asserts) {
            return self.read_body(lines, number, request);
        }
        self.read_pair(line, number, request);
        1
    }

    fn read_pair(&self, line: &str, number: usize, request: &mut CollectionRequest) {
        if self.section == HurlSection::Asserts {
            match assertion(line) {
                Some(assertion) => request.assertions.push(assertion),
                None => request.lose(format!("line {number}: the assert")),
            }
            return;
        }
        let Some((name, value)) = line.split_once(':') else {
            request.lose(format!("line {number}: it has no `:`"));
            return;
        };
        let (name, value) = (name.trim(), value.trim());
        let text = ForeignText::parse(value);
        match self.section {
            HurlSection::Headers => request.headers.push(CollectionField::new(name, text)),
            HurlSection::Query => request.query.push(CollectionField::new(name, text)),
            HurlSection::Form => match &mut request.body {
                CollectionBody::Form(fields) => fields.push(CollectionField::new(name, text)),
                body => *body = CollectionBody::Form(vec![CollectionField::new(name, text)]),
            },
            HurlSection::Multipart => {
                let part = multipart_part(name, value);
                match &mut request.body {
                    CollectionBody::Multipart(parts) => parts.push(part),
                    body => *body = CollectionBody::Multipart(vec![part]),
                }
            }
            HurlSection::Cookies => {
                let mut cookie = ForeignText::literal(format!("{name}="));
                cookie.extend(text);
                request.headers.push(CollectionField::new("cookie", cookie));
            }
            HurlSection::Basic => {
                request.auth = CollectionAuth::Basic {
                    user: ForeignText::parse(name),
                    password: text,
                };
            }
            HurlSection::Options if name == "location" => {
                request.follows_redirects = value == "true";
            }
            HurlSection::Options => {
                request.lose(format!("line {number}: the option `{}`", short(name)));
            }
            HurlSection::ResponseHeaders => {
                let value = Value::from(template_of(&text));
                request
                    .assertions
                    .push((format!("header.{}", name.to_ascii_lowercase()), value));
            }
            HurlSection::Captures => match capture_subject(value) {
                Some(subject) => request.captures.push((name.to_owned(), subject)),
                None => request.lose(format!("line {number}: the capture `{}`", short(name))),
            },
            HurlSection::Asserts => {}
        }
    }

    /// A body goes to the end of its brackets, its fence, or its paragraph.
    fn read_body(&self, lines: &[&str], number: usize, request: &mut CollectionRequest) -> usize {
        let first = lines[0].trim();
        let (text, count, kind) = if let Some(kind) = first.strip_prefix("```") {
            // A fence that is not closed goes to the end of the file.
            let end = lines
                .iter()
                .skip(1)
                .position(|line| line.trim_end().ends_with("```"))
                .map_or(lines.len(), |at| at + 1);
            (
                lines[1..end].join("\n"),
                (end + 1).min(lines.len()),
                kind.trim().to_owned(),
            )
        } else if first.starts_with(['{', '[', '<']) {
            let end = body_end(lines);
            (lines[..end].join("\n"), end, String::new())
        } else {
            (first.trim_matches('`').to_owned(), 1, String::new())
        };
        if self.section == HurlSection::ResponseHeaders {
            request.lose(format!(
                "line {number}: the whole body of the response as an assert"
            ));
            return count.max(1);
        }
        if let Some(path) = first.strip_prefix("file,") {
            request.body = CollectionBody::File(path.trim_end_matches(';').trim().to_owned());
            return 1;
        }
        if first.starts_with("base64,") || first.starts_with("hex,") {
            request.lose(format!("line {number}: the body of bytes"));
            return 1;
        }
        let media_type = match kind.as_str() {
            "json" | "graphql" => Some("application/json"),
            "xml" => Some("application/xml"),
            _ if first.starts_with(['{', '[']) => Some("application/json"),
            _ if first.starts_with('<') => Some("application/xml"),
            _ => None,
        };
        request.body = CollectionBody::Text {
            text: ForeignText::parse(&text),
            media_type: media_type.map(str::to_owned),
        };
        count.max(1)
    }
}

/// The line behind the last one of a body: a response, a request or a section follows.
fn body_end(lines: &[&str]) -> usize {
    let is_next = |line: &&str| {
        status_of(line).is_some()
            || request_line(line).is_some()
            || matches!(line.trim(), "[Captures]" | "[Asserts]" | "[Options]")
    };
    lines
        .iter()
        .skip(1)
        .position(is_next)
        .map_or(lines.len(), |at| at + 1)
}

fn short(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_control())
        .take(40)
        .collect()
}

fn multipart_part(name: &str, value: &str) -> CollectionPart {
    let (content, media_type) = match value.strip_prefix("file,") {
        Some(rest) => {
            let (path, kind) = rest.split_once(';').unwrap_or((rest, ""));
            (
                CollectionPartContent::File(path.trim().to_owned()),
                Some(kind.trim().to_owned()).filter(|kind| !kind.is_empty()),
            )
        }
        None => (CollectionPartContent::Text(ForeignText::parse(value)), None),
    };
    CollectionPart {
        name: name.to_owned(),
        content,
        filename: None,
        media_type,
        is_disabled: false,
    }
}

fn template_of(text: &ForeignText) -> String {
    // A variable of an assert has no place in the scope of the response.
    TemplateSource::literal(text.as_literal().unwrap_or_default()).to_source()
}

/// What a query looks at, and the rest of the line.
fn subject(text: &str) -> Option<(String, &str)> {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let quoted = || {
        let rest = rest.trim_start().strip_prefix('"')?;
        let end = rest.find('"')?;
        Some((&rest[..end], rest[end + 1..].trim_start()))
    };
    match kind {
        "status" => Some(("status".to_owned(), rest)),
        "body" => Some(("body".to_owned(), rest)),
        "duration" => Some(("latency".to_owned(), rest)),
        "jsonpath" => {
            let (path, rest) = quoted()?;
            JsonPath::parse(path).ok()?;
            Some((path.to_owned(), rest))
        }
        "header" => {
            let (name, rest) = quoted()?;
            Some((format!("header.{}", name.to_ascii_lowercase()), rest))
        }
        "cookie" => {
            let (name, rest) = quoted()?;
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
                .then(|| (format!("cookie.{name}"), rest))
        }
        "xpath" => {
            let (path, rest) = quoted()?;
            path.starts_with('/').then(|| (path.to_owned(), rest))
        }
        _ => None,
    }
}

fn capture_subject(text: &str) -> Option<String> {
    let (subject, rest) = subject(text)?;
    (rest.is_empty() && subject != "status").then_some(subject)
}

/// A query, `count` and a predicate.
fn assertion(line: &str) -> Option<(String, Value)> {
    let line = line.split(" #").next().unwrap_or(line).trim();
    let (subject, rest) = subject(line)?;
    let (is_count, rest) = match rest.strip_prefix("count") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, rest),
    };
    let (is_not, rest) = match rest.strip_prefix("not ") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, rest),
    };
    let (word, operand) = rest.split_once(' ').unwrap_or((rest, ""));
    let literal = || literal(operand.trim());
    let map = |name: &str, value: Value| Value::Object(vec![(name.into(), value)]);
    let mut expected = match word {
        "==" | "equals" => literal()?,
        "!=" | "notEquals" => map("not", literal()?),
        ">" | "greaterThan" => map("above", literal()?),
        ">=" | "greaterThanOrEquals" => map("at_least", literal()?),
        "<" | "lessThan" => map("below", literal()?),
        "<=" | "lessThanOrEquals" => map("at_most", literal()?),
        "contains" | "includes" => map("contains", literal()?),
        "startsWith" => map("starts_with", literal()?),
        "endsWith" => map("ends_with", literal()?),
        "matches" => map(
            "matches",
            Value::from(operand.trim().trim_matches(['/', '"'])),
        ),
        "exists" => map("exists", Value::from(!is_not)),
        "isString" => map("type", Value::from("string")),
        "isBoolean" => map("type", Value::from("boolean")),
        "isInteger" => map("type", Value::from("integer")),
        "isCollection" | "isList" => map("type", Value::from("array")),
        "isEmpty" => map("length", Value::from(0)),
        _ => return None,
    };
    if subject == "latency" {
        return None;
    }
    if is_count {
        expected = map("length", expected);
    }
    if is_not && word != "exists" {
        expected = map("not", expected);
    }
    Some((subject, expected))
}

/// A text, a number, `true`, `false` or `null`. A variable of Hurl is none.
fn literal(text: &str) -> Option<Value> {
    if text.contains("{{") {
        return None;
    }
    match value::parse(text.as_bytes()).ok()? {
        Value::String(text) => Some(Value::from(
            TemplateSource::literal(text.as_str()).to_source(),
        )),
        value @ (Value::Number(_) | Value::Bool(_) | Value::Null) => Some(value),
        _ => None,
    }
}
