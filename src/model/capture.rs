//! A value taken from an answer into the scope of the steps that follow.

use crate::model::assertion::Subject;
use crate::model::conversion::Conversion;
use crate::model::lazy_regex::LazyRegex;
use crate::span::Span;
use crate::value::Value;

/// One line of a `capture` map.
#[derive(Clone, Debug)]
pub struct Capture {
    pub name: String,
    pub name_at: Span,
    pub from: Subject,
    /// Where the source of the value is written.
    pub at: Span,
    /// What is made of the value before it is kept.
    pub conversions: Vec<Conversion>,
    /// The value is a secret from the moment that it is received.
    pub is_secret: bool,
    /// All values of a header, as a list; without it, a header that comes more than once is an
    /// error.
    pub takes_all: bool,
    /// An expression with one group: what the group finds in the text is captured.
    pub pattern: Option<LazyRegex>,
    /// Taken where the response does not have the value.
    pub default: Option<Value>,
}

impl Capture {
    /// The parts of a text that are captured: what the group of the pattern finds, or the whole.
    pub(crate) fn parts_of<'t>(&self, text: &'t str) -> Vec<&'t str> {
        match &self.pattern {
            None => vec![text],
            Some(pattern) => pattern
                .captures_iter(text)
                .filter_map(|found| found.get(1))
                .map(|group| group.as_str())
                .collect(),
        }
    }
}
