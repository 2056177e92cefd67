//! Bodies as text for people.

use crate::secret::{RedactedText, Redactor};

/// The longest a whole body is shown in a report, in characters.
const MAX_SHOWN_BODY: usize = 4_096;

/// A body for people: JSON over several lines, text as it is, anything else by its size.
pub(super) fn body_text(body: &[u8]) -> String {
    match (crate::value::parse(body), std::str::from_utf8(body)) {
        (Ok(value), _) => value.to_pretty_json(),
        (Err(_), Ok(text)) => text.to_owned(),
        (Err(_), Err(_)) => format!("({} bytes that are not text)", body.len()),
    }
}

/// Secrets go first, and only then is a long text cut: half a secret could not be recognised any
/// more.
pub(super) fn redacted_text(text: &str, redactor: &mut Redactor) -> RedactedText {
    let whole = redactor.redact(text);
    match whole.char_indices().nth(MAX_SHOWN_BODY) {
        Some((cut, _)) => redactor.redact_for_display(&format!(
            "{}\n… ({} bytes in all)",
            &whole[..cut],
            text.len()
        )),
        None => redactor.redact_for_display(&whole),
    }
}
