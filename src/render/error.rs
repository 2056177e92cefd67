//! Why a template could not be filled in.

use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// A fault with its place; it never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct RenderError {
    pub at: Span,
    pub reason: String,
    pub hint: Option<String>,
}

impl RenderError {
    #[must_use]
    pub fn new(at: Span, reason: impl Into<String>) -> Self {
        Self {
            at,
            reason: reason.into(),
            hint: None,
        }
    }

    /// The same with the name of the variable that could not be rendered.
    #[must_use]
    pub(crate) fn of_variable(self, name: &str) -> Self {
        Self {
            reason: format!("the variable `{name}`: {}", self.reason),
            ..self
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<RenderError> for Diagnostic {
    fn from(error: RenderError) -> Self {
        Self::error(error.reason)
            .at(error.at, "here")
            .maybe_hint(error.hint)
    }
}
