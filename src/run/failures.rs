//! Failures of assertions, captures and `ok` as reports: every text has passed the redactor.

use super::difference_reports::difference_reports;
use crate::check::{CaptureFailure, PredicateFailure};
use crate::event::FailureReport;
use crate::model::request::Step;
use crate::redact::OutputRedactor;

pub(super) fn assertion_failure(
    failure: &PredicateFailure,
    redactor: &mut OutputRedactor<'_>,
) -> FailureReport {
    let mut actual = failure.actual.clone();
    if let Some(place) = &failure.path {
        actual.push_str(&format!(" at {place}"));
    }
    match failure.more_elements {
        0 => {}
        1 => actual.push_str(" (and one more)"),
        more => actual.push_str(&format!(" (and {more} more)")),
    }
    let differences = difference_reports(&failure.differences, redactor);
    FailureReport {
        at: failure.at,
        subject: redactor.redact_for_display(&failure.subject),
        expected: redactor.redact_for_display(&failure.expected),
        actual: redactor.redact_for_display(&actual),
        hint: failure
            .reason
            .as_ref()
            .map(|reason| redactor.redact_for_display(reason)),
        differences,
    }
}

pub(super) fn capture_failure(
    failure: &CaptureFailure,
    redactor: &mut OutputRedactor<'_>,
) -> FailureReport {
    FailureReport {
        at: failure.at,
        subject: redactor.redact_for_display(&failure.subject),
        expected: redactor.redact_for_display(&format!("a value to capture as `{}`", failure.name)),
        actual: redactor.redact_for_display(&failure.reason),
        hint: failure
            .actual
            .as_ref()
            .map(|actual| redactor.redact_for_display(actual)),
        differences: Vec::new(),
    }
}

/// The response is not what `ok` expects.
pub(super) fn unexpected_outcome(
    step: &Step,
    (expected, actual): (&str, &str),
    way_out: &str,
    redactor: &mut OutputRedactor<'_>,
) -> FailureReport {
    FailureReport {
        at: step.ok_at.unwrap_or(step.at),
        subject: redactor.redact_for_display("ok"),
        expected: redactor.redact_for_display(expected),
        actual: redactor.redact_for_display(actual),
        hint: Some(redactor.redact_for_display(&format!(
            "according to the rules of the scheme `{}`; {way_out}",
            step.scheme.name
        ))),
        differences: Vec::new(),
    }
}
