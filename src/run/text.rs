//! Bodies as text for reports.

use crate::redact::{OutputRedactor, RedactedText};
use crate::value::{JsonDocument, JsonRef};
use bytes::Bytes;

/// The most of a body that a report shows, in characters.
const MAX_SHOWN_BODY: usize = 4_096;

/// A body for a report: JSON over several lines, text unchanged, anything else as its size.
pub(super) fn body_text(body: &Bytes) -> String {
    // Of two members with one name both are shown: the response is what went wrong.
    match (JsonDocument::parse(body), std::str::from_utf8(body)) {
        (Ok(document), _) => JsonRef::from(document.root()).to_pretty_json(),
        (Err(_), Ok(text)) => text.to_owned(),
        (Err(_), Err(_)) => format!("({} bytes that are not text)", body.len()),
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
    body: &str,
    redactor: &mut OutputRedactor<'_>,
) -> RedactedText {
    let separator = if body.is_empty() { "" } else { "\n" };
    let redacted = format!(
        "{}{separator}{}",
        redactor.redact(head),
        redactor.redact(body)
    );
    truncated(
        &redacted,
        head.len() + separator.len() + body.len(),
        redactor,
    )
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
