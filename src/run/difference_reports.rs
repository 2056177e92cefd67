//! Differences of two values as reports: every text has passed the redactor.

use crate::check::{DifferenceKind, DifferenceList, ValueDifference};
use crate::event::DifferenceReport;
use crate::redact::OutputRedactor;

/// A report for each difference, and one for the number of those left out.
pub(super) fn difference_reports(
    found: &DifferenceList,
    redactor: &mut OutputRedactor<'_>,
) -> Vec<DifferenceReport> {
    let mut differences: Vec<_> = found
        .shown
        .iter()
        .map(|difference| difference_report(difference, redactor))
        .collect();
    if found.omitted > 0 {
        differences.push(
            redactor
                .redact_for_display(&format!("… and {} more differences", found.omitted))
                .into(),
        );
    }
    differences
}

fn difference_report(
    difference: &ValueDifference,
    redactor: &mut OutputRedactor<'_>,
) -> DifferenceReport {
    let (expected, actual) = match &difference.kind {
        DifferenceKind::Mismatch { expected, actual } => (Some(expected), Some(actual)),
        DifferenceKind::Missing { expected } => (Some(expected), None),
        DifferenceKind::Unexpected { actual } => (None, Some(actual)),
        DifferenceKind::SchemaViolation { rule, actual } => (Some(rule), Some(actual)),
    };
    DifferenceReport {
        text: redactor.redact_for_display(&difference.to_string()),
        path: Some(redactor.redact_for_display(&difference.path)),
        expected: expected.map(|text| redactor.redact_for_display(text)),
        actual: actual.map(|text| redactor.redact_for_display(text)),
    }
}
