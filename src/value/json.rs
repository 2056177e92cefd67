//! JSON text to values and back. The lexer is hifijson's, because it hands numbers over as they
//! were written.

use super::json_value::{ObjectMember, Value};
use super::number::Number;
use super::text::CompactText;
use hifijson::num::LexWrite;
use hifijson::str::LexAlloc;
use hifijson::token::{Expect, Lex};
use hifijson::{Error, SliceLexer};
use std::cell::Cell;
use std::fmt;
use std::str::Utf8Error;

/// Deeper values are refused, so that no response can exhaust the stack.
const MAX_DEPTH: usize = 128;

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not JSON: {reason} at byte {offset}")]
pub struct JsonError {
    pub reason: String,
    pub offset: usize,
}

/// Reads one JSON value; a byte order mark before it is passed over.
///
/// # Errors
/// When the bytes are not UTF-8, not JSON (RFC 8259), more than one value, or nested deeper than
/// 128 levels.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    // RFC 8259, section 8.1, forbids to send a byte order mark and allows to ignore one. Some
    // servers send it all the same.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let not_utf8 = |error: Utf8Error| JsonError {
        reason: "it is not UTF-8".to_owned(),
        offset: error.valid_up_to(),
    };
    let document = JsonSource(std::str::from_utf8(bytes).map_err(not_utf8)?);
    let mut lexer = SliceLexer::new(bytes);
    lexer
        .exactly_one(Lex::ws_peek, |next, lexer| {
            document.parse_value(MAX_DEPTH, next, lexer, &Cell::new(0))
        })
        .map_err(|error| JsonError {
            reason: error.to_string(),
            offset: bytes.len() - lexer.as_slice().len(),
        })
}

/// All that is read.
struct JsonSource<'t>(&'t str);

impl<'t> JsonSource<'t> {
    /// The value that begins with `next`, which the lexer has only looked at. `members_before` is
    /// how many members the last object had: the next one in a list mostly has as many.
    fn parse_value(
        &self,
        depth: usize,
        next: u8,
        lexer: &mut SliceLexer<'t>,
        members_before: &Cell<usize>,
    ) -> Result<Value, Error> {
        // Every level takes a frame of the stack, and the text comes from outside.
        let depth = depth.checked_sub(1).ok_or(Error::Depth)?;
        match next {
            b'a'..=b'z' => Ok(lexer
                .null_or_bool()
                .ok_or(Expect::Value)?
                .map_or(Value::Null, Value::Bool)),
            // The text of the number, not a double: an order id of 19 digits would lose its last
            // ones.
            b'0'..=b'9' | b'-' => Ok(Value::Number(Number::from_lexed(
                lexer.num_string().validated()?.0,
            ))),
            b'"' => Ok(Value::String(self.parse_string(lexer.discarded())?)),
            b'[' => self.parse_list(depth, lexer, members_before),
            b'{' => self.parse_object(depth, lexer, members_before),
            _ => Err(Expect::Value)?,
        }
    }

    fn parse_list(
        &self,
        depth: usize,
        lexer: &mut SliceLexer<'t>,
        members_before: &Cell<usize>,
    ) -> Result<Value, Error> {
        let mut items = Vec::new();
        lexer.discarded().seq(b']', Lex::ws_peek, |next, lexer| {
            items.push(self.parse_value(depth, next, lexer, members_before)?);
            Ok::<_, Error>(())
        })?;
        Ok(Value::List(items))
    }

    fn parse_object(
        &self,
        depth: usize,
        lexer: &mut SliceLexer<'t>,
        members_before: &Cell<usize>,
    ) -> Result<Value, Error> {
        // A list of lists of objects asks for this much at every level before a member is read, so
        // without a limit a short text could reserve a lot of memory.
        const MOST: usize = 64;
        let (mut members, below) = (
            Vec::with_capacity(members_before.get().min(MOST)),
            Cell::new(0),
        );
        lexer.discarded().seq(b'}', Lex::ws_peek, |next, lexer| {
            lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
            let name = self.parse_string(lexer)?;
            lexer.expect(Lex::ws_peek, b':').ok_or(Expect::Colon)?;
            let next = lexer.ws_peek().ok_or(Expect::Value)?;
            members.push((name, self.parse_value(depth, next, lexer, &below)?));
            Ok::<_, Error>(())
        })?;
        members_before.set(members.len());
        Ok(Value::Object(keep_last_duplicates(members)))
    }

    /// The text after a quote. Most texts have no escapes; they are copied from the document in one
    /// piece.
    fn parse_string(&self, lexer: &mut SliceLexer<'t>) -> Result<CompactText, Error> {
        let rest: &'t [u8] = lexer.as_slice();
        let start = self.0.len() - rest.len();
        if let Some(len) = unescaped_len(rest)
            && let Some(text) = self.0.get(start..start + len)
        {
            *lexer = SliceLexer::new(&rest[len + 1..]);
            return Ok(text.into());
        }
        Ok(lexer.str_string()?.into())
    }
}

/// How long a text is that ends in a quote, with nothing before it that is escaped or should be.
fn unescaped_len(rest: &[u8]) -> Option<usize> {
    let len = memchr::memchr2(b'"', b'\\', rest)?;
    // RFC 8259, section 7, allows no control characters in a text. One that has some is left to the
    // lexer, which refuses it with its place.
    let is_plain = rest[len] == b'"' && rest[..len].iter().all(|byte| *byte >= b' ');
    is_plain.then_some(len)
}

/// The last value of a repeated key is kept, as in most readers (RFC 8259, section 4).
fn keep_last_duplicates(mut members: Vec<ObjectMember>) -> Vec<ObjectMember> {
    if has_duplicate_keys(&members) {
        // Reversed, so that `retain` sees the last of equal names first. The second `reverse`
        // restores the order of those that stay.
        let mut kept = std::collections::HashSet::new();
        members.reverse();
        members.retain(|(key, _)| kept.insert(key.clone()));
        members.reverse();
    }
    members
}

/// Names of another sum are other names, so that most are compared with none.
fn has_duplicate_keys(members: &[ObjectMember]) -> bool {
    const FEW: usize = 32;
    if members.len() > FEW {
        let mut known = std::collections::HashSet::with_capacity(members.len());
        return !members.iter().all(|(key, _)| known.insert(key.as_str()));
    }
    let mut sums = 0_u64;
    members.iter().enumerate().any(|(at, (key, _))| {
        let sum = key.bytes().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        // A clear bit proves that no earlier name is equal. A set bit proves nothing, because
        // different names can share it, so then the names are compared.
        let bit = 1 << (sum % 64);
        let may_be_known = sums & bit != 0;
        sums |= bit;
        may_be_known && members[..at].iter().any(|(other, _)| other == key)
    })
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
        let mut out = String::new();
        write(self, &mut out);
        out
    }

    /// JSON over several lines, two blanks a level, for people.
    #[must_use]
    pub fn to_pretty_json(&self) -> String {
        let mut out = String::new();
        write_pretty(self, 0, &mut out);
        out
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number.as_str()),
        Value::String(text) => write_string(text, out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
    }
}

fn write_pretty(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::List(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                start_pretty_item(index, depth, out);
                write_pretty(item, depth + 1, out);
            }
            break_line(depth, out);
            out.push(']');
        }
        Value::Object(members) if !members.is_empty() => {
            out.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                start_pretty_item(index, depth, out);
                write_string(key, out);
                out.push_str(": ");
                write_pretty(member, depth + 1, out);
            }
            break_line(depth, out);
            out.push('}');
        }
        plain => write(plain, out),
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
