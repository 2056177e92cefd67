//! Reads a path's text before the library does, and refuses what the library would take for
//! something else, for ever, or without saying where: blanks inside names, unknown words, numbers
//! that would be rounded, brackets without a partner and functions nested so deep that its parser
//! tries every way through them. It refuses to judge the grammar as a whole.

use super::error::PathError;
use super::location::is_name_char;
use crate::diagnostic::did_you_mean;
use crate::value::Number;

const MAX_LEN: usize = 4096;
const MAX_DEPTH: usize = 32;
/// The library's parser takes three times as long for every level.
const MAX_CALL_DEPTH: usize = 4;
/// Beyond it a double has no place for every integer, and RFC 9535 (section 2.1) for none.
const MAX_EXACT: i64 = (1 << 53) - 1;
pub(super) const FUNCTIONS: [&str; 5] = ["length", "count", "value", "match", "search"];

/// Reads the whole text.
pub(super) fn check_path_text(text: &str) -> Result<(), PathError> {
    if text.len() > MAX_LEN {
        return Err(PathError::new(
            0,
            format!("a path can have at most {MAX_LEN} bytes"),
        ));
    }
    if !text.starts_with('$') {
        return Err(PathError::new(0, "a path must begin with `$`")
            .with_hint("`$` is the whole response, `$.name` is a member of it"));
    }
    if text.ends_with(is_blank) {
        return Err(PathError::new(
            text.trim_end_matches(is_blank).len(),
            "there is a space after the path",
        ));
    }
    PathScanner {
        text,
        at: 1,
        open: Vec::new(),
    }
    .scan()
}

struct OpenBracket {
    at: usize,
    closed_by: char,
    is_call: bool,
}

struct PathScanner<'t> {
    text: &'t str,
    at: usize,
    open: Vec<OpenBracket>,
}

type ScanResult = Result<(), PathError>;

impl<'t> PathScanner<'t> {
    fn scan(mut self) -> ScanResult {
        while let Some(letter) = self.peek_char() {
            match letter {
                '\'' | '"' => self.scan_quoted(letter)?,
                '.' => self.scan_dot()?,
                '(' => self.open_bracket(')', false)?,
                '[' => self.scan_bracket()?,
                ')' | ']' => self.close_bracket(letter)?,
                '-' | '0'..='9' => self.scan_number()?,
                '=' | '!' | '<' | '>' | '&' | '|' => self.scan_operator()?,
                _ if is_name_char(letter) => self.scan_word()?,
                _ => self.at += letter.len_utf8(),
            }
        }
        self.open.pop().map_or(Ok(()), |open| {
            Err(PathError::new(
                open.at,
                format!("the closing `{}` is missing", open.closed_by),
            ))
        })
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fail(&self, reason: impl Into<String>) -> Result<(), PathError> {
        Err(PathError::new(self.at, reason))
    }

    /// Skips the characters that belong, and returns them.
    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let len = rest.find(|letter| !belongs(letter)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn scan_quoted(&mut self, quote: char) -> ScanResult {
        let start = self.at;
        let mut letters = self.rest().char_indices().skip(1);
        while let Some((offset, letter)) = letters.next() {
            match letter {
                // An escaped quote does not end the text. Whether the escape is valid is left to
                // the library.
                '\\' => _ = letters.next(),
                '\0'..='\u{1f}' => return Err(control_character(start + offset)),
                _ if letter == quote => {
                    self.at = start + offset + 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(PathError::new(
            start,
            format!("the closing `{quote}` is missing"),
        ))
    }

    fn scan_dot(&mut self) -> ScanResult {
        let dots = self.take_while(|letter| letter == '.');
        match self.peek_char() {
            _ if dots.len() > 2 => {
                self.fail("use `..` to search all levels; more dots are not allowed")
            }
            Some('*') => {
                self.at += 1;
                Ok(())
            }
            Some('[') if dots == ".." => Ok(()),
            Some('0'..='9') => {
                let at = self.at;
                let digits = self.take_while(|letter| letter.is_ascii_digit());
                Err(PathError::new(at, "a name after `.` cannot begin with a digit")
                    .with_hint(format!("`[{digits}]` is an element of a list, `['{digits}']` a member of an object")))
            }
            Some(letter) if is_name_char(letter) => self.scan_name(),
            Some('\'' | '"') => Err(PathError::new(
                self.at,
                "write a quoted name in brackets, without a dot",
            )
            .with_hint("`$['a name']`")),
            _ => self.fail(format!("a name or `*` must follow `{dots}`")),
        }
    }

    /// A name behind a dot, and that it ends where it seems to.
    fn scan_name(&mut self) -> ScanResult {
        let start = self.at;
        self.take_while(is_name_char);
        let end = self.at;
        // RFC 9535 allows blanks before a bracket or an operator, but none inside a name.
        let blanks = self.take_while(is_blank);
        let goes_on = match self.peek_char() {
            Some('-') if blanks.is_empty() => true,
            Some(letter) if !blanks.is_empty() => is_name_char(letter),
            Some('(') => {
                let reason = format!("`{}()` cannot be called with a dot", &self.text[start..end]);
                let hint = "RFC 9535 allows `length(@.name)` in filters; for the response itself, use the predicate `length`";
                return Err(PathError::new(end, reason).with_hint(hint));
            }
            _ => false,
        };
        if !goes_on {
            return Ok(());
        }
        self.take_while(|letter| letter == '-' || is_name_char(letter));
        let reason = "write such a name in brackets and quotes";
        Err(PathError::new(end, reason).with_hint(format!("`['{}']`", &self.text[start..self.at])))
    }

    /// A word outside quotes that no dot announces: a function or one of JSON's three words.
    fn scan_word(&mut self) -> ScanResult {
        let start = self.at;
        let word = self.take_while(is_name_char);
        if self.peek_char() == Some('(') {
            return if FUNCTIONS.contains(&word) {
                self.open_bracket(')', true)
            } else {
                Err(unknown_function(start, word))
            };
        }
        if ["true", "false", "null"].contains(&word) {
            return Ok(());
        }
        let in_filter = self.text[..start].contains('?');
        let hint = if in_filter {
            format!("write `'{word}'` for text, `@.{word}` for a member")
        } else {
            format!("`['{word}']`")
        };
        Err(PathError::new(start, format!("`{word}` must be quoted")).with_hint(hint))
    }

    fn scan_bracket(&mut self) -> ScanResult {
        if self.text[self.at + 1..]
            .trim_start_matches(is_blank)
            .starts_with('(')
        {
            let error = PathError::new(self.at + 1, "RFC 9535 has no scripts in brackets");
            return Err(
                error.with_hint("write `[?@.price > 1]` for a filter, `[-1]` for the last element")
            );
        }
        self.open_bracket(']', false)
    }

    fn open_bracket(&mut self, closed_by: char, is_call: bool) -> ScanResult {
        self.open.push(OpenBracket {
            at: self.at,
            closed_by,
            is_call,
        });
        if self.open.len() > MAX_DEPTH {
            return self.fail(format!("brackets are nested deeper than {MAX_DEPTH}"));
        }
        if self.open.iter().filter(|open| open.is_call).count() > MAX_CALL_DEPTH {
            return self.fail(format!("functions are nested deeper than {MAX_CALL_DEPTH}"));
        }
        self.at += 1;
        Ok(())
    }

    fn close_bracket(&mut self, letter: char) -> ScanResult {
        match self.open.pop() {
            Some(open) if open.closed_by == letter => {
                self.at += 1;
                Ok(())
            }
            Some(open) => self.fail(format!(
                "`{}` is expected before this `{letter}`",
                open.closed_by
            )),
            None => self.fail(format!("this `{letter}` closes nothing")),
        }
    }

    /// The library holds a number as a double or 64 bits; one that changes there would compare with
    /// something else.
    fn scan_number(&mut self) -> ScanResult {
        let start = self.at;
        self.at += usize::from(self.peek_char() == Some('-'));
        self.take_while(|letter| letter.is_ascii_digit());
        if self.rest().starts_with('.') {
            self.at += 1;
            self.take_while(|letter| letter.is_ascii_digit());
        }
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            self.at += usize::from(self.rest().starts_with(['+', '-']));
            self.take_while(|letter| letter.is_ascii_digit());
        }
        let text = &self.text[start..self.at];
        match Number::parse(text) {
            Some(number) if !is_exact(&number) => Err(PathError::new(
                start,
                format!("{text} cannot be compared exactly in a path"),
            )
            .with_hint("use a predicate instead: `some: { includes: { … } }`")),
            _ => Ok(()),
        }
    }

    fn scan_operator(&mut self) -> ScanResult {
        let rest = self.rest();
        let wrong = [
            ("===", "=="),
            ("!==", "!="),
            ("=~", "match(…) or search(…)"),
        ];
        if let Some((wrong, right)) = wrong.iter().find(|(wrong, _)| rest.starts_with(wrong)) {
            return Err(
                PathError::new(self.at, format!("`{wrong}` is not supported"))
                    .with_hint(format!("write `{right}`")),
            );
        }
        let double = ["==", "!=", "<=", ">=", "&&", "||"];
        match rest.as_bytes()[0] {
            _ if double.iter().any(|double| rest.starts_with(double)) => self.at += 2,
            byte @ (b'=' | b'&' | b'|') => {
                let letter = char::from(byte);
                return Err(
                    PathError::new(self.at, format!("`{letter}` is not supported"))
                        .with_hint(format!("write `{letter}{letter}`")),
                );
            }
            _ => self.at += 1,
        }
        Ok(())
    }
}

fn is_exact(number: &Number) -> bool {
    if number.as_str().contains(['.', 'e', 'E']) {
        return Number::parse(&format!("{:?}", number.as_f64()))
            .is_some_and(|kept| kept == *number);
    }
    number
        .as_i64()
        .is_some_and(|value| (-MAX_EXACT..=MAX_EXACT).contains(&value))
}

fn control_character(at: usize) -> PathError {
    PathError::new(at, "a line break or control character in a text")
        .with_hint("write `\\n`, `\\t` or `\\u00XX`")
}

fn unknown_function(at: usize, name: &str) -> PathError {
    let error = PathError::new(at, format!("there is no function `{name}`"));
    PathError {
        hint: did_you_mean(name, FUNCTIONS),
        ..error
    }
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}
