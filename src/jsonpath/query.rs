//! A path taken apart, as RFC 9535 names its parts. Plain data; it refuses to walk.

use super::name_search::NameSearch;
use crate::value::{MemberName, Value};
use regex::Regex;
use std::sync::OnceLock;

/// Everything after `$`.
#[derive(Debug)]
pub(super) struct PathQuery {
    pub(super) segments: Vec<PathSegment>,
    /// Prepared when a text is searched for the first time.
    pub(super) name_search: OnceLock<NameSearch>,
}

/// One step of a path.
#[derive(Debug)]
pub(super) struct PathSegment {
    /// Whether it is a `..`, which applies to a value and to all that is inside it.
    pub(super) is_descendant: bool,
    pub(super) selectors: Vec<PathSelector>,
}

#[derive(Debug)]
pub(super) enum PathSelector {
    Name(MemberName),
    Index(i64),
    Wildcard,
    Slice(SliceSelector),
    Filter(FilterExpression),
}

/// `start:end:step`, as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct SliceSelector {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) step: i64,
}

/// The condition of a filter.
#[derive(Debug)]
pub(super) enum FilterExpression {
    Or(Vec<FilterExpression>),
    And(Vec<FilterExpression>),
    Not(Box<FilterExpression>),
    Exists(FilterQuery),
    Compare(FilterOperand, ComparisonOperator, FilterOperand),
    Matches(FilterOperand, RegexPattern),
}

/// A query inside a filter.
#[derive(Debug)]
pub(super) struct FilterQuery {
    pub(super) origin: QueryOrigin,
    pub(super) segments: Vec<PathSegment>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum QueryOrigin {
    /// `$`
    Root,
    /// `@`
    Current,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ComparisonOperator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An operand with one value, or none.
#[derive(Debug)]
pub(super) enum FilterOperand {
    Literal(Value),
    /// A reference that can name one value only.
    SingularQuery(FilterQuery),
    Length(Box<FilterOperand>),
    Count(FilterQuery),
    /// `value(…)`: the value, if there is exactly one.
    ValueFunction(FilterQuery),
}

/// How a text is held to an expression.
#[derive(Clone, Copy, Debug)]
pub(super) enum MatchExtent {
    /// `match()`: the whole text.
    Whole,
    /// `search()`: any part of it.
    Substring,
}

/// The second argument of `match()` or `search()`.
#[derive(Debug)]
pub(super) enum RegexPattern {
    /// Written in the path, compiled once.
    Compiled(Regex),
    /// Known only when a document is there.
    Dynamic(MatchExtent, Box<FilterOperand>),
    /// Written in the path and not a string. By RFC 9535 it matches nothing.
    Unmatchable,
}

impl FilterOperand {
    /// How many queries it is: 1 or 0.
    pub(super) fn queries(&self) -> u32 {
        u32::from(matches!(self, Self::SingularQuery(_)))
    }

    /// Whether its value stands in the path or in the document, and is not computed.
    pub(super) fn is_in_place(&self) -> bool {
        matches!(self, Self::Literal(_) | Self::SingularQuery(_))
    }
}

impl From<Vec<PathSegment>> for PathQuery {
    fn from(segments: Vec<PathSegment>) -> Self {
        Self {
            segments,
            name_search: OnceLock::new(),
        }
    }
}

impl PathQuery {
    pub(super) fn is_singular(&self) -> bool {
        is_singular(&self.segments)
    }
}

impl PathSegment {
    /// The names that it selects, as JSON writes them; `None` where it selects anything else.
    pub(super) fn plain_names(&self) -> Option<Vec<&str>> {
        let names = self.selectors.iter().map(|selector| match selector {
            // JSON escapes these in every name.
            PathSelector::Name(name) if !name.contains(['"', '\\', '/']) => Some(&**name),
            _ => None,
        });
        names.collect()
    }

    /// The selector of a step that leads to one value at most.
    pub(super) fn as_singular(&self) -> Option<&PathSelector> {
        match self.selectors.as_slice() {
            [selector @ (PathSelector::Name(_) | PathSelector::Index(_))]
                if !self.is_descendant =>
            {
                Some(selector)
            }
            _ => None,
        }
    }
}

pub(super) fn is_singular(segments: &[PathSegment]) -> bool {
    segments
        .iter()
        .all(|segment| segment.as_singular().is_some())
}
