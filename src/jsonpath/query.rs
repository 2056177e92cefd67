//! A path taken apart, as RFC 9535 names its parts. Plain data; it refuses to walk.

use super::pattern::Pattern;
use crate::value::Value;

/// Everything after `$`.
#[derive(Debug)]
pub(super) struct Query {
    pub segments: Vec<Segment>,
}

/// One step of a path.
#[derive(Debug)]
pub(super) struct Segment {
    /// Whether it is a `..`, which applies to a value and to all that is inside it.
    pub descends: bool,
    pub selectors: Vec<Selector>,
}

#[derive(Debug)]
pub(super) enum Selector {
    Name(String),
    Index(i64),
    Wildcard,
    Slice(Slice),
    Filter(Condition),
}

/// `start:end:step`, as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub start: Option<i64>,
    pub end: Option<i64>,
    pub step: i64,
}

/// What a filter asks of an element.
#[derive(Debug)]
pub(super) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    Exists(Reference),
    Compare(Operand, Relation, Operand),
    Matches(Operand, Pattern),
}

/// A query inside a filter.
#[derive(Debug)]
pub(super) struct Reference {
    pub origin: Origin,
    pub segments: Vec<Segment>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// `$`
    Root,
    /// `@`
    Current,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Relation {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What yields one value, or nothing.
#[derive(Debug)]
pub(super) enum Operand {
    Literal(Value),
    /// A reference that can name one value only.
    Single(Reference),
    Length(Box<Operand>),
    Count(Reference),
    /// `value(…)`: the value, if there is exactly one.
    Only(Reference),
}

impl Query {
    pub fn is_singular(&self) -> bool {
        is_singular(&self.segments)
    }
}

impl Segment {
    /// The selector of a step that leads to one value at most.
    pub fn as_step(&self) -> Option<&Selector> {
        match self.selectors.as_slice() {
            [selector @ (Selector::Name(_) | Selector::Index(_))] if !self.descends => Some(selector),
            _ => None,
        }
    }
}

pub(super) fn is_singular(segments: &[Segment]) -> bool {
    segments.iter().all(|segment| segment.as_step().is_some())
}
