//! Bodies and kinds of values as text for reports.

use crate::redact::{OutputRedactor, RedactedText};
use crate::value::{JsonDocument, JsonRef, Value, text_prefix};
use crate::wire::decode_body;
use bytes::Bytes;

/// The most of a body that a report shows, in characters.
const MAX_SHOWN_BODY: usize = 4_096;

/// How much of a body is printed and redacted for that, in bytes. What is shown takes a quarter of
/// it at most, and the rest is longer than any token in any encoding, so that a secret that begins
/// in what is shown is recognised as a whole.
const MAX_READ_BODY: usize = 64 * 1_024;

/// A body as text, or the beginning of a long one.
pub(super) struct BodyText {
    pub(super) text: String,
    /// The length of the whole, in bytes.
    len: usize,
}

/// A body for a report: JSON over several lines, text unchanged, anything else as its size.
pub(super) fn body_text(content_type: Option<&str>, body: &Bytes) -> BodyText {
    // A body that is not what it says is shown by its size.
    let decoded = decode_body(content_type, body).unwrap_or_else(|_| body.clone());
    // Of two members with one name both are shown: the response is what went wrong.
    let text = match (JsonDocument::parse(&decoded), std::str::from_utf8(&decoded)) {
        (Ok(document), _) => JsonRef::from(document.root()).to_pretty_json_prefix(MAX_READ_BODY),
        (Err(_), Ok(text)) => text_prefix(text, MAX_READ_BODY).to_owned(),
        (Err(_), Err(_)) => format!("({} bytes of binary data)", body.len()),
    };
    let is_whole = text.len() < MAX_READ_BODY;
    BodyText {
        len: if is_whole { text.len() } else { body.len() },
        text,
    }
}

impl From<String> for BodyText {
    fn from(text: String) -> Self {
        Self {
            len: text.len(),
            text,
        }
    }
}

/// Redacts a text, then truncates it. In the other order, the redactor would not recognise a secret
/// that is cut in two.
pub(super) fn redacted_text(text: &str, redactor: &mut OutputRedactor<'_>) -> RedactedText {
    let redacted = redactor.redact(text);
    truncated(&redacted, text.len(), redactor)
}

/// The head and the body of a message, redacted one by one, so that a body of JSON stays JSON.
pub(super) fn redacted_message(
    head: &str,
    body: &BodyText,
    redactor: &mut OutputRedactor<'_>,
) -> RedactedText {
    let separator = if body.text.is_empty() { "" } else { "\n" };
    let redacted = format!(
        "{}{separator}{}",
        redactor.redact(head),
        redactor.redact(&body.text)
    );
    truncated(&redacted, head.len() + separator.len() + body.len, redactor)
}

fn truncated(redacted: &str, len: usize, redactor: &mut OutputRedactor<'_>) -> RedactedText {
    // By characters: a cut inside of one would not be text.
    match redacted.char_indices().nth(MAX_SHOWN_BODY) {
        Some((cut, _)) => {
            redactor.redact_for_display(&format!("{}\n… ({} bytes in all)", &redacted[..cut], len))
        }
        None => redactor.redact_for_display(redacted),
    }
}

/// The kind of a value, for messages.
#[must_use]
pub(super) fn kind_text(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "`true` or `false`",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
    }
}
