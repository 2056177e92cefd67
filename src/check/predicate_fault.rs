//! What can be wrong with a predicate before any response is there, and what is known of its
//! operand.

use crate::diagnostic::Diagnostic;
use crate::model::assertion::{ComparisonBound, Predicate, PredicateTest};
use crate::model::template::{TemplateTree, TemplateTreeKind};
use crate::span::Span;
use crate::value::Number;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PredicateFaultKind {
    /// It does not apply to its subject, so it fails under `not` and `none` too.
    Inapplicable,
    NeverHolds,
    AlwaysHolds,
    /// Another predicate beside it says the same.
    Redundant,
}

/// A predicate that decides nothing, or that no response can meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PredicateFault {
    pub(crate) at: Span,
    pub(crate) kind: PredicateFaultKind,
    pub(crate) reason: String,
    pub(crate) hint: Option<String>,
}

impl PredicateFault {
    pub(super) fn new(
        predicate: &Predicate,
        kind: PredicateFaultKind,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            at: predicate.at,
            kind,
            reason: reason.into(),
            hint: None,
        }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<PredicateFault> for Diagnostic {
    fn from(fault: PredicateFault) -> Self {
        let diagnostic = match fault.kind {
            PredicateFaultKind::Inapplicable | PredicateFaultKind::NeverHolds => {
                Self::error("this can never pass")
            }
            PredicateFaultKind::AlwaysHolds => {
                Self::error("this always passes, so it tests nothing")
            }
            PredicateFaultKind::Redundant => Self::warning("this has no effect"),
        };
        diagnostic.at(fault.at, fault.reason).maybe_hint(fault.hint)
    }
}

/// The type that an operand certainly has.
pub(super) fn static_type(tree: &TemplateTree) -> Option<&'static str> {
    match &tree.kind {
        TemplateTreeKind::Constant(value) => Some(value.type_name()),
        TemplateTreeKind::List(_) => Some("array"),
        TemplateTreeKind::Object(_) => Some("object"),
        // Text around an expression makes the result text. An expression alone can give any type.
        TemplateTreeKind::Template(template) if template.as_expression().is_none() => {
            Some("string")
        }
        TemplateTreeKind::Template(_) => None,
    }
}

/// A bound that does not depend on a template.
pub(super) fn constant_bound(bound: &ComparisonBound) -> Option<&Number> {
    match bound {
        ComparisonBound::Value(tree) => tree.as_constant()?.as_number(),
        ComparisonBound::Duration(_) => None,
    }
}

/// A constant that a predicate compares with, if it compares with one at all.
pub(super) fn constant_operand(test: &PredicateTest) -> Option<&crate::value::Value> {
    test.operand()?.as_constant()
}
