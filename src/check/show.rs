//! Values as one short line of plain text. Control characters, changes of the writing direction and
//! invisible characters of a response are escaped, so that none reaches a terminal.

use crate::value::{JsonKind, JsonRef, Value, text_prefix};
use std::borrow::Cow;

/// How many letters of a value are shown.
const MAX_CHARS: usize = 120;
/// Of a longer one, this many from its beginning and the rest from its end.
const HEAD_CHARS: usize = 90;
/// How much of a value is read to show it, in bytes. It is far more than is shown, so that a secret
/// that begins in what is shown is recognised as a whole.
const MAX_READ: usize = 64 * 1024;
/// How much two long texts have in common is shown this far before they differ.
const CONTEXT_CHARS: usize = 30;

/// Turns values into text.
#[derive(Clone, Copy, Default)]
pub(super) struct ValueFormatter<'a> {
    redact: Option<&'a dyn Fn(&str) -> String>,
}

impl<'a> ValueFormatter<'a> {
    pub(super) fn redacting(hide: &'a dyn Fn(&str) -> String) -> Self {
        Self { redact: Some(hide) }
    }

    /// A value with its type: `"x" (string)`.
    pub(super) fn with_type<'v>(self, value: impl Into<JsonRef<'v>>) -> String {
        let value = value.into();
        format!("{} ({})", self.without_type(value), type_label(value))
    }

    /// A value as JSON.
    pub(super) fn without_type<'v>(self, value: impl Into<JsonRef<'v>>) -> String {
        // Redacted before it is shortened: the redactor does not recognise a secret that was cut.
        escape_invisible(&self.redacted_json(value.into()).shorten(), false)
    }

    /// The values that a path found, as one list with its type.
    pub(super) fn nodes(self, nodes: &[JsonRef<'_>]) -> String {
        let mut list = String::from("[");
        for (index, node) in nodes.iter().enumerate() {
            if list.len() >= MAX_READ {
                break;
            }
            if index > 0 {
                list.push(',');
            }
            list.push_str(&node.to_json_prefix(MAX_READ));
        }
        list.push(']');
        let shown = escape_invisible(&self.redacted(&list).shorten(), false);
        match nodes.len() {
            0 => format!("{shown} (array)"),
            len => format!("{shown} (array of {len})"),
        }
    }

    /// A text as a JSON string with its type.
    pub(super) fn string(self, text: &str) -> String {
        let shown = escape_invisible(&self.redacted_string(text).shorten(), false);
        format!("{shown} ({})", string_label(text))
    }

    /// A text that is not a JSON value, such as a body that cannot be read.
    pub(super) fn text(self, text: &str) -> String {
        escape_invisible(&self.redacted(text).shorten(), true)
    }

    /// A sentence about a response, in full.
    pub(super) fn sentence(self, text: &str) -> String {
        let redacted = self
            .redact
            .map_or_else(|| text.to_owned(), |redact| redact(text));
        escape_invisible(&redacted, true)
    }

    /// Two values with their types; of two long texts, the part where they begin to differ.
    pub(super) fn pair<'e, 'v>(
        self,
        expected: impl Into<JsonRef<'e>>,
        actual: impl Into<JsonRef<'v>>,
    ) -> (String, String) {
        let (expected, actual) = (expected.into(), actual.into());
        match (expected.as_str(), actual.as_str()) {
            (Some(left), Some(right)) => self.string_pair(&left, &right),
            _ => (self.with_type(expected), self.with_type(actual)),
        }
    }

    /// The same for two texts.
    pub(super) fn string_pair(self, left: &str, right: &str) -> (String, String) {
        let (left, right) = differing_parts(left, right);
        let (left, right) = (self.redacted(left).text, self.redacted(right).text);
        let common = left
            .chars()
            .zip(right.chars())
            .take_while(|(left, right)| left == right)
            .count();
        // `nth` stops after the limit. To count all characters would read a whole body of
        // megabytes.
        let skip =
            if left.chars().nth(MAX_CHARS).is_some() || right.chars().nth(MAX_CHARS).is_some() {
                common.saturating_sub(CONTEXT_CHARS)
            } else {
                0
            };
        (
            self.string(&skip_prefix(&left, skip)),
            self.string(&skip_prefix(&right, skip)),
        )
    }

    fn redacted_json(self, value: JsonRef<'_>) -> ShownText {
        match value.as_str() {
            Some(text) => self.redacted_string(&text),
            None => self.redacted(&value.to_json_prefix(MAX_READ + 1)),
        }
    }

    /// Hidden before it is quoted: a secret with a quote in it would be written otherwise.
    fn redacted_string(self, text: &str) -> ShownText {
        let redacted = self.redacted(text);
        ShownText {
            text: Value::from(redacted.text).to_json(),
            ..redacted
        }
    }

    /// The beginning of a text, without secrets. All that is shown of it is its first letters, so
    /// that a secret that is cut at the end is not among them.
    fn redacted(self, text: &str) -> ShownText {
        let read = text_prefix(text, MAX_READ);
        ShownText {
            text: self
                .redact
                .map_or_else(|| read.to_owned(), |hide| hide(read)),
            is_cut: read.len() < text.len(),
        }
    }
}

/// A text that is to be shown, or its beginning.
struct ShownText {
    text: String,
    is_cut: bool,
}

impl ShownText {
    /// Its first and last letters, or the first ones if the rest is not known.
    fn shorten(&self) -> Cow<'_, str> {
        let len = self.text.chars().count();
        if len <= MAX_CHARS && !self.is_cut {
            return Cow::Borrowed(&self.text);
        }
        let head: String = self.text.chars().take(HEAD_CHARS).collect();
        let tail: String = self
            .text
            .chars()
            .skip(len.saturating_sub(MAX_CHARS - HEAD_CHARS - 1))
            .collect();
        Cow::Owned(if self.is_cut {
            format!("{head}…")
        } else {
            format!("{head}…{tail}")
        })
    }
}

/// Two texts from somewhat before the place where they begin to differ, if they are long.
fn differing_parts<'l, 'r>(left: &'l str, right: &'r str) -> (&'l str, &'r str) {
    if left.len().max(right.len()) <= MAX_READ {
        return (left, right);
    }
    let same = left.bytes().zip(right.bytes());
    let common = same.take_while(|(left, right)| left == right).count();
    // Half of what is read stands before that place: a secret that is cut there is not shown.
    let start = text_prefix(left, common.saturating_sub(MAX_READ / 2)).len();
    (&left[start..], &right[start..])
}

fn skip_prefix(text: &str, skip: usize) -> String {
    let rest: String = text.chars().skip(skip).collect();
    if skip > 0 { format!("…{rest}") } else { rest }
}

fn type_label(value: JsonRef<'_>) -> String {
    match (value.kind(), value.as_str()) {
        (_, Some(text)) => string_label(&text),
        (JsonKind::List, _) => match value.len() {
            Some(len) if len > 0 => format!("array of {len}"),
            _ => "array".to_owned(),
        },
        (kind, _) => kind.name().to_owned(),
    }
}

fn string_label(text: &str) -> String {
    if text.chars().nth(MAX_CHARS).is_some() {
        format!("string of {}", text.chars().count())
    } else {
        "string".to_owned()
    }
}

/// Escapes every character that would not be visible. `is_raw` means that the text is not JSON,
/// which escapes some of them by itself.
fn escape_invisible(text: &str, is_raw: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            // In JSON these are escaped already.
            '\n' if is_raw => out.push_str("\\n"),
            '\r' if is_raw => out.push_str("\\r"),
            '\t' if is_raw => out.push_str("\\t"),
            _ if needs_escape(letter) => escape(letter, &mut out),
            _ => out.push(letter),
        }
    }
    out
}

/// As in JSON; a code point of more than four digits as in Rust.
fn escape(letter: char, out: &mut String) {
    let code = u32::from(letter);
    let text = if code <= 0xffff {
        format!("\\u{code:04x}")
    } else {
        letter.escape_unicode().to_string()
    };
    out.push_str(&text);
}

/// Control characters, marks of direction, and characters without a width.
fn needs_escape(letter: char) -> bool {
    // U+202A to U+202E and U+2066 to U+2069 change the direction of the text after them, so that
    // one value could look like another (CVE-2021-42574).
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &Value) -> String {
        ValueFormatter::default().with_type(value)
    }

    #[test]
    fn a_value_is_shown_with_its_type() {
        assert_eq!(shown(&Value::from("x")), "\"x\" (string)");
        assert_eq!(
            shown(&crate::value::parse(b"1.10").unwrap()),
            "1.10 (number)"
        );
        assert_eq!(
            shown(&Value::from(vec![Value::Null, Value::from(true)])),
            "[null,true] (array of 2)"
        );
        assert_eq!(shown(&Value::List(vec![])), "[] (array)");
    }

    #[test]
    fn a_long_value_keeps_its_beginning_and_its_end() {
        let text = shown(&Value::from("가".repeat(500) + "끝"));
        assert!(
            text.starts_with("\"가가") && text.ends_with("가끝\" (string of 501)"),
            "{text}"
        );
        assert_eq!(text.chars().count(), MAX_CHARS + " (string of 501)".len());
    }

    #[test]
    fn of_two_long_texts_the_place_is_shown_where_they_differ() {
        let (expected, actual) = (
            Value::from("a".repeat(1000) + "x"),
            Value::from("a".repeat(1000) + "y"),
        );
        let (expected, actual) = ValueFormatter::default().pair(&expected, &actual);
        assert_eq!(
            expected,
            format!("\"…{}x\" (string)", "a".repeat(CONTEXT_CHARS))
        );
        assert_eq!(
            actual,
            format!("\"…{}y\" (string)", "a".repeat(CONTEXT_CHARS))
        );
    }

    #[test]
    fn nothing_that_acts_on_a_terminal_is_shown_as_it_is() {
        let evil = "\u{1b}]52;c;x\u{7}\u{9b}31m\u{202e}\u{7f}\u{200b}\u{e0041}\r\n";
        let texts = [
            shown(&Value::from(evil)),
            ValueFormatter::default().text(evil),
            shown(&Value::Object(vec![(evil.into(), Value::Null)])),
        ];
        for text in texts {
            assert!(!text.chars().any(needs_escape), "{text:?}");
            assert!(
                text.contains("\\u001b")
                    && text.contains("\\u009b")
                    && text.contains("\\u202e")
                    && text.contains("\\r\\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_hidden_is_hidden_before_it_is_cut() {
        let secret = "s3cret".repeat(30);
        let hide = |text: &str| text.replace(&secret, "***");
        let show = ValueFormatter::redacting(&hide);
        assert_eq!(
            show.with_type(&Value::from(secret.as_str())),
            "\"***\" (string of 180)"
        );
        assert_eq!(
            show.without_type(&Value::from(vec![Value::from(secret.as_str())])),
            "[\"***\"]"
        );
        assert_eq!(show.text(&format!("<{secret}>")), "<***>");
    }
}
