//! A value taken from an answer into the scope of the steps that follow.

use crate::model::assertion::Subject;
use crate::span::Span;

/// One line of a `capture` map.
#[derive(Clone, Debug)]
pub struct Capture {
    pub name: String,
    pub name_at: Span,
    /// A `JSONPath` or a header.
    pub from: Subject,
    /// Where the source of the value is written.
    pub at: Span,
    /// The value is a secret from the moment that it is received.
    pub is_secret: bool,
    /// All values of a header, as a list; without it, a header that comes more than once is an
    /// error.
    pub takes_all: bool,
}
