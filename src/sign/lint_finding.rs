//! One finding of the checks of a scheme.

use crate::model::scheme::LintRule;
use crate::span::Span;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintFinding {
    pub at: Span,
    pub message: String,
    /// Wrong, and not only worth a look.
    pub is_error: bool,
    /// What a file names to allow it; errors cannot be allowed.
    pub rule: Option<LintRule>,
}

impl LintFinding {
    pub(crate) fn error(at: Span, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            is_error: true,
            rule: None,
        }
    }

    pub(super) fn warning(rule: LintRule, at: Span, message: String) -> Self {
        Self {
            at,
            message,
            is_error: false,
            rule: Some(rule),
        }
    }
}
