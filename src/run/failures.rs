//! What did not hold, as events: every text has passed the redactor.

use super::RunContext;
use crate::check::{CaptureFailure, DifferenceKind, DifferenceList, PredicateFailure, ValueDifference};
use crate::event::{DifferenceReport, FailureReport};
use crate::model::request::Step;
use crate::secret::Redactor;

pub fn assertion_failure(failure: &PredicateFailure, context: &RunContext<'_>) -> FailureReport {
    let mut redactor = context.redactor.borrow_mut();
    let mut actual = failure.actual.clone();
    if let Some(place) = &failure.path {
        actual.push_str(&format!(" at {place}"));
    }
    match failure.more_elements {
        0 => {}
        1 => actual.push_str(" (and one more)"),
        more => actual.push_str(&format!(" (and {more} more)")),
    }
    let differences = difference_reports(&failure.differences, &mut redactor);
    FailureReport {
        at: failure.at,
        subject: redactor.show(&failure.subject),
        expected: redactor.show(&failure.expected),
        actual: redactor.show(&actual),
        why: failure.reason.as_ref().map(|why| redactor.show(why)),
        differences,
    }
}

/// Each by itself, and how many there are more.
pub fn difference_reports(found: &DifferenceList, redactor: &mut Redactor) -> Vec<DifferenceReport> {
    let mut differences: Vec<_> = found.shown.iter().map(|difference| difference_report(difference, redactor)).collect();
    if found.omitted > 0 {
        differences.push(redactor.show(&format!("… and {} more differences", found.omitted)).into());
    }
    differences
}

fn difference_report(difference: &ValueDifference, redactor: &mut Redactor) -> DifferenceReport {
    let (expected, actual) = match &difference.kind {
        DifferenceKind::Mismatch { expected, actual } => (Some(expected), Some(actual)),
        DifferenceKind::Missing { expected } => (Some(expected), None),
        DifferenceKind::Unexpected { actual } => (None, Some(actual)),
        DifferenceKind::SchemaViolation { rule, actual } => (Some(rule), Some(actual)),
    };
    DifferenceReport {
        text: redactor.show(&difference.to_string()),
        path: Some(redactor.show(&difference.path)),
        expected: expected.map(|text| redactor.show(text)),
        actual: actual.map(|text| redactor.show(text)),
    }
}

pub fn capture_failure(failure: &CaptureFailure, context: &RunContext<'_>) -> FailureReport {
    let mut redactor = context.redactor.borrow_mut();
    FailureReport {
        at: failure.at,
        subject: redactor.show(&failure.subject),
        expected: redactor.show(&format!("something to capture as `{}`", failure.name)),
        actual: redactor.show(&failure.reason),
        why: failure.actual.as_ref().map(|actual| redactor.show(actual)),
        differences: Vec::new(),
    }
}

/// The answer is not what `ok` says.
pub fn unexpected_outcome(step: &Step, expected: &str, actual: &str, context: &RunContext<'_>) -> FailureReport {
    let mut redactor = context.redactor.borrow_mut();
    FailureReport {
        at: step.at,
        subject: redactor.show("ok"),
        expected: redactor.show(expected),
        actual: redactor.show(actual),
        why: Some(redactor.show(&format!("by the rules of the scheme `{}`", step.scheme.name))),
        differences: Vec::new(),
    }
}
