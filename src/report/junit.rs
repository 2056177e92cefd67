//! JUnit XML, as CI servers read it: a suite for each request file, a case for each unit; earlier attempts as `flakyFailure`
//! and `rerunFailure`, the way of surefire and nextest.

use super::diagnostic::{diagnostic, exchanges, left_over};
use super::document::{Attempt, Document, NotUndone, Unit, Word, duration};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

/// # Errors
/// When the XML cannot be made, which no text of a run can cause.
pub fn write(document: &Document) -> Result<String, String> {
    let mut report = Report::new("ingam");
    report.set_time(duration(document.duration_ms));
    for units in by_file(&document.units) {
        report.add_test_suite(suite(document, units));
    }
    if !document.not_undone.is_empty() {
        report.add_test_suite(not_undone(document));
    }
    report.to_string().map_err(|error| error.to_string())
}

/// Neighbours of one file; the plan may come back to a file, which is another suite then.
fn by_file(units: &[Unit]) -> impl Iterator<Item = &[Unit]> {
    units.chunk_by(|left, right| left.request() == right.request())
}

fn suite(document: &Document, units: &[Unit]) -> TestSuite {
    let mut suite = TestSuite::new(units.first().map(Unit::request).unwrap_or_default());
    let begun = units.first().map_or(0.0, |unit| unit.started_ms);
    suite.set_time(units.iter().map(|unit| duration(unit.duration_ms)).sum());
    let timestamp = jiff::Timestamp::from_millisecond(document.unix_ms(begun)).unwrap_or_default();
    suite.extra.insert("timestamp".into(), timestamp.to_string().into());
    suite.add_property(Property::new("environment", &document.environment));
    suite.add_property(Property::new("run_id", &document.run_id));
    suite.add_test_cases(units.iter().map(case));
    suite
}

fn case(unit: &Unit) -> TestCase {
    let mut case = TestCase::new(unit.id.as_str(), status(unit));
    case.set_classname(unit.request().replace('/', ".")).set_time(duration(unit.duration_ms));
    case.extra.insert("file".into(), unit.at.file.as_str().into());
    case.extra.insert("line".into(), unit.at.line.to_string().into());
    let account = unit.account.iter().map(|account| Property::new("account", account));
    let schemes = unit.schemes.iter().map(|scheme| Property::new("scheme", scheme));
    case.add_properties(account.chain(schemes).chain(unit.tags.iter().map(|tag| Property::new("tag", tag))));
    if unit.verdict.is_bad() {
        case.set_system_out(exchanges(unit));
    }
    case
}

fn status(unit: &Unit) -> TestCaseStatus {
    let mut status = match unit.verdict {
        Word::Pass => TestCaseStatus::success(),
        Word::Skip => TestCaseStatus::skipped(),
        Word::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Word::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if unit.verdict != Word::Pass {
        status.set_message(unit.headline());
    }
    if unit.verdict.is_bad() {
        status.set_type(unit.verdict.name()).set_description(format!("\n{}", diagnostic(unit)));
    }
    if unit.verdict != Word::Skip {
        status.add_reruns(unit.attempts().map(rerun));
    }
    status
}

fn rerun(attempt: &Attempt) -> TestRerun {
    // Without a status nothing came back.
    let kind = if attempt.status.is_some() { NonSuccessKind::Failure } else { NonSuccessKind::Error };
    let mut rerun = TestRerun::new(kind);
    rerun.set_message(super::document::one_line(&attempt.reason)).set_type("attempt");
    if let Some(latency) = attempt.latency_ms {
        rerun.set_time(duration(latency));
    }
    rerun
}

/// A clean-up that failed is nobody's case, and must be seen all the same.
fn not_undone(document: &Document) -> TestSuite {
    let mut suite = TestSuite::new("fixtures");
    suite.add_test_cases(document.not_undone.iter().map(|undo: &NotUndone| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(super::document::one_line(&left_over(undo))).set_type("undo");
        status.set_description(format!("\n{}\n{}\n", undo.at, undo.reason));
        TestCase::new(format!("undo of {}", undo.fixture), status)
    }));
    suite
}

#[cfg(test)]
mod tests {
    use super::super::testing::tried_twice;
    use super::*;

    #[test]
    fn earlier_attempts_of_what_passed_are_flaky_and_of_what_failed_are_reruns() {
        let flaky = write(&tried_twice(Word::Pass)).unwrap();
        assert!(flaky.contains(r#"<flakyFailure time="0.012" message="503 from the server" type="attempt">"#), "{flaky}");
        assert!(flaky.contains(r#"<flakyError message="cannot connect" type="attempt">"#), "{flaky}");
        let failed = write(&tried_twice(Word::Fail)).unwrap();
        assert!(failed.contains("<rerunFailure ") && failed.contains("<rerunError ") && failed.contains("<failure "), "{failed}");
    }
}
