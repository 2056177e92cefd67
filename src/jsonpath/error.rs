//! Why a text is not a path, and why a search through a document ends early. It refuses to show a
//! parser's dump.

use super::location;
use super::query::PathSelector;
use crate::value::{DuplicateMember, JsonRef, TextPosition};

/// How many places of a document one path may look at, so that `$..*..*..*..*` ends at once.
pub(crate) const MAX_VISITS: u32 = 100_000;

/// A fault in a path; `offset` is a byte of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PathError {
    pub reason: String,
    pub offset: usize,
    pub hint: Option<String>,
}

impl PathError {
    pub(super) fn new(offset: usize, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            offset,
            hint: None,
        }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A search through a document ended early, so its result is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchLimitExceeded {
    #[error(
        "the path visits more than {MAX_VISITS} places of this response: use a more specific path"
    )]
    Visits,
    #[error("a regular expression in this response, which the path matches with, is too large")]
    RegexSize,
}

/// Why a path has no result in a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SearchError {
    #[error(transparent)]
    Limit(#[from] SearchLimitExceeded),
    #[error("{0}, so the path is ambiguous")]
    Duplicate(#[from] NameStandsTwice),
}

/// A member whose name stands again in the same object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{path}` appears twice in the response (line {}, column {} and line {}, column {})",
    first.line, first.column, second.line, second.column
)]
pub(crate) struct NameStandsTwice {
    pub(crate) path: String,
    first: TextPosition,
    second: TextPosition,
}

impl NameStandsTwice {
    pub(super) fn new(root: JsonRef<'_>, duplicate: &DuplicateMember) -> Self {
        let mut path = location::locate_place(root, duplicate.object).unwrap_or_default();
        location::push_segment(
            &mut path,
            &PathSelector::Name(duplicate.name.as_str().into()),
        );
        Self {
            path,
            first: duplicate.first,
            second: duplicate.second,
        }
    }

    /// All of a document, in the order of its text.
    pub(crate) fn all_of(root: JsonRef<'_>) -> impl Iterator<Item = Self> {
        root.duplicates_inside()
            .map(move |duplicate| Self::new(root, &duplicate))
    }
}
