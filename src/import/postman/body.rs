//! The body of an item, by its mode.

use super::super::collection::{
    CollectionBody, CollectionPart, CollectionPartContent, CollectionRequest, ForeignText,
};
use super::values::{is_disabled, plain_text, read_field, text_of};
use crate::value::{self, Value};

pub(super) fn read(body: Option<&Value>, request: &mut CollectionRequest) {
    let Some(body) = body.filter(|body| !body.is_null() && !is_disabled(body)) else {
        return;
    };
    if let Some(text) = body.as_str() {
        request.body = raw(text, None);
        return;
    }
    let Some(mode) = body.get("mode").and_then(Value::as_str) else {
        return;
    };
    let content = body.get(mode);
    request.body = match (mode, content) {
        ("raw", Some(text)) => {
            let options = body.get("options").and_then(|options| options.get("raw"));
            let language = options.and_then(|raw| text_of(raw, "language"));
            raw(&plain_text(text).unwrap_or_default(), language.as_deref())
        }
        ("urlencoded", Some(Value::List(fields))) => {
            CollectionBody::Form(fields.iter().filter_map(read_field).collect())
        }
        ("urlencoded", Some(Value::String(text))) => CollectionBody::Text {
            text: ForeignText::parse(text),
            media_type: Some("application/x-www-form-urlencoded".to_owned()),
        },
        ("formdata", Some(Value::List(parts))) => {
            CollectionBody::Multipart(parts.iter().flat_map(read_parts).collect())
        }
        ("graphql", Some(content)) => graphql(content),
        ("file", Some(file)) => {
            let source = file
                .as_str()
                .map(str::to_owned)
                .or_else(|| text_of(file, "src"));
            match text_of(file, "content") {
                Some(text) if source.is_none() => raw(&text, None),
                _ => CollectionBody::File(source.unwrap_or_default()),
            }
        }
        (_, None) => return,
        (other, Some(_)) => {
            let shown: String = other
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(20)
                .collect();
            request.lose(format!("the body of mode `{shown}`"));
            return;
        }
    };
}

fn raw(text: &str, language: Option<&str>) -> CollectionBody {
    let media_type = match language {
        Some("json") => Some("application/json"),
        Some("xml") => Some("application/xml"),
        Some("html") => Some("text/html"),
        Some("javascript") => Some("application/javascript"),
        Some("text") => Some("text/plain"),
        _ => None,
    };
    if text.trim().is_empty() {
        return CollectionBody::None;
    }
    CollectionBody::Text {
        text: ForeignText::parse(text),
        media_type: media_type.map(str::to_owned),
    }
}

/// A part for each file; one without a file is one whose path is not known.
fn read_parts(part: &Value) -> Vec<CollectionPart> {
    let new = |content: CollectionPartContent| CollectionPart {
        name: part.get("key").and_then(plain_text).unwrap_or_default(),
        content,
        filename: text_of(part, "fileName"),
        media_type: text_of(part, "contentType").filter(|kind| !kind.is_empty()),
        is_disabled: is_disabled(part),
    };
    if part.as_object().is_none() {
        return Vec::new();
    }
    if part.get("type").and_then(Value::as_str) != Some("file") {
        let text = part.get("value").and_then(plain_text).unwrap_or_default();
        return vec![new(CollectionPartContent::Text(ForeignText::parse(&text)))];
    }
    let paths: Vec<String> = match part.get("src") {
        Some(Value::String(path)) => vec![path.to_string()],
        Some(Value::List(paths)) if !paths.is_empty() => {
            paths.iter().filter_map(plain_text).collect()
        }
        _ => vec![String::new()],
    };
    paths
        .into_iter()
        .map(|path| new(CollectionPartContent::File(path)))
        .collect()
}

/// A query and its variables are sent as JSON.
fn graphql(content: &Value) -> CollectionBody {
    let query = text_of(content, "query").unwrap_or_default();
    let mut members = vec![("query".into(), Value::from(query))];
    match content.get("variables") {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            if let Ok(variables) = value::parse(text.as_bytes()) {
                members.push(("variables".into(), variables));
            } else {
                members.push(("variables".into(), Value::from(text.clone())));
            }
        }
        Some(variables @ Value::Object(_)) => members.push(("variables".into(), variables.clone())),
        _ => {}
    }
    if let Some(name) = text_of(content, "operationName").filter(|name| !name.is_empty()) {
        members.push(("operationName".into(), Value::from(name)));
    }
    CollectionBody::Text {
        text: ForeignText::parse(&Value::Object(members).to_json()),
        media_type: Some("application/json".to_owned()),
    }
}
