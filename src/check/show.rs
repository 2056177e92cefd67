//! Values as one short line of plain text. Control characters, changes of the writing direction and
//! invisible characters of a response are escaped, so that none reaches a terminal.

use crate::value::Value;
use std::borrow::Cow;

/// How many letters of a value are shown.
const MAX_CHARS: usize = 120;
/// Of a longer one, this many from its beginning and the rest from its end.
const HEAD_CHARS: usize = 90;
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
    pub(super) fn with_type(self, value: &Value) -> String {
        format!("{} ({})", self.without_type(value), type_label(value))
    }

    /// A value as JSON.
    pub(super) fn without_type(self, value: &Value) -> String {
        // Redacted before it is shortened: the redactor does not recognise a secret that was cut.
        escape_invisible(&truncate(&self.redacted_json(value)), false)
    }

    /// A text that is not a JSON value, such as a body that cannot be read.
    pub(super) fn text(self, text: &str) -> String {
        escape_invisible(&truncate(&self.redacted(text)), true)
    }

    /// Two values with their types; of two long texts, the part where they begin to differ.
    pub(super) fn pair(self, expected: &Value, actual: &Value) -> (String, String) {
        let (Value::String(left), Value::String(right)) = (expected, actual) else {
            return (self.with_type(expected), self.with_type(actual));
        };
        let (left, right) = (self.redacted(left), self.redacted(right));
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
            self.with_type(&skip_prefix(&left, skip)),
            self.with_type(&skip_prefix(&right, skip)),
        )
    }

    fn redacted_json(self, value: &Value) -> String {
        match value {
            // Hidden before it is quoted: a secret with a quote in it would be written otherwise.
            Value::String(text) => Value::from(self.redacted(text).into_owned()).to_json(),
            other => self.redacted(&other.to_json()).into_owned(),
        }
    }

    fn redacted(self, text: &str) -> Cow<'_, str> {
        self.redact
            .map_or(Cow::Borrowed(text), |hide| Cow::Owned(hide(text)))
    }
}

fn skip_prefix(text: &str, skip: usize) -> Value {
    let rest: String = text.chars().skip(skip).collect();
    Value::from(if skip > 0 { format!("…{rest}") } else { rest })
}

fn type_label(value: &Value) -> String {
    match value {
        Value::List(items) if !items.is_empty() => format!("array of {}", items.len()),
        Value::String(text) if text.chars().nth(MAX_CHARS).is_some() => {
            format!("string of {}", text.chars().count())
        }
        other => other.type_name().to_owned(),
    }
}

fn truncate(text: &str) -> Cow<'_, str> {
    let len = text.chars().count();
    if len <= MAX_CHARS {
        return Cow::Borrowed(text);
    }
    let head: String = text.chars().take(HEAD_CHARS).collect();
    let tail: String = text
        .chars()
        .skip(len - (MAX_CHARS - HEAD_CHARS - 1))
        .collect();
    Cow::Owned(format!("{head}…{tail}"))
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
