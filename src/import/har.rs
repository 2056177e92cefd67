//! HAR 1.2: a whole file, its `log`, one entry, or one request of it.

use super::curl_body;
use super::http_method::read_method;
use super::import_error::ImportError;
use super::imported_request::{ImportFormat, ImportedRequest};
use super::raw_http::split_address;
use super::source_text::ImportSource;
use super::text_place::TextPlace;
use crate::value::{self, Value};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;

/// Every request of the file, in order.
///
/// # Errors
/// When it is no JSON, no HAR, or has no entry.
pub(super) fn read(source: &ImportSource) -> Result<Vec<ImportedRequest>, ImportError> {
    let json = value::parse(source.text().trim_start().as_bytes()).map_err(|error| {
        ImportError::new(format!(
            "the text begins like JSON, but is not valid JSON: {error}"
        ))
        .hint("pass the whole file, or one entry of it")
    })?;
    let entries = entries_of(&json).ok_or_else(|| {
        ImportError::new("the JSON is not HAR: it has neither `log.entries` nor `request`").hint(
            "save the requests of the browser with *Save all as HAR*, or copy one of them as cURL (bash)",
        )
    })?;
    if entries.is_empty() {
        return Err(ImportError::new("`log.entries` is empty")
            .hint("record while the network tab is open, then save again"));
    }
    let numbered = entries.iter().enumerate();
    numbered
        .map(|(at, entry)| read_entry(entry, at + 1))
        .collect()
}

fn entries_of(json: &Value) -> Option<Vec<&Value>> {
    let log = json.get("log").unwrap_or(json);
    if let Some(entries) = log.get("entries").and_then(Value::as_list) {
        return Some(entries.iter().collect());
    }
    if json.get("request").is_some() || json.get("method").is_some() && json.get("url").is_some() {
        return Some(vec![json]);
    }
    let list = json.as_list()?;
    let all = list.iter().all(|entry| entry.get("request").is_some());
    all.then(|| list.iter().collect())
}

fn read_entry(entry: &Value, number: usize) -> Result<ImportedRequest, ImportError> {
    let request = entry.get("request").unwrap_or(entry);
    let fault = |reason: &str| ImportError::new(format!("entry {number}: {reason}"));
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    // The text has no place: a tree of JSON keeps none.
    let nowhere = TextPlace { line: 1, column: 1 };
    let unplaced = |error: ImportError| ImportError {
        place: None,
        reason: format!("entry {number}: {}", error.reason),
        hint: error.hint,
    };
    let name = text("method").ok_or_else(|| fault("`request.method` is missing"))?;
    let method = read_method(name, nowhere).map_err(unplaced)?;
    let url = text("url").ok_or_else(|| fault("`request.url` is missing"))?;
    let (origin, target) = split_address(url, nowhere).map_err(unplaced)?;
    if origin.is_none() {
        return Err(fault("`request.url` has no host"));
    }
    let mut notes = Vec::new();
    let headers = headers_of(request)
        .ok_or_else(|| fault("`request.headers` is not a list of names and values"))?;
    let body =
        body_of(request, &mut notes).ok_or_else(|| fault("`request.postData` is malformed"))?;
    check_size(request, &body, &mut notes);
    Ok(ImportedRequest {
        format: ImportFormat::Har,
        method,
        origin,
        target,
        headers,
        body,
        sent_at_ms: entry
            .get("startedDateTime")
            .and_then(Value::as_str)
            .and_then(|time| time.parse::<jiff::Timestamp>().ok())
            .map(jiff::Timestamp::as_millisecond),
        notes,
    })
}

fn headers_of(request: &Value) -> Option<Vec<(String, String)>> {
    let mut headers = Vec::new();
    let Some(list) = request.get("headers") else {
        return Some(headers);
    };
    for header in list.as_list()? {
        let (name, value) = (
            header.get("name")?.as_str()?,
            header.get("value")?.as_str()?,
        );
        // HTTP/2 sends the host and the target as headers.
        match name.strip_prefix(':') {
            Some("authority") => headers.push(("Host".to_owned(), value.to_owned())),
            Some(_) => {}
            None => headers.push((name.to_owned(), value.trim().to_owned())),
        }
    }
    Some(headers)
}

fn body_of(request: &Value, notes: &mut Vec<String>) -> Option<Bytes> {
    let Some(post) = request.get("postData").filter(|post| !post.is_null()) else {
        return Some(Bytes::new());
    };
    post.as_object()?;
    if let Some(text) = post
        .get("text")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
    {
        let is_base64 = post.get("encoding").and_then(Value::as_str) == Some("base64");
        return if is_base64 {
            BASE64_STANDARD.decode(text).ok().map(Bytes::from)
        } else {
            Some(text.to_owned().into())
        };
    }
    let params = post
        .get("params")
        .and_then(Value::as_list)
        .unwrap_or_default();
    if params.is_empty() {
        return Some(Bytes::new());
    }
    notes.push(
        "the entry has the parameters of the body, but not its text: ingam encodes them again, perhaps differently"
            .to_owned(),
    );
    let mut pairs = Vec::new();
    for param in params {
        let name = param.get("name")?.as_str()?;
        let value = param
            .get("value")
            .and_then(Value::as_str)
            .unwrap_or_default();
        pairs.push(format!("{name}={}", curl_body::encode(value.as_bytes())));
    }
    Some(pairs.join("&").into())
}

/// Browsers leave bodies out that are large or no text.
fn check_size(request: &Value, body: &Bytes, notes: &mut Vec<String>) {
    let said = request
        .get("bodySize")
        .and_then(Value::to_plain_text)
        .and_then(|size| size.parse::<usize>().ok());
    if let Some(said) = said.filter(|said| *said > 0 && *said != body.len()) {
        notes.push(format!(
            "the body has {} bytes, but `bodySize` is {said}: the file does not contain the sent body",
            body.len()
        ));
    }
}
