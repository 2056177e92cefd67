//! What did not hold, as events: every text has passed the redactor.

use super::Context;
use crate::check::{CaptureFailure, Change, Difference, Differences, Failure};
use crate::event::{DifferenceReport, FailureReport};
use crate::model::request::Step;
use crate::secret::Redactor;

pub fn of_assertion(failure: &Failure, context: &Context<'_>) -> FailureReport {
    let mut redactor = context.redactor.borrow_mut();
    let mut actual = failure.actual.clone();
    if let Some(place) = &failure.place {
        actual.push_str(&format!(" at {place}"));
    }
    match failure.also {
        0 => {}
        1 => actual.push_str(" (and one more)"),
        more => actual.push_str(&format!(" (and {more} more)")),
    }
    let differences = of_differences(&failure.differences, &mut redactor);
    FailureReport {
        at: failure.at,
        subject: redactor.show(&failure.subject),
        expected: redactor.show(&failure.expected),
        actual: redactor.show(&actual),
        why: failure.why.as_ref().map(|why| redactor.show(why)),
        differences,
    }
}

/// Each by itself, and how many there are more.
pub fn of_differences(found: &Differences, redactor: &mut Redactor) -> Vec<DifferenceReport> {
    let mut differences: Vec<_> = found.shown.iter().map(|difference| of_difference(difference, redactor)).collect();
    if found.more > 0 {
        differences.push(redactor.show(&format!("… and {} more differences", found.more)).into());
    }
    differences
}

fn of_difference(difference: &Difference, redactor: &mut Redactor) -> DifferenceReport {
    let (expected, actual) = match &difference.change {
        Change::Other { expected, actual } => (Some(expected), Some(actual)),
        Change::Missing { expected } => (Some(expected), None),
        Change::Unexpected { actual } => (None, Some(actual)),
        Change::Breaks { rule, actual } => (Some(rule), Some(actual)),
    };
    DifferenceReport {
        text: redactor.show(&difference.to_string()),
        path: Some(redactor.show(&difference.path)),
        expected: expected.map(|text| redactor.show(text)),
        actual: actual.map(|text| redactor.show(text)),
    }
}

pub fn of_capture(failure: &CaptureFailure, context: &Context<'_>) -> FailureReport {
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
pub fn unexpected(step: &Step, expected: &str, actual: &str, context: &Context<'_>) -> FailureReport {
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
