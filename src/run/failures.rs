//! What did not hold, as events: every text has passed the redactor.

use super::Context;
use crate::check::{CaptureFailure, Differences, Failure};
use crate::event::FailureReport;
use crate::model::request::Step;
use crate::secret::{Redactor, Shown};

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

/// Each on a line, and how many there are more.
pub fn of_differences(found: &Differences, redactor: &mut Redactor) -> Vec<Shown> {
    let mut differences: Vec<_> = found.shown.iter().map(|difference| redactor.show(&difference.to_string())).collect();
    if found.more > 0 {
        differences.push(redactor.show(&format!("… and {} more differences", found.more)));
    }
    differences
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
