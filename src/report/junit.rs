//! `JUnit` XML, as CI servers read it: a suite for each request file, a case for each unit; earlier
//! attempts as `flakyFailure` and `rerunFailure`, the way of surefire and nextest.

use super::document::{
    AttemptEntry, LeftoverEntry, NoticeEntry, RunDocument, UnitEntry, VerdictWord,
};
use super::duration_text::duration_from_ms;
use super::error::{ReportError, timestamp};
use super::failure_text::{exchange_text, failure_text, leftover_text, notice_text, remark_lines};
use crate::redact::escape_control_chars;
use quick_junit::{
    NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite,
};

/// # Errors
/// When a time has no spelling, or the XML cannot be made.
pub(super) fn write(document: &RunDocument) -> Result<String, ReportError> {
    let mut report = Report::new("ingam");
    report.set_time(duration_from_ms(document.duration_ms));
    for units in group_by_file(&document.units) {
        report.add_test_suite(test_suite(document, units)?);
    }
    if !document.not_undone.is_empty() {
        report.add_test_suite(leftover_suite(document));
    }
    if !document.notices.is_empty() {
        report.add_test_suite(notice_suite(document));
    }
    Ok(report.to_string()?)
}

/// Text that XML 1.0 allows (section 2.2). The writer would remove what it does not allow, and all
/// that looks like a command for a terminal, without a trace.
fn xml(text: &str) -> String {
    escape_control_chars(text)
}

/// Neighbours of one file; the plan may come back to a file, which is another suite then.
fn group_by_file(units: &[UnitEntry]) -> impl Iterator<Item = &[UnitEntry]> {
    units.chunk_by(|left, right| left.request_name() == right.request_name())
}

fn test_suite(document: &RunDocument, units: &[UnitEntry]) -> Result<TestSuite, ReportError> {
    let file = units.first().map(UnitEntry::request_name);
    let mut suite = TestSuite::new(xml(file.unwrap_or_default()));
    let begun = units.first().map_or(0.0, |unit| unit.started_ms);
    suite.set_time(
        units
            .iter()
            .map(|unit| duration_from_ms(unit.duration_ms))
            .sum(),
    );
    let timestamp = timestamp(document.unix_ms(begun))?;
    suite
        .extra
        .insert("timestamp".into(), timestamp.to_string().into());
    suite.add_property(Property::new("environment", xml(&document.environment)));
    suite.add_property(Property::new("run_id", xml(&document.run_id)));
    suite.add_test_cases(units.iter().map(test_case));
    Ok(suite)
}

fn test_case(unit: &UnitEntry) -> TestCase {
    let mut case = TestCase::new(xml(&unit.id), test_status(unit));
    case.set_classname(xml(&unit.request_name().replace('/', ".")))
        .set_time(duration_from_ms(unit.duration_ms));
    case.extra.insert("file".into(), xml(&unit.at.file).into());
    case.extra
        .insert("line".into(), unit.at.line.to_string().into());
    let account = unit
        .account
        .iter()
        .map(|account| Property::new("account", xml(account)));
    let schemes = unit
        .schemes
        .iter()
        .map(|scheme| Property::new("scheme", xml(scheme)));
    case.add_properties(
        account
            .chain(schemes)
            .chain(unit.tags.iter().map(|tag| Property::new("tag", xml(tag)))),
    );
    if unit.verdict.is_failure() || remark_lines(unit).next().is_some() {
        // Not the exchanges of what passed: CI servers limit the size of this file.
        case.set_system_out(xml(&exchange_text(unit)));
    }
    case
}

fn test_status(unit: &UnitEntry) -> TestCaseStatus {
    let mut status = match unit.verdict {
        VerdictWord::Pass => TestCaseStatus::success(),
        VerdictWord::Skip => TestCaseStatus::skipped(),
        VerdictWord::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        VerdictWord::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if unit.verdict != VerdictWord::Pass {
        // In one line: XML 1.0, section 3.3.3, turns line ends of an attribute into blanks. The
        // full text is in the element.
        status.set_message(xml(&unit.headline()));
    }
    if unit.verdict.is_failure() {
        status
            .set_type(unit.verdict.name())
            .set_description(xml(&format!("\n{}", failure_text(unit))));
    }
    if unit.verdict != VerdictWord::Skip {
        status.add_reruns(unit.attempts().map(test_rerun));
    }
    status
}

fn test_rerun(attempt: &AttemptEntry) -> TestRerun {
    // Without a status nothing came back.
    let kind = if attempt.status.is_some() {
        NonSuccessKind::Failure
    } else {
        NonSuccessKind::Error
    };
    let mut rerun = TestRerun::new(kind);
    rerun
        .set_message(xml(&super::document::one_line(&attempt.reason)))
        .set_type("attempt");
    if let Some(latency) = attempt.latency_ms {
        rerun.set_time(duration_from_ms(latency));
    }
    rerun
}

/// A failed undo belongs to no unit, so it is a case of its own and fails the report.
fn leftover_suite(document: &RunDocument) -> TestSuite {
    let mut suite = TestSuite::new("fixtures");
    suite.add_test_cases(document.not_undone.iter().map(|undo: &LeftoverEntry| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status
            .set_message(xml(&super::document::one_line(&leftover_text(undo))))
            .set_type("undo");
        status.set_description(xml(&format!("\n{}\n{}\n", undo.at, undo.reason)));
        TestCase::new(xml(&format!("undo of {}", undo.fixture)), status)
    }));
    suite
}

/// What belongs to no unit: each error is a case that fails the report, and the warnings are the
/// output of the suite.
fn notice_suite(document: &RunDocument) -> TestSuite {
    let mut suite = TestSuite::new("run");
    suite.add_test_cases(document.errors().map(notice_case));
    let warnings: String = document.warnings().map(notice_text).collect();
    if !warnings.is_empty() {
        suite.set_system_out(xml(&warnings));
    }
    suite
}

fn notice_case(notice: &NoticeEntry) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status
        .set_message(xml(&notice.headline()))
        .set_type("run")
        .set_description(xml(&format!("\n{}", notice_text(notice))));
    // A name of its own, so that a server does not take two faults for one test.
    let name = notice.at.as_ref().map_or_else(
        || notice.headline(),
        |at| format!("{at}: {}", notice.headline()),
    );
    let mut case = TestCase::new(xml(&name), status);
    case.set_classname("run");
    if let Some(at) = &notice.at {
        case.extra.insert("file".into(), xml(&at.file).into());
        case.extra.insert("line".into(), at.line.to_string().into());
    }
    case
}

#[cfg(test)]
mod tests {
    use super::super::test_documents::retried_document;
    use super::*;

    #[test]
    fn earlier_attempts_of_what_passed_are_flaky_and_of_what_failed_are_reruns() {
        let flaky = write(&retried_document(VerdictWord::Pass)).unwrap();
        assert!(
            flaky.contains(
                r#"<flakyFailure time="0.012" message="503 from the server" type="attempt">"#
            ),
            "{flaky}"
        );
        assert!(
            flaky.contains(r#"<flakyError message="cannot connect" type="attempt">"#),
            "{flaky}"
        );
        let failed = write(&retried_document(VerdictWord::Fail)).unwrap();
        assert!(
            failed.contains("<rerunFailure ")
                && failed.contains("<rerunError ")
                && failed.contains("<failure "),
            "{failed}"
        );
    }
}
