//! JSON text to values and back.

use super::json_ref::JsonRef;
use super::json_value::Value;
use super::kind::JsonKind;
use super::node::JsonNode;
use super::tape::{JsonError, JsonTape, without_byte_order_mark};
use super::text::text_prefix;
use std::fmt;

/// Reads one JSON value; a byte order mark before it is passed over. Of members with one name it
/// holds the last.
///
/// # Errors
/// When the bytes are not UTF-8, not JSON (RFC 8259), more than one value, nested deeper than
/// 128 levels, or longer than 2 GiB.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let text = without_byte_order_mark(bytes);
    let tape = JsonTape::parse(text)?;
    Ok(JsonRef::Node(JsonNode::root(text, &tape)).to_value())
}

impl Value {
    /// The plain text of a single value, and compact JSON of a list or an object.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_plain_text().unwrap_or_else(|| self.to_json())
    }

    /// Compact JSON in the order of the keys: no blanks, and no escapes but those that JSON
    /// demands.
    #[must_use]
    pub fn to_json(&self) -> String {
        JsonRef::Value(self).to_json()
    }

    /// JSON over several lines, two blanks a level, for people.
    #[must_use]
    pub fn to_pretty_json(&self) -> String {
        JsonRef::Value(self).to_pretty_json()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl JsonRef<'_> {
    /// The plain text of a single value, and compact JSON of a list or an object.
    #[must_use]
    pub(crate) fn to_text(self) -> String {
        self.to_plain_text().unwrap_or_else(|| self.to_json())
    }

    /// Compact JSON in the order of the keys: no blanks, and no escapes but those that JSON
    /// demands. A member whose name stands again is written again.
    #[must_use]
    pub(crate) fn to_json(self) -> String {
        self.to_json_prefix(usize::MAX)
    }

    /// The beginning of that: at least `min_len` bytes, if there are as many, and not much more.
    #[must_use]
    pub(crate) fn to_json_prefix(self, min_len: usize) -> String {
        let mut writer = JsonWriter {
            out: String::new(),
            min_len,
        };
        writer.write(self);
        writer.out
    }

    /// JSON over several lines, two blanks a level, for people.
    #[must_use]
    pub(crate) fn to_pretty_json(self) -> String {
        self.to_pretty_json_prefix(usize::MAX)
    }

    /// The beginning of that: at least `min_len` bytes, if there are as many, and not much more.
    #[must_use]
    pub(crate) fn to_pretty_json_prefix(self, min_len: usize) -> String {
        let mut writer = JsonWriter {
            out: String::new(),
            min_len,
        };
        writer.write_pretty(self, 0);
        writer.out
    }
}

struct JsonWriter {
    out: String,
    /// Nothing is begun when this much is written.
    min_len: usize,
}

impl JsonWriter {
    fn is_full(&self) -> bool {
        self.out.len() >= self.min_len
    }

    fn write(&mut self, value: JsonRef<'_>) {
        match value.kind() {
            JsonKind::List => {
                self.out.push('[');
                for (index, item) in value.children().enumerate() {
                    if self.is_full() {
                        break;
                    }
                    if index > 0 {
                        self.out.push(',');
                    }
                    self.write(item);
                }
                self.out.push(']');
            }
            JsonKind::Object => {
                self.out.push('{');
                for (index, (key, member)) in value.members().enumerate() {
                    if self.is_full() {
                        break;
                    }
                    if index > 0 {
                        self.out.push(',');
                    }
                    self.write_text(&key);
                    self.out.push(':');
                    self.write(member);
                }
                self.out.push('}');
            }
            _ => self.write_single(value),
        }
    }

    fn write_single(&mut self, value: JsonRef<'_>) {
        let out = &mut self.out;
        match value {
            JsonRef::Value(Value::Null) => out.push_str("null"),
            JsonRef::Value(Value::Bool(flag)) => out.push_str(if *flag { "true" } else { "false" }),
            JsonRef::Value(Value::Number(number)) => out.push_str(number.as_str()),
            JsonRef::Node(node) if node.kind() != JsonKind::String => out.push_str(node.source()),
            _ => self.write_text(&value.as_str().unwrap_or_default()),
        }
    }

    fn write_text(&mut self, text: &str) {
        write_string(text_prefix(text, self.min_len), &mut self.out);
    }

    fn write_pretty(&mut self, value: JsonRef<'_>, depth: usize) {
        let is_empty = value.children().next().is_none();
        match value.kind() {
            JsonKind::List if !is_empty => {
                self.out.push('[');
                for (index, item) in value.children().enumerate() {
                    if self.is_full() {
                        break;
                    }
                    start_pretty_item(index, depth, &mut self.out);
                    self.write_pretty(item, depth + 1);
                }
                break_line(depth, &mut self.out);
                self.out.push(']');
            }
            JsonKind::Object if !is_empty => {
                self.out.push('{');
                for (index, (key, member)) in value.members().enumerate() {
                    if self.is_full() {
                        break;
                    }
                    start_pretty_item(index, depth, &mut self.out);
                    self.write_text(&key);
                    self.out.push_str(": ");
                    self.write_pretty(member, depth + 1);
                }
                break_line(depth, &mut self.out);
                self.out.push('}');
            }
            _ => self.write(value),
        }
    }
}

/// Begins the line of one element or member of a value at `depth`.
fn start_pretty_item(index: usize, depth: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
    break_line(depth + 1, out);
}

fn break_line(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Escapes only what RFC 8259 section 7 demands: gateways that sign a body expect `<`, `&` and
/// Korean text as they are.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            // JSON has no short escape for these; they are written as `\u00XX` below.
            0..=0x1f => "",
            _ => continue,
        };
        // Everything before the escape is copied at once. All that is escaped is ASCII, so `at` is
        // never inside a character.
        out.push_str(&text[plain..at]);
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
        plain = at + 1;
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::CompactText;

    #[test]
    fn every_digit_survives() {
        let text = r#"{"id":123456789012345678901234567890,"price":1.10,"big":1e400,"u":18446744073709551615}"#;
        assert_eq!(parse(text.as_bytes()).unwrap().to_json(), text);
    }

    #[test]
    fn text_survives_with_the_fewest_escapes() {
        let text = r#"["</a>&'","\"\\\n\u0001","무선 이어폰"]"#;
        assert_eq!(parse(text.as_bytes()).unwrap().to_json(), text);
        assert_eq!(parse(br#""\uD55C\/""#).unwrap(), Value::from("한/"));
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for text in [
            "",
            "{",
            "[1,]",
            "nul",
            "01",
            "1 2",
            "{\"a\" 1}",
            "\"\u{1}\"",
            "NaN",
            "'a'",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"\"\xff\"").is_err());
        assert!(parse("[".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn of_a_repeated_key_the_last_stands() {
        assert_eq!(
            parse(br#"{"a":1,"b":0,"a":2}"#).unwrap().to_json(),
            r#"{"b":0,"a":2}"#
        );
        for many in 1..100 {
            for again in 0..many {
                let members: Vec<String> = (0..many)
                    .map(|name| format!("\"name{name}\":{name}"))
                    .collect();
                let repeated = format!("{{{},\"name{again}\":-1}}", members.join(","));
                let Value::Object(read) = parse(repeated.as_bytes()).unwrap() else {
                    panic!("another kind of value")
                };
                let last = (CompactText::from(format!("name{again}")), Value::from(-1));
                assert_eq!((read.len(), read.last()), (many, Some(&last)));
            }
        }
    }
}
