//! A regular expression that is compiled when it is first matched. Most of those that a scheme holds
//! are never needed in a run, and to compile one takes twenty times as long as to parse it.

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// In bytes, of the compiled program: `(a{1000}){1000}` is 15 bytes of a file and would compile to a
/// million states.
const SIZE_LIMIT: usize = 1 << 20;

/// An expression of fewer units is certain to stay below [`SIZE_LIMIT`]: no unit compiles to more
/// than 128 bytes.
const MAX_LAZY_UNITS: usize = 4096;

/// An expression that is known to compile. Copies share what was compiled.
#[derive(Clone)]
pub struct LazyRegex(Arc<CheckedExpression>);

struct CheckedExpression {
    written: String,
    /// How many groups it captures, without the whole.
    groups: usize,
    /// It is known to match no text without letters.
    needs_letters: bool,
    compiled: OnceLock<Regex>,
}

impl LazyRegex {
    /// Parses an expression. One that could be too large is compiled at once.
    ///
    /// # Errors
    /// When it is no expression, or too large.
    pub fn new(written: &str) -> Result<Self, regex::Error> {
        if let Ok(hir) = regex_syntax::parse(written)
            && units(&hir) <= MAX_LAZY_UNITS
        {
            let properties = hir.properties();
            return Ok(Self(Arc::new(CheckedExpression {
                written: written.to_owned(),
                groups: properties.explicit_captures_len(),
                needs_letters: properties.minimum_len() != Some(0),
                compiled: OnceLock::new(),
            })));
        }
        let compiled = compile(written)?;
        Ok(Self(Arc::new(CheckedExpression {
            written: written.to_owned(),
            groups: compiled.captures_len() - 1,
            needs_letters: false,
            compiled: OnceLock::from(compiled),
        })))
    }

    /// As it is written. Unlike that of [`Regex`], it compiles nothing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.written
    }

    /// How many groups it captures, without the whole.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.0.groups
    }

    /// Whether it matches the empty text. Most need a letter, which shows without compiling them.
    #[must_use]
    pub fn matches_empty_text(&self) -> bool {
        !self.0.needs_letters && self.is_match("")
    }
}

impl Deref for LazyRegex {
    type Target = Regex;

    #[expect(clippy::expect_used, reason = "`new` refuses what does not compile")]
    fn deref(&self) -> &Regex {
        let compile = || compile(&self.0.written).expect("an expression that was parsed");
        self.0.compiled.get_or_init(compile)
    }
}

impl fmt::Display for LazyRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.written)
    }
}

impl fmt::Debug for LazyRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LazyRegex({})", self.0.written)
    }
}

fn compile(written: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(written).size_limit(SIZE_LIMIT).build()
}

/// How large an expression gets at most, each counted repetition written out.
fn units(hir: &Hir) -> usize {
    let all = |parts: &[Hir]| {
        parts
            .iter()
            .fold(2_usize, |sum, part| sum.saturating_add(units(part)))
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        // A range of letters is split by the length of their encoding, up to four bytes each.
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(32),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1) as usize;
            units(&repetition.sub)
                .saturating_add(2)
                .saturating_mul(times.saturating_add(1))
        }
        HirKind::Capture(capture) => units(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => all(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_compiled_when_it_is_first_matched() {
        let regex = LazyRegex::new("^([a-z]+)-([0-9]{2,4})$").unwrap();
        assert_eq!(
            (regex.as_str(), regex.groups()),
            ("^([a-z]+)-([0-9]{2,4})$", 2)
        );
        assert!(!regex.matches_empty_text());
        assert!(regex.0.compiled.get().is_none());
        assert!(regex.is_match("ab-123") && !regex.is_match("ab-12345"));
        assert!(regex.0.compiled.get().is_some());
    }

    #[test]
    fn what_does_not_compile_is_refused_at_once() {
        for written in [
            "(",
            "a{2,1}",
            r"\p{Nothing}",
            "((a{1,100}){1,100}){1,100}",
            r"(\w{100}){100}",
        ] {
            let error = LazyRegex::new(written).unwrap_err();
            assert_eq!(error, compile(written).unwrap_err(), "{written}");
        }
    }

    #[test]
    fn a_large_one_that_compiles_is_compiled_at_once() {
        let regex = LazyRegex::new("[a-z]{1,200}").unwrap();
        assert!(regex.0.compiled.get().is_some());
    }

    proptest! {
        #[test]
        fn whatever_is_left_for_later_compiles(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "가", ".", r"\w", r"\d", r"\pL", r"\PL", "[^a]", "[a-zà-ÿ가-힣]", "(?i)", "(?i:k)",
                    "(", ")", "|", "*", "+", "?", "{3}", "{2,9}", "{30,}", "{0,60}", "^", "$", r"\b", "(?-u:",
                ]),
                1..24,
            )
        ) {
            let written = parts.concat();
            if let Ok(regex) = LazyRegex::new(&written) {
                let compiled = compile(&written);
                prop_assert!(compiled.is_ok(), "{}", written);
                let compiled = compiled.unwrap();
                prop_assert_eq!(compiled.captures_len() - 1, regex.groups());
                prop_assert_eq!(compiled.is_match(""), regex.matches_empty_text());
            }
        }
    }
}
