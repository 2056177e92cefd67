//! From a response to the text of its snapshot. It masks values that change from run to run, and
//! redacts secrets. Personal data was removed from the response before.

use super::error::SnapshotError;
use crate::jsonpath::{JsonPath, replace_matches};
use crate::model::value_path::ValuePath;
use crate::value::Value;
use crate::wire::WireResponse;
use crate::xml::{XmlDocument, replace_texts};
use regex::{NoExpand, Regex};
use sha2::{Digest, Sha256};

/// Replaces a masked value.
const MASK_PLACEHOLDER: &str = "[masked]";

/// Redacts the secrets in a text.
pub(super) type RedactFn<'h> = dyn Fn(&str) -> String + 'h;

/// What varies from run to run.
#[derive(Clone, Default)]
pub(crate) struct SnapshotMasks<'m> {
    /// The paths of the scheme, each for those of its responses that are JSON or XML.
    pub(crate) of_scheme: Vec<&'m ValuePath>,
    /// The paths and the patterns of the step.
    pub(crate) paths: Vec<&'m ValuePath>,
    pub(crate) patterns: Vec<&'m Regex>,
}

/// A mask of the step that is for another kind of body than the response has: it masks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaskMismatch {
    /// The mask as it is written.
    pub(crate) mask: String,
    /// What it is for, and what came.
    pub(crate) wanted: &'static str,
    pub(crate) actual: &'static str,
}

/// The kind of body decides how it is shown and which masks it has.
enum SnapshotBody<'b> {
    Json(Value),
    Text(&'b str),
    Binary(&'b [u8]),
}

impl<'b> SnapshotBody<'b> {
    fn of(response: &'b WireResponse) -> Self {
        match (response.json(), response.text()) {
            (Ok(value), _) => Self::Json(value.to_value()),
            // A NUL byte can be valid UTF-8, but git and editors take such a file for a binary one.
            (Err(_), Ok(text)) if !text.contains('\0') => Self::Text(text),
            _ => Self::Binary(response.body()),
        }
    }

    fn description(&self) -> &'static str {
        match self {
            Self::Json(_) => "JSON",
            Self::Text("") => "no body",
            Self::Text(_) => "text",
            Self::Binary(_) => "bytes that are neither JSON nor text",
        }
    }

    fn is_xml(&self) -> bool {
        match self {
            Self::Text(text) => {
                XmlDocument::parse(text.strip_prefix('\u{feff}').unwrap_or(text)).is_ok()
            }
            Self::Json(_) | Self::Binary(_) => false,
        }
    }

    fn render(
        &self,
        masks: &SnapshotMasks<'_>,
        hide: &RedactFn<'_>,
    ) -> Result<String, SnapshotError> {
        Ok(match self {
            // Masks first: a path must see the values as the marketplace sent them.
            Self::Json(value) => {
                let paths = masks.all_paths().filter_map(ValuePath::json);
                redact_value(&apply_masks(value, paths)?, hide).to_pretty_json()
            }
            Self::Text(text) => {
                let paths = masks.all_paths().filter_map(ValuePath::xml);
                let text = replace_texts(text, paths, MASK_PLACEHOLDER)
                    .map_err(|error| SnapshotError::XmlMaskFailed(error.to_string()))?;
                masks.patterns.iter().fold(text, |text, pattern| {
                    pattern
                        .replace_all(&text, NoExpand(MASK_PLACEHOLDER))
                        .into_owned()
                })
            }
            Self::Binary(bytes) => format!(
                "({} bytes, sha256 {})",
                bytes.len(),
                hex::encode(Sha256::digest(bytes))
            ),
        })
    }
}

impl<'m> SnapshotMasks<'m> {
    fn all_paths(&self) -> impl Iterator<Item = &'m ValuePath> {
        self.of_scheme.iter().chain(&self.paths).copied()
    }

    /// The first mask of the step that cannot mask anything of such a body.
    fn mismatch(&self, body: &SnapshotBody<'_>) -> Option<MaskMismatch> {
        let actual = body.description();
        let path = self.paths.iter().find_map(|path| {
            let (wanted, is_it) = match path {
                ValuePath::Json(_) => ("JSON", matches!(body, SnapshotBody::Json(_))),
                ValuePath::Xml(_) => ("XML", body.is_xml()),
            };
            (!is_it).then(|| (path.as_str(), wanted))
        });
        let pattern = self
            .patterns
            .first()
            .filter(|_| !matches!(body, SnapshotBody::Text(_)));
        let pattern = pattern.map(|pattern| (pattern.as_str(), "text"));
        let (mask, wanted) = path.or(pattern)?;
        Some(MaskMismatch {
            mask: mask.to_owned(),
            wanted,
            actual,
        })
    }
}

/// The status, an empty line, and the body: JSON over several lines, text as it is, both with their
/// masks, anything else by its size and hash. The second value is a mask that masks nothing.
///
/// # Errors
/// When a mask looks at too many places.
pub(crate) fn snapshot_content(
    response: &WireResponse,
    masks: &SnapshotMasks<'_>,
    hide: &RedactFn<'_>,
) -> Result<(String, Option<MaskMismatch>), SnapshotError> {
    let body = SnapshotBody::of(response);
    let shown = body.render(masks, hide)?;
    let text = format!(
        "HTTP {}\n\n{}",
        response.status,
        shown.replace("\r\n", "\n")
    );
    // A body that is not JSON was not redacted yet.
    Ok((hide(text.trim_end()), masks.mismatch(&body)))
}

fn apply_masks<'m>(
    value: &Value,
    masks: impl Iterator<Item = &'m JsonPath>,
) -> Result<Value, SnapshotError> {
    replace_matches(value, masks, &mut |_| Value::from(MASK_PLACEHOLDER))
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
        let masks: Vec<ValuePath> = masks
            .iter()
            .map(|mask| ValuePath::Json(JsonPath::parse(mask).unwrap()))
            .collect();
        let masks = SnapshotMasks {
            of_scheme: masks.iter().collect(),
            ..SnapshotMasks::default()
        };
        let (text, mismatch) = snapshot_content(&answer, &masks, &str::to_owned).unwrap();
        assert_eq!(mismatch, None, "a mask of the scheme");
        text
    }

    #[test]
    fn a_pattern_masks_text_and_a_path_json() {
        let content = |body: &[u8], paths: &[&str], patterns: &[&str]| {
            let answer = WireResponse::new(200, Vec::new(), body.to_vec().into(), Duration::ZERO);
            let paths: Vec<_> = paths
                .iter()
                .map(|path| ValuePath::Json(JsonPath::parse(path).unwrap()))
                .collect();
            let patterns: Vec<_> = patterns
                .iter()
                .map(|one| Regex::new(one).unwrap())
                .collect();
            let masks = SnapshotMasks {
                of_scheme: Vec::new(),
                paths: paths.iter().collect(),
                patterns: patterns.iter().collect(),
            };
            let (text, mismatch) = snapshot_content(&answer, &masks, &str::to_owned).unwrap();
            let mismatch = mismatch.map(|wrong| (wrong.mask, wrong.actual));
            (
                text.split_once("\n\n")
                    .map_or(String::new(), |(_, body)| body.to_owned()),
                mismatch,
            )
        };
        let (text, mismatch) = content(b"<id>12</id><at>3</at>", &[], &[r"\d+", "<at>"]);
        assert_eq!(
            (text.as_str(), mismatch),
            ("<id>[masked]</id>[masked][masked]</at>", None)
        );
        for (body, paths, patterns, wrong) in [
            (
                &b"<id>12</id>"[..],
                &["$.id"][..],
                &[][..],
                ("$.id", "text"),
            ),
            (b"", &["$.id"], &[], ("$.id", "no body")),
            (
                b"\xff\xd8",
                &["$.id"],
                &[],
                ("$.id", "bytes that are neither JSON nor text"),
            ),
            (b"{}", &[], &["a"], ("a", "JSON")),
            (
                b"\xff\xd8",
                &[],
                &["a"],
                ("a", "bytes that are neither JSON nor text"),
            ),
        ] {
            let (_, mismatch) = content(body, paths, patterns);
            assert_eq!(mismatch, Some((wrong.0.to_owned(), wrong.1)));
        }
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
