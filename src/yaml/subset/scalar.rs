//! Scalars on one line: plain, and in single or double quotes.

use super::{END, LineScalar, SubsetReader};
use crate::span::Span;
use std::borrow::Cow;

impl<'t> SubsetReader<'t> {
    /// A scalar, whatever follows it; `in_flow`: in a flow collection, where brackets and commas end
    /// a plain one.
    pub(super) fn scalar(&mut self, in_flow: bool) -> Option<LineScalar<'t>> {
        match self.byte(0) {
            quote @ (b'"' | b'\'') => self.quoted(quote),
            _ => self.plain(in_flow),
        }
    }

    fn plain(&mut self, in_flow: bool) -> Option<LineScalar<'t>> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        if !can_begin_plain(rest) {
            return None;
        }
        // Behind the last byte that is not a blank.
        let mut end = 0;
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                b' ' => {}
                b'\n' => break,
                b'#' if end < at => break,
                b':' if ends_plain(rest.get(at + 1).copied(), in_flow) => break,
                b',' | b'[' | b']' | b'{' | b'}' if in_flow => break,
                _ => end = at + 1,
            }
        }
        self.at = start + end;
        Some(LineScalar {
            at: self.trimmed_place(start, self.at),
            value: Cow::Borrowed(&self.text[start..self.at]),
            is_plain: true,
        })
    }

    /// A quote inside single quotes, which is written twice, is the event parser's.
    fn quoted(&mut self, quote: u8) -> Option<LineScalar<'t>> {
        let start = self.at;
        let mut has_escapes = false;
        loop {
            self.at += 1;
            match self.byte(0) {
                b'\n' | END => return None,
                byte if byte == quote => break,
                b'\\' if quote == b'"' => {
                    has_escapes = true;
                    self.at += 1;
                }
                _ => {}
            }
        }
        let written = &self.text[start + 1..self.at];
        self.at += 1;
        if quote == b'\'' && self.byte(0) == quote {
            return None;
        }
        let value = if has_escapes {
            Cow::Owned(unescape(written)?)
        } else {
            Cow::Borrowed(written)
        };
        Some(LineScalar {
            at: Span::new(self.file, start, self.at),
            value,
            is_plain: false,
        })
    }
}

/// Whether a colon before `next` ends a plain scalar.
fn ends_plain(next: Option<u8>, in_flow: bool) -> bool {
    match next {
        None | Some(b' ' | b'\n') => true,
        Some(b',' | b'[' | b']' | b'{' | b'}') => in_flow,
        _ => false,
    }
}

/// Not with an indicator (YAML 1.2.2, section 5.3), but with the sign of a number, and not as the
/// markers of documents, `---` and `...`.
fn can_begin_plain(text: &[u8]) -> bool {
    match text {
        [b'-', second, ..] => second.is_ascii_alphanumeric(),
        [b'.', b'.', b'.', ..] => false,
        [b'$' | b'(' | b')' | b'+' | b'.' | b'/' | b';' | b'<', ..] => true,
        [b'=' | b'\\' | b'^' | b'_' | b'~' | 0x80.., ..] => true,
        [first, ..] => first.is_ascii_alphanumeric(),
        [] => false,
    }
}

/// Replaces the usual escapes of double quotes; for others, `None`.
fn unescape(written: &str) -> Option<String> {
    let mut value = String::with_capacity(written.len());
    let mut parts = written.split('\\');
    value.push_str(parts.next()?);
    while let Some(part) = parts.next() {
        let letter = match part.as_bytes().first() {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'"') => '"',
            // Two backslashes, between which the text was split.
            None => '\\',
            _ => return None,
        };
        value.push(letter);
        value.push_str(if part.is_empty() {
            parts.next()?
        } else {
            &part[1..]
        });
    }
    Some(value)
}
