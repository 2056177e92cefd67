//! Reads a path's text before the library does, and refuses what the library would take for something else, for ever, or
//! without saying where: blanks inside names, unknown words, numbers that would be rounded, brackets without a partner and
//! functions nested so deep that its parser tries every way through them. It refuses to judge the grammar as a whole.

use super::PathError;
use super::place::is_name_char;
use crate::diagnostic::did_you_mean;
use crate::value::Number;

const MAX_LEN: usize = 4096;
const MAX_DEPTH: usize = 32;
/// The library's parser takes three times as long for every level.
const MAX_CALLS: usize = 4;
/// Beyond it a double has no place for every integer, and RFC 9535 (section 2.1) for none.
const MAX_EXACT: i64 = (1 << 53) - 1;
pub(super) const FUNCTIONS: [&str; 5] = ["length", "count", "value", "match", "search"];

/// Reads the whole text.
pub(super) fn check(text: &str) -> Result<(), PathError> {
    if text.len() > MAX_LEN {
        return Err(PathError::new(0, format!("a path is no longer than {MAX_LEN} bytes")));
    }
    if !text.starts_with('$') {
        return Err(PathError::new(0, "a path begins with `$`").hint("`$` is the whole answer, `$.name` a member of it"));
    }
    if text.ends_with(is_blank) {
        return Err(PathError::new(text.trim_end_matches(is_blank).len(), "a blank stands behind the path"));
    }
    Scan { text, at: 1, open: Vec::new() }.run()
}

struct Open {
    at: usize,
    closed_by: char,
    is_call: bool,
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    open: Vec<Open>,
}

type Step = Result<(), PathError>;

impl<'t> Scan<'t> {
    fn run(mut self) -> Step {
        while let Some(letter) = self.next() {
            match letter {
                '\'' | '"' => self.quoted(letter)?,
                '.' => self.dot()?,
                '(' => self.open(')', false)?,
                '[' => self.bracket()?,
                ')' | ']' => self.close(letter)?,
                '-' | '0'..='9' => self.number()?,
                '=' | '!' | '<' | '>' | '&' | '|' => self.operator()?,
                _ if is_name_char(letter) => self.word()?,
                _ => self.at += letter.len_utf8(),
            }
        }
        self.open.pop().map_or(Ok(()), |open| Err(PathError::new(open.at, format!("no `{}` closes this", open.closed_by))))
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fail(&self, reason: impl Into<String>) -> Result<(), PathError> {
        Err(PathError::new(self.at, reason))
    }

    /// Passes over what `belongs`, and gives it back.
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let len = rest.find(|letter| !belongs(letter)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn quoted(&mut self, quote: char) -> Step {
        let start = self.at;
        let mut letters = self.rest().char_indices().skip(1);
        while let Some((offset, letter)) = letters.next() {
            match letter {
                '\\' => _ = letters.next(),
                '\0'..='\u{1f}' => return Err(control_character(start + offset)),
                _ if letter == quote => {
                    self.at = start + offset + 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(PathError::new(start, format!("no `{quote}` closes this text")))
    }

    fn dot(&mut self) -> Step {
        let dots = self.take(|letter| letter == '.');
        match self.next() {
            _ if dots.len() > 2 => self.fail("`..` looks everywhere below; there is nothing with more dots"),
            Some('*') => {
                self.at += 1;
                Ok(())
            }
            Some('[') if dots == ".." => Ok(()),
            Some('0'..='9') => {
                let at = self.at;
                let digits = self.take(|letter| letter.is_ascii_digit());
                Err(PathError::new(at, "a name after `.` cannot begin with a digit")
                    .hint(format!("`[{digits}]` is an element of a list, `['{digits}']` a member of an object")))
            }
            Some(letter) if is_name_char(letter) => self.name(),
            Some('\'' | '"') => {
                Err(PathError::new(self.at, "a quoted name stands in brackets, without a dot").hint("`$['a name']`"))
            }
            _ => self.fail(format!("a name or `*` must follow `{dots}`")),
        }
    }

    /// A name behind a dot, and that it ends where it seems to.
    fn name(&mut self) -> Step {
        let start = self.at;
        self.take(is_name_char);
        let end = self.at;
        let blanks = self.take(is_blank);
        let goes_on = match self.next() {
            Some('-') if blanks.is_empty() => true,
            Some(letter) if !blanks.is_empty() => is_name_char(letter),
            Some('(') => {
                let reason = format!("`{}()` is not asked of a value with a dot", &self.text[start..end]);
                let hint = "RFC 9535 knows `length(@.name)` in filters; for the answer itself use the predicate `length`";
                return Err(PathError::new(end, reason).hint(hint));
            }
            _ => false,
        };
        if !goes_on {
            return Ok(());
        }
        self.take(|letter| letter == '-' || is_name_char(letter));
        let reason = "such a name stands in brackets and quotes";
        Err(PathError::new(end, reason).hint(format!("`['{}']`", &self.text[start..self.at])))
    }

    /// A word outside quotes that no dot announces: a function or one of JSON's three words.
    fn word(&mut self) -> Step {
        let start = self.at;
        let word = self.take(is_name_char);
        if self.next() == Some('(') {
            return if FUNCTIONS.contains(&word) { self.open(')', true) } else { Err(unknown_function(start, word)) };
        }
        if ["true", "false", "null"].contains(&word) {
            return Ok(());
        }
        let in_filter = self.text[..start].contains('?');
        let hint = if in_filter { format!("a text is `'{word}'`, a member `@.{word}`") } else { format!("`['{word}']`") };
        Err(PathError::new(start, format!("`{word}` must be quoted")).hint(hint))
    }

    fn bracket(&mut self) -> Step {
        if self.text[self.at + 1..].trim_start_matches(is_blank).starts_with('(') {
            let error = PathError::new(self.at + 1, "RFC 9535 has no scripts in brackets");
            return Err(error.hint("a filter is `[?@.price > 1]`, the last element `[-1]`"));
        }
        self.open(']', false)
    }

    fn open(&mut self, closed_by: char, is_call: bool) -> Step {
        self.open.push(Open { at: self.at, closed_by, is_call });
        if self.open.len() > MAX_DEPTH {
            return self.fail(format!("brackets are nested deeper than {MAX_DEPTH}"));
        }
        if self.open.iter().filter(|open| open.is_call).count() > MAX_CALLS {
            return self.fail(format!("functions are nested deeper than {MAX_CALLS}"));
        }
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, letter: char) -> Step {
        match self.open.pop() {
            Some(open) if open.closed_by == letter => {
                self.at += 1;
                Ok(())
            }
            Some(open) => self.fail(format!("`{}` is expected before this `{letter}`", open.closed_by)),
            None => self.fail(format!("nothing is open that this `{letter}` could close")),
        }
    }

    /// The library holds a number as a double or 64 bits; one that changes there would compare with something else.
    fn number(&mut self) -> Step {
        let start = self.at;
        self.at += usize::from(self.next() == Some('-'));
        self.take(|letter| letter.is_ascii_digit());
        if self.rest().starts_with('.') {
            self.at += 1;
            self.take(|letter| letter.is_ascii_digit());
        }
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            self.at += usize::from(self.rest().starts_with(['+', '-']));
            self.take(|letter| letter.is_ascii_digit());
        }
        let text = &self.text[start..self.at];
        match Number::parse(text) {
            Some(number) if !is_kept(&number) => {
                Err(PathError::new(start, format!("{text} cannot be compared exactly in a path"))
                    .hint("look for it with a predicate: `some: { includes: { … } }`"))
            }
            _ => Ok(()),
        }
    }

    fn operator(&mut self) -> Step {
        let rest = self.rest();
        let wrong = [("===", "=="), ("!==", "!="), ("=~", "match(…) or search(…)")];
        if let Some((wrong, right)) = wrong.iter().find(|(wrong, _)| rest.starts_with(wrong)) {
            return Err(PathError::new(self.at, format!("`{wrong}` is not known")).hint(format!("write `{right}`")));
        }
        let double = ["==", "!=", "<=", ">=", "&&", "||"];
        match rest.as_bytes()[0] {
            _ if double.iter().any(|double| rest.starts_with(double)) => self.at += 2,
            byte @ (b'=' | b'&' | b'|') => {
                let letter = char::from(byte);
                return Err(PathError::new(self.at, format!("`{letter}` is not known")).hint(format!("write `{letter}{letter}`")));
            }
            _ => self.at += 1,
        }
        Ok(())
    }
}

fn is_kept(number: &Number) -> bool {
    if number.text().contains(['.', 'e', 'E']) {
        return Number::parse(&format!("{:?}", number.as_f64())).is_some_and(|kept| kept == *number);
    }
    number.as_i64().is_some_and(|value| (-MAX_EXACT..=MAX_EXACT).contains(&value))
}

fn control_character(at: usize) -> PathError {
    PathError::new(at, "a line break or control character in a text").hint("write `\\n`, `\\t` or `\\u00XX`")
}

fn unknown_function(at: usize, name: &str) -> PathError {
    let error = PathError::new(at, format!("there is no function `{name}`"));
    PathError { hint: did_you_mean(name, FUNCTIONS), ..error }
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}
