//! The regular expressions of `match()` and `search()`: I-Regexp (RFC 9485) on top of the `regex`
//! crate. It refuses expressions that compile to more than a megabyte.

use super::query::MatchExtent;
use regex::{Regex, RegexBuilder};

/// Keeps `(a{1,100}){1,100}` and its like from taking seconds over one text.
const MAX_SIZE: usize = 1 << 20;

/// Compiles an expression as RFC 9535 sections 2.4.6 and 2.4.7 read it.
pub(super) fn compile_regex(pattern: &str, extent: MatchExtent) -> Result<Regex, regex::Error> {
    let inner = translate(pattern);
    let whole = match extent {
        // The group keeps alternatives together: `\Aa|b\z` would also match a text that only ends
        // in `b`.
        MatchExtent::Whole => format!(r"\A(?:{inner})\z"),
        MatchExtent::Substring => inner,
    };
    RegexBuilder::new(&whole).size_limit(MAX_SIZE).build()
}

/// Where I-Regexp and the crate mean different things: `.` is neither `\n` nor `\r`, and a class
/// knows no nesting.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let (mut escaped, mut in_class) = (false, false);
    for letter in pattern.chars() {
        match letter {
            _ if escaped => out.push(letter),
            // RFC 9485, section 5: a dot outside of a class becomes this.
            '.' if !in_class => out.push_str(r"[^\n\r]"),
            // In a class the crate reads `[`, `&&` and `~~` as operations on sets; in an I-Regexp
            // they are characters.
            '[' | '&' | '~' if in_class => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_is_no_line_break_and_a_class_holds_plain_letters() {
        let matches = |pattern, text| {
            compile_regex(pattern, MatchExtent::Whole)
                .unwrap()
                .is_match(text)
        };
        assert!(matches("a.c", "a\u{2028}c") && !matches("a.c", "a\rc"));
        assert!(matches(r"a\.c", "a.c") && !matches(r"a\.c", "abc"));
        assert!(matches("[.]", ".") && !matches("[.]", "x"));
        assert!(matches("[a&&b]+", "a&b") && matches(r"[\]~~]+", "]~"));
    }

    #[test]
    fn an_expression_that_grows_without_bounds_is_refused() {
        assert!(compile_regex("((a{1,100}){1,100}){1,100}", MatchExtent::Substring).is_err());
    }
}
