//! Why a text is no request.

use super::text_place::TextPlace;

/// Why a text is no request, and where. It quotes nothing but names of options, headers and members:
/// the rest of the text may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct ImportError {
    pub(crate) place: Option<TextPlace>,
    pub(crate) reason: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl ImportError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self {
            place: None,
            reason: reason.into(),
            hint: None,
        }
    }

    pub(super) fn at(place: TextPlace, reason: impl Into<String>) -> Self {
        Self {
            place: Some(place),
            ..Self::new(reason)
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
