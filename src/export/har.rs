//! HAR 1.2 with one entry: the request, and no response.

use super::secret_text::{NamedSecrets, SecretText, SecretTextError};
use crate::value::{ObjectMember, Value};
use crate::wire::{WireRequest, parse_form};
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// The document; a variable's name stands in the place of each secret, and the comment of the entry
/// lists them. `sent_at` is in the form of RFC 3339.
///
/// # Errors
/// When a text cannot be taken apart.
pub(crate) fn har(
    wire: &WireRequest,
    sent_at: &str,
    split: &mut dyn FnMut(&str) -> Result<SecretText, SecretTextError>,
    variable: &dyn Fn(&str) -> String,
) -> Result<String, SecretTextError> {
    let mut secrets = NamedSecrets {
        split,
        variable,
        written: str::to_owned,
        names: Vec::new(),
    };
    let url = secrets.show(wire.url().as_str())?;
    let pairs: Vec<(String, String)> = url
        .split_once('?')
        .map_or_else(Vec::new, |(_, query)| parse_form(query));
    let query = pairs
        .into_iter()
        .map(|(name, value)| named(&name, &value))
        .collect();
    let mut headers = Vec::new();
    for (name, value) in wire.headers() {
        headers.push(named(name, &secrets.show(value)?));
    }
    let mut request = vec![
        text("method", wire.method().name()),
        text("url", &url),
        text("httpVersion", "HTTP/1.1"),
        ("cookies".into(), Value::List(Vec::new())),
        ("headers".into(), Value::List(headers)),
        ("queryString".into(), Value::List(query)),
    ];
    if !wire.body().is_empty() {
        request.push(("postData".into(), post_data(wire, &mut secrets)?));
    }
    request.push(("headersSize".into(), (-1_i64).into()));
    request.push(("bodySize".into(), body_size(wire).into()));
    let mut entry = vec![
        text("startedDateTime", sent_at),
        ("time".into(), 0_i64.into()),
        ("request".into(), Value::Object(request)),
        ("response".into(), no_response()),
        ("cache".into(), Value::Object(Vec::new())),
        ("timings".into(), timings()),
    ];
    if !secrets.names.is_empty() {
        let comment = format!(
            "secrets are replaced by their names: {}",
            secrets.names.join(", ")
        );
        entry.push(text("comment", &comment));
    }
    let creator = vec![
        text("name", "ingam"),
        text("version", env!("CARGO_PKG_VERSION")),
    ];
    let log = vec![
        text("version", "1.2"),
        ("creator".into(), Value::Object(creator)),
        ("entries".into(), Value::List(vec![Value::Object(entry)])),
    ];
    Ok(Value::Object(vec![("log".into(), Value::Object(log))]).to_pretty_json())
}

fn post_data(wire: &WireRequest, secrets: &mut NamedSecrets<'_>) -> Result<Value, SecretTextError> {
    let mut post = vec![text("mimeType", wire.content_type().unwrap_or_default())];
    if let Ok(body) = std::str::from_utf8(wire.body()) {
        post.push(text("text", &secrets.show(body)?));
    } else {
        post.push(text("text", &BASE64_STANDARD.encode(wire.body())));
        // Not of HAR 1.2; the tools that write binary bodies spell it so, as for responses.
        post.push(text("encoding", "base64"));
    }
    Ok(Value::Object(post))
}

/// What a name hides would change the size, so it is that of what is sent.
fn body_size(wire: &WireRequest) -> i64 {
    i64::try_from(wire.body().len()).unwrap_or(-1)
}

fn text(name: &str, value: &str) -> ObjectMember {
    (name.into(), value.into())
}

fn named(name: &str, value: &str) -> Value {
    Value::Object(vec![text("name", name), text("value", value)])
}

/// The format asks for a response, and status 0 says that there was none.
fn no_response() -> Value {
    let content = vec![("size".into(), 0_i64.into()), text("mimeType", "x-unknown")];
    let list = || Value::List(Vec::new());
    Value::Object(vec![
        ("status".into(), 0_i64.into()),
        text("statusText", ""),
        text("httpVersion", "HTTP/1.1"),
        ("cookies".into(), list()),
        ("headers".into(), list()),
        ("content".into(), Value::Object(content)),
        text("redirectURL", ""),
        ("headersSize".into(), (-1_i64).into()),
        ("bodySize".into(), (-1_i64).into()),
    ])
}

fn timings() -> Value {
    let parts = ["send", "wait", "receive"];
    Value::Object(parts.map(|part| (part.into(), 0_i64.into())).to_vec())
}
