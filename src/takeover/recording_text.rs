//! Examples as recordings: what a saved response answers, in the form of `fixtures/recordings`.

use super::address::SplitAddress;
use super::body::map_scalars;
use super::credentials::is_flag;
use super::secret_texts::{hidden_response_text, hide_response_secrets};
use super::texts::RequestTexts;
use crate::import::{
    CollectionBody, CollectionExample, CollectionField, CollectionPartContent, CollectionRequest,
    ExampleBody, ForeignText, ImportLoss,
};
use crate::request_file::{DocumentBody, RequestDocument};
use crate::value::{self, ObjectMember, Value};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use std::collections::HashSet;

/// Deeper JSON of a response is kept as text.
const MAX_DEPTH: usize = 48;
/// Headers that say something about a response that somebody could use.
const HEADERS: [&str; 5] = ["content-type", "location", "link", "retry-after", "etag"];

const UNSEARCHABLE: &str = "it cannot be searched for credentials";

/// The requests that a recording answers already: two files that answer one request differently
/// contradict each other.
#[derive(Default)]
pub(super) struct RecordedRequests {
    seen: HashSet<String>,
}

/// The recording of a request; `None` without an example that can be one.
pub(super) fn recording(
    request: &CollectionRequest,
    address: &SplitAddress,
    document: &RequestDocument,
    texts: &mut RequestTexts<'_, '_>,
    recorded: &mut RecordedRequests,
    losses: &mut Vec<ImportLoss>,
) -> Option<Value> {
    if request.examples.is_empty() {
        return None;
    }
    let lose = |what: String| ImportLoss {
        place: request.place.clone(),
        what,
    };
    let Some(recorded_request) = recorded_request(request, address, document, texts) else {
        losses.push(lose(format!(
            "{} of responses: a recording cannot hold the request",
            plural(request.examples.len())
        )));
        return None;
    };
    let key = format!("{}{}", document.scheme, recorded_request.to_json());
    let mut examples: Vec<&CollectionExample> = request.examples.iter().collect();
    // The first one answers, so it is one of success.
    examples.sort_by_key(|example| {
        !example
            .status
            .is_some_and(|status| (200..300).contains(&status))
    });
    let mut exchanges = Vec::new();
    for example in examples {
        match response(example) {
            Ok(response) => exchanges.push(Value::Object(vec![
                ("request".into(), recorded_request.clone()),
                ("response".into(), response),
            ])),
            Err(reason) => losses.push(lose(format!(
                "the example `{}`: {reason}",
                short(&example.name)
            ))),
        }
    }
    if exchanges.is_empty() {
        return None;
    }
    if !recorded.seen.insert(key) {
        losses.push(lose(
            "the examples: another request of this file is the same and has examples".to_owned(),
        ));
        return None;
    }
    Some(Value::Object(vec![
        ("format".into(), Value::from(1)),
        ("scheme".into(), Value::from(document.scheme.as_str())),
        ("exchanges".into(), Value::List(exchanges)),
    ]))
}

fn plural(count: usize) -> String {
    if count == 1 {
        "1 example".to_owned()
    } else {
        format!("{count} examples")
    }
}

fn short(name: &str) -> String {
    name.chars()
        .take(60)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

fn recorded_request(
    request: &CollectionRequest,
    address: &SplitAddress,
    document: &RequestDocument,
    texts: &mut RequestTexts<'_, '_>,
) -> Option<Value> {
    // The whole target stands in the path where the query does, and placeholders cannot.
    let path = if document.path.contains('?') {
        if document.path.contains("{{") {
            return None;
        }
        document.path.clone()
    } else {
        super::address::encoded(&texts.recorded(&address.path), "<>‹›")
    };
    let mut members: Vec<ObjectMember> = vec![(document.method.key().into(), Value::from(path))];
    let query = recorded_fields(&request.query, texts);
    let has_query = query.as_object().is_some_and(|query| !query.is_empty());
    if has_query && !document.path.contains('?') {
        members.push(("query".into(), query));
    }
    let body = match (&document.body, &request.body) {
        (DocumentBody::None, _) => None,
        (DocumentBody::Json(_), CollectionBody::Text { text, .. }) => {
            let marked = text.marked()?;
            let json = value::parse(marked.trim().as_bytes()).ok()?;
            Some(("json", recorded_json(&json, text, texts)))
        }
        (DocumentBody::Json(_), CollectionBody::Json(json)) => {
            let whole = ForeignText::default();
            Some(("json", recorded_json(json, &whole, texts)))
        }
        (DocumentBody::Form(_), CollectionBody::Form(fields)) => {
            Some(("form", recorded_fields(fields, texts)))
        }
        (DocumentBody::Text(_), CollectionBody::Text { text, .. }) => {
            let hidden = texts.hidden_within(text);
            Some(("text", Value::from(texts.recorded(&hidden))))
        }
        (DocumentBody::Multipart(_), CollectionBody::Multipart(parts)) => {
            let is_text =
                |content: &CollectionPartContent| matches!(content, CollectionPartContent::Text(_));
            if !parts.iter().all(|part| {
                is_text(&part.content) && part.media_type.is_none() && part.filename.is_none()
            }) {
                return None;
            }
            let fields = parts.iter().filter_map(|part| match &part.content {
                CollectionPartContent::Text(text) => Some(CollectionField {
                    is_disabled: part.is_disabled,
                    ..CollectionField::new(part.name.clone(), text.clone())
                }),
                CollectionPartContent::File(_) => None,
            });
            Some((
                "multipart",
                recorded_fields(&fields.collect::<Vec<_>>(), texts),
            ))
        }
        _ => return None,
    };
    if let Some((key, body)) = body {
        members.push((key.into(), body));
    }
    Some(Value::Object(members))
}

fn recorded_json(json: &Value, whole: &ForeignText, texts: &mut RequestTexts<'_, '_>) -> Value {
    let mut recorded = |name: Option<&str>, value: &Value| match value {
        Value::String(text) => {
            let hidden = texts.hidden(name.unwrap_or_default(), &whole.unmark(text));
            Value::from(texts.recorded(&hidden))
        }
        Value::Null | Value::Bool(_) => value.clone(),
        number => match name {
            Some(name) if !is_flag(&number.to_text()) => {
                let label = texts.secret_label(name, &number.to_text());
                Value::from(format!("‹secret.{label}›"))
            }
            _ => number.clone(),
        },
    };
    map_scalars(json, None, &mut recorded)
}

fn recorded_fields(fields: &[CollectionField], texts: &mut RequestTexts<'_, '_>) -> Value {
    let mut members: Vec<ObjectMember> = Vec::new();
    for field in fields
        .iter()
        .filter(|field| !field.is_disabled && field.name != "<<")
    {
        let text = field
            .value
            .as_ref()
            .map(|value| {
                let hidden = texts.hidden(&field.name, value);
                texts.recorded(&hidden)
            })
            .unwrap_or_default();
        let value = Value::from(text);
        match members
            .iter_mut()
            .find(|(name, _)| name.as_str() == field.name)
        {
            None => members.push((field.name.as_str().into(), value)),
            Some((_, Value::List(values))) => values.push(value),
            Some((_, known)) => *known = Value::List(vec![std::mem::take(known), value]),
        }
    }
    Value::Object(members)
}

/// # Errors
/// Why no response can be made of it.
fn response(example: &CollectionExample) -> Result<Value, &'static str> {
    let status = example.status.ok_or("it has no status")?;
    if !(200..600).contains(&status) {
        return Err("its status is not the status of a final response");
    }
    let mut members: Vec<ObjectMember> = vec![("status".into(), Value::from(i64::from(status)))];
    let mut headers: Vec<ObjectMember> = Vec::new();
    for (name, value) in &example.headers {
        let name = name.trim().to_ascii_lowercase();
        let is_kept =
            HEADERS.contains(&name.as_str()) && !headers.iter().any(|(known, _)| *known == name);
        let value = hidden_response_text(value.trim()).ok_or(UNSEARCHABLE)?;
        if is_kept && !value.is_empty() && !value.chars().any(char::is_control) {
            headers.push((name.into(), Value::from(value)));
        }
    }
    if !headers.is_empty() {
        members.push(("headers".into(), Value::Object(headers)));
    }
    members.extend(response_body(&example.body)?);
    Ok(Value::Object(members))
}

fn response_body(body: &ExampleBody) -> Result<Option<ObjectMember>, &'static str> {
    let json = |mut value: Value| {
        hide_response_secrets(&mut value, None);
        ("json".into(), value)
    };
    Ok(match body {
        ExampleBody::None => None,
        ExampleBody::Text(text) => match value::parse(text.trim().as_bytes()) {
            Ok(value) if is_writable(&value) => Some(json(value)),
            _ if text.is_empty() => None,
            _ if text.contains('\0') => return Err("its body has a NUL character"),
            _ => {
                let hidden = hidden_response_text(text).ok_or(UNSEARCHABLE)?;
                Some(("text".into(), Value::from(hidden)))
            }
        },
        ExampleBody::Base64(text) => {
            let text: String = text.split_whitespace().collect();
            let bytes = BASE64_STANDARD
                .decode(&text)
                .map_err(|_| "its body is not base64")?;
            match String::from_utf8(bytes) {
                Ok(text) => response_body(&ExampleBody::Text(text))?,
                Err(_) => Some(("base64".into(), Value::from(text))),
            }
        }
    })
}

/// Whether a file can hold it as YAML.
fn is_writable(value: &Value) -> bool {
    fn has_merge_key(value: &Value) -> bool {
        match value {
            Value::List(items) => items.iter().any(has_merge_key),
            Value::Object(members) => members
                .iter()
                .any(|(name, value)| name == "<<" || has_merge_key(value)),
            _ => false,
        }
    }
    super::body::depth(value) <= MAX_DEPTH && !has_merge_key(value)
}
