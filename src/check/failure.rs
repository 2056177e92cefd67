//! One failed predicate, as data for reports. Its texts are short, plain and free of control
//! characters. It holds no value of the response itself.

use super::difference::DifferenceList;
use crate::span::Span;
use std::fmt;

/// The expected and the actual value of one predicate.
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
    /// A hint: the predicate does not apply, or the value is nearly right.
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
