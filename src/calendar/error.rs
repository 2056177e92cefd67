//! Why a time cannot be computed, read or written.

/// A fault of a shift, a zone, a unit, a format or a time, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct CalendarError {
    pub(crate) reason: String,
    pub(crate) hint: Option<String>,
}

impl CalendarError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn out_of_range() -> Self {
        Self::new("the time is outside the supported years")
    }
}
