//! One failing predicate, as data for whoever reports it. Its texts are short, plain and free of
//! control characters; it refuses to hold a value of the answer itself.

use super::difference::DifferenceList;
use crate::span::Span;
use std::fmt;

/// What was expected, and what came instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateFailure {
    /// Where the failing predicate is written.
    pub at: Span,
    /// The subject as written: `$.items[*].price`.
    pub subject: String,
    /// The predicate of the subject: `each` also when it is the `above` under it that fails.
    pub predicate: &'static str,
    /// `above 0`
    pub expected: String,
    /// `0 (number)`
    pub actual: String,
    /// Which part of the subject it is, as a path into the body: `$.items[3].price`.
    pub path: Option<String>,
    /// How many more elements of the list fail alike.
    pub more_elements: usize,
    /// What to think of: a predicate that does not apply, a value that is nearly right.
    pub reason: Option<String>,
    /// For lists and objects, where they differ.
    pub differences: DifferenceList,
}

impl fmt::Display for PredicateFailure {
    /// In one line, without the differences.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: expected {}, got {}",
            self.subject, self.expected, self.actual
        )?;
        if let Some(place) = &self.path {
            write!(f, " at {place}")?;
        }
        match self.more_elements {
            0 => {}
            1 => f.write_str(" (and one more)")?,
            more => write!(f, " (and {more} more)")?,
        }
        self.reason
            .as_ref()
            .map_or(Ok(()), |why| write!(f, "; {why}"))
    }
}
