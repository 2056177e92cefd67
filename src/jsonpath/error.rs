//! Why a text is not a path, and why a search through a document ends early. It refuses to show a
//! parser's dump.

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
        "the path looks at more than {MAX_VISITS} places of this answer; name what it looks for more exactly"
    )]
    Visits,
    #[error("a regular expression in this answer, which the path matches with, is too large")]
    RegexSize,
}
