//! From a response to the text of its snapshot. It masks values that change from run to run, and
//! redacts secrets. Personal data was removed from the response before.

use super::error::SnapshotError;
use crate::jsonpath::{JsonPath, replace_matches};
use crate::value::Value;
use crate::wire::WireResponse;
use sha2::{Digest, Sha256};

/// Replaces a masked value.
const MASK_PLACEHOLDER: &str = "[masked]";

/// Redacts the secrets in a text.
pub(super) type RedactFn<'h> = dyn Fn(&str) -> String + 'h;

/// The status, an empty line, and the body: JSON over several lines with its masks, text as it is,
/// anything else by its size and hash.
///
/// # Errors
/// When a mask looks at too many places.
pub(crate) fn snapshot_content(
    answer: &WireResponse,
    masks: &[&JsonPath],
    hide: &RedactFn<'_>,
) -> Result<String, SnapshotError> {
    let body = snapshot_body(answer, masks, hide)?;
    let text = format!("HTTP {}\n\n{}", answer.status, body.replace("\r\n", "\n"));
    // A body that is not JSON was not redacted yet.
    Ok(hide(text.trim_end()))
}

fn snapshot_body(
    answer: &WireResponse,
    masks: &[&JsonPath],
    hide: &RedactFn<'_>,
) -> Result<String, SnapshotError> {
    Ok(match (answer.json(), answer.text()) {
        // Masks first: a path must see the values as the marketplace sent them.
        (Ok(value), _) => {
            redact_value(&apply_masks(&value.to_value(), masks)?, hide).to_pretty_json()
        }
        // A NUL byte can be valid UTF-8, but git and editors take such a file for a binary one.
        (Err(_), Ok(text)) if !text.contains('\0') => text.to_owned(),
        _ => format!(
            "({} bytes, sha256 {})",
            answer.body().len(),
            hex::encode(Sha256::digest(answer.body()))
        ),
    })
}

fn apply_masks(value: &Value, masks: &[&JsonPath]) -> Result<Value, SnapshotError> {
    replace_matches(value, masks.iter().copied(), &mut |_| {
        Value::from(MASK_PLACEHOLDER)
    })
    .map_err(SnapshotError::from)
}

/// Redacts each text before JSON escapes it, because a text of the response can hold JSON itself.
fn redact_value(value: &Value, hide: &RedactFn<'_>) -> Value {
    match value {
        Value::String(text) => Value::from(hide(text)),
        Value::List(items) => {
            Value::List(items.iter().map(|item| redact_value(item, hide)).collect())
        }
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| (hide(name).into(), redact_value(member, hide)))
                .collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;
    use std::time::Duration;

    fn text(status: u16, body: &[u8], masks: &[&str]) -> String {
        let answer = WireResponse::new(status, Vec::new(), body.to_vec().into(), Duration::ZERO);
        let masks: Vec<JsonPath> = masks
            .iter()
            .map(|mask| JsonPath::parse(mask).unwrap())
            .collect();
        snapshot_content(&answer, &masks.iter().collect::<Vec<_>>(), &str::to_owned).unwrap()
    }

    #[test]
    fn every_kind_of_body_has_a_text() {
        assert_eq!(
            text(200, br#"{"b":1.10,"a":[]}"#, &[]),
            "HTTP 200\n\n{\n  \"b\": 1.10,\n  \"a\": []\n}"
        );
        assert_eq!(text(204, b"", &[]), "HTTP 204");
        assert_eq!(
            text(500, b"<html>\r\n</html>\n", &[]),
            "HTTP 500\n\n<html>\n</html>"
        );
        assert!(
            text(200, b"\xff\xd8", &[]).starts_with("HTTP 200\n\n(2 bytes, sha256 "),
            "not UTF-8"
        );
        assert!(
            text(200, b"a\0b", &[]).starts_with("HTTP 200\n\n(3 bytes, sha256 "),
            "no text"
        );
    }

    #[test]
    fn what_varies_is_masked_wherever_a_path_finds_it() {
        let body =
            br#"{"id":"x","list":[{"url":"a","n":1},{"url":null,"n":2}],"deep":{"url":{"x":1}}}"#;
        let text = text(200, body, &["$.id", "$..url", "$.not.there", "$.list[1]"]);
        let value = value::parse(text.split_once("\n\n").unwrap().1.as_bytes()).unwrap();
        let wanted = br#"{"id":"[masked]","list":[{"url":"[masked]","n":1},"[masked]"],"deep":{"url":"[masked]"}}"#;
        assert_eq!(value, value::parse(wanted).unwrap());
    }
}
