//! Why a text is not a path. It refuses to show a parser's dump.

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
