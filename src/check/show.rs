//! Values as one short line of plain text. It refuses to let a control character, a change of writing direction or an
//! invisible letter of an answer reach a terminal.

use crate::value::Value;
use std::borrow::Cow;

/// How many letters of a value are shown.
const LIMIT: usize = 120;
/// Of a longer one, this many from its beginning and the rest from its end.
const HEAD: usize = 90;
/// How much two long texts have in common is shown this far before they differ.
const LEAD: usize = 30;

/// Turns values into text.
#[derive(Clone, Copy, Default)]
pub(super) struct Show<'a> {
    hide: Option<&'a dyn Fn(&str) -> String>,
}

impl<'a> Show<'a> {
    pub fn hiding(hide: &'a dyn Fn(&str) -> String) -> Self {
        Self { hide: Some(hide) }
    }

    /// A value with its type: `"x" (string)`.
    pub fn value(self, value: &Value) -> String {
        format!("{} ({})", self.bare(value), kind(value))
    }

    /// A value as JSON.
    pub fn bare(self, value: &Value) -> String {
        visible(&cut(&self.json(value)), false)
    }

    /// A text that is not a JSON value, such as a body that cannot be read.
    pub fn text(self, text: &str) -> String {
        visible(&cut(&self.hidden(text)), true)
    }

    /// Two values with their types; of two long texts, the part where they begin to differ.
    pub fn pair(self, expected: &Value, actual: &Value) -> (String, String) {
        let (Value::String(left), Value::String(right)) = (expected, actual) else {
            return (self.value(expected), self.value(actual));
        };
        let (left, right) = (self.hidden(left), self.hidden(right));
        let common = left.chars().zip(right.chars()).take_while(|(left, right)| left == right).count();
        let skip =
            if left.chars().nth(LIMIT).is_some() || right.chars().nth(LIMIT).is_some() { common.saturating_sub(LEAD) } else { 0 };
        (self.value(&window(&left, skip)), self.value(&window(&right, skip)))
    }

    fn json(self, value: &Value) -> String {
        match value {
            // Hidden before it is quoted: a secret with a quote in it would be written otherwise.
            Value::String(text) => Value::from(self.hidden(text).into_owned()).to_json(),
            other => self.hidden(&other.to_json()).into_owned(),
        }
    }

    fn hidden(self, text: &str) -> Cow<'_, str> {
        self.hide.map_or(Cow::Borrowed(text), |hide| Cow::Owned(hide(text)))
    }
}

fn window(text: &str, skip: usize) -> Value {
    let rest: String = text.chars().skip(skip).collect();
    Value::from(if skip > 0 { format!("…{rest}") } else { rest })
}

fn kind(value: &Value) -> String {
    match value {
        Value::List(items) if !items.is_empty() => format!("array of {}", items.len()),
        Value::String(text) if text.chars().nth(LIMIT).is_some() => format!("string of {}", text.chars().count()),
        other => other.type_name().to_owned(),
    }
}

fn cut(text: &str) -> Cow<'_, str> {
    let len = text.chars().count();
    if len <= LIMIT {
        return Cow::Borrowed(text);
    }
    let head: String = text.chars().take(HEAD).collect();
    let tail: String = text.chars().skip(len - (LIMIT - HEAD - 1)).collect();
    Cow::Owned(format!("{head}…{tail}"))
}

/// Every letter that would do something instead of being seen, as its escape. `is_raw` says that the text is not JSON, which
/// escapes some of them by itself.
fn visible(text: &str, is_raw: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' if is_raw => out.push_str("\\n"),
            '\r' if is_raw => out.push_str("\\r"),
            '\t' if is_raw => out.push_str("\\t"),
            _ if acts(letter) => escape(letter, &mut out),
            _ => out.push(letter),
        }
    }
    out
}

/// As JSON would write it; what lies beyond four digits, as Rust would.
fn escape(letter: char, out: &mut String) {
    let code = u32::from(letter);
    let text = if code <= 0xffff { format!("\\u{code:04x}") } else { letter.escape_unicode().to_string() };
    out.push_str(&text);
}

/// Controls, marks of direction, and what has no width.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &Value) -> String {
        Show::default().value(value)
    }

    #[test]
    fn a_value_is_shown_with_its_type() {
        assert_eq!(shown(&Value::from("x")), "\"x\" (string)");
        assert_eq!(shown(&crate::value::parse(b"1.10").unwrap()), "1.10 (number)");
        assert_eq!(shown(&Value::from(vec![Value::Null, Value::from(true)])), "[null,true] (array of 2)");
        assert_eq!(shown(&Value::List(vec![])), "[] (array)");
    }

    #[test]
    fn a_long_value_keeps_its_beginning_and_its_end() {
        let text = shown(&Value::from("가".repeat(500) + "끝"));
        assert!(text.starts_with("\"가가") && text.ends_with("가끝\" (string of 501)"), "{text}");
        assert_eq!(text.chars().count(), LIMIT + " (string of 501)".len());
    }

    #[test]
    fn of_two_long_texts_the_place_is_shown_where_they_differ() {
        let (expected, actual) = (Value::from("a".repeat(1000) + "x"), Value::from("a".repeat(1000) + "y"));
        let (expected, actual) = Show::default().pair(&expected, &actual);
        assert_eq!(expected, format!("\"…{}x\" (string)", "a".repeat(LEAD)));
        assert_eq!(actual, format!("\"…{}y\" (string)", "a".repeat(LEAD)));
    }

    #[test]
    fn nothing_that_acts_on_a_terminal_is_shown_as_it_is() {
        let evil = "\u{1b}]52;c;x\u{7}\u{9b}31m\u{202e}\u{7f}\u{200b}\u{e0041}\r\n";
        let texts =
            [shown(&Value::from(evil)), Show::default().text(evil), shown(&Value::Object(vec![(evil.into(), Value::Null)]))];
        for text in texts {
            assert!(!text.chars().any(acts), "{text:?}");
            assert!(
                text.contains("\\u001b") && text.contains("\\u009b") && text.contains("\\u202e") && text.contains("\\r\\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_hidden_is_hidden_before_it_is_cut() {
        let secret = "s3cret".repeat(30);
        let hide = |text: &str| text.replace(&secret, "***");
        let show = Show::hiding(&hide);
        assert_eq!(show.value(&Value::from(secret.as_str())), "\"***\" (string of 180)");
        assert_eq!(show.bare(&Value::from(vec![Value::from(secret.as_str())])), "[\"***\"]");
        assert_eq!(show.text(&format!("<{secret}>")), "<***>");
    }
}
