//! The Common Test Report Format, <https://ctrf.io>: one JSON document for many CI tools.

use super::document::{
    AttemptEntry, LeftoverEntry, NoticeEntry, RunDocument, UnitEntry, VerdictWord,
};
use super::error::ReportError;
use super::failure_text::{failure_text, leftover_text, notice_text, remark_lines};
use serde_json::{Map, Value, json};

/// The version of the specification that this is written by.
const SPEC_VERSION: &str = "0.0.0";

/// # Errors
/// When it cannot be written as JSON.
pub(super) fn write(document: &RunDocument) -> Result<String, ReportError> {
    let mut report = json!({
        "reportFormat": "CTRF",
        "specVersion": SPEC_VERSION,
        "timestamp": document.started.to_string(),
        "generatedBy": "ingam",
        "results": {
            "tool": { "name": "ingam", "version": document.ingam },
            "summary": summary(document),
            "tests": tests(document),
            "environment": { "testEnvironment": document.environment, "extra": { "run_id": document.run_id } },
        },
    });
    let warnings: Vec<String> = document.warnings().map(notice_text).collect();
    if !warnings.is_empty() {
        report["results"]["extra"] = json!({ "warnings": warnings });
    }
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn summary(document: &RunDocument) -> Value {
    let (start, stop) = (
        document.unix_ms(0.0),
        document.unix_ms(document.duration_ms),
    );
    let counts = &document.summary;
    json!({
        "tests": document.units.len() + counts.not_undone + counts.run_errors,
        "passed": counts.passed,
        // CTRF knows no errors. Tools do not take `other` for a failure.
        "failed": counts.failed + counts.errors + counts.not_undone + counts.run_errors,
        "skipped": counts.skipped,
        "pending": 0,
        "other": 0,
        "flaky": counts.flaky,
        "start": start,
        "stop": stop,
        "duration": stop - start,
        "extra": { "errors": counts.errors, "not_undone": counts.not_undone, "run_errors": counts.run_errors,
            "requests": counts.requests, "token_requests": counts.token_requests },
    })
}

/// A clean-up that failed and a fault of the run are tests, too: otherwise all would seem well.
fn tests(document: &RunDocument) -> Vec<Value> {
    let undo = |undo: &LeftoverEntry| {
        json!({
            "name": format!("undo of {}", undo.fixture),
            "status": "failed",
            "duration": 0,
            "message": leftover_text(undo),
            "filePath": undo.at.file,
            "line": undo.at.line,
        })
    };
    let units = document.units.iter().map(|unit| test(document, unit));
    units
        .chain(document.not_undone.iter().map(undo))
        .chain(document.errors().map(notice_test))
        .collect()
}

fn notice_test(notice: &NoticeEntry) -> Value {
    let mut test = json!({
        "name": notice.headline(),
        "status": "failed",
        "duration": 0,
        "message": notice.message,
        "trace": notice_text(notice),
        "suite": ["run"],
    });
    if let Some(at) = &notice.at {
        test["filePath"] = json!(at.file);
        test["line"] = json!(at.line);
    }
    test
}

fn test(document: &RunDocument, unit: &UnitEntry) -> Value {
    let end = unit.started_ms + unit.duration_ms;
    let mut test = json!({
        "name": unit.id,
        "status": status(unit.verdict),
        // The difference of the rounded times, so that `start + duration` equals `stop`.
        "duration": document.unix_ms(end) - document.unix_ms(unit.started_ms),
        "start": document.unix_ms(unit.started_ms),
        "stop": document.unix_ms(end),
        "suite": unit.request_name().split('/').collect::<Vec<_>>(),
        "rawStatus": unit.verdict.name(),
        "tags": unit.tags,
        "type": "api",
        "filePath": unit.at.file,
        "line": unit.at.line,
        "retries": unit.attempts().count(),
        "flaky": unit.flaky,
        "extra": { "account": unit.account, "schemes": unit.schemes, "column": unit.at.column },
    });
    if let Some(test) = test.as_object_mut() {
        add_failure_details(test, unit);
    }
    test
}

fn add_failure_details(test: &mut Map<String, Value>, unit: &UnitEntry) {
    if let Some(message) = &unit.message {
        test.insert("message".to_owned(), json!(message));
    }
    if unit.verdict.is_failure() {
        test.insert("trace".to_owned(), json!(failure_text(unit)));
    }
    let remarks: Vec<String> = remark_lines(unit).collect();
    if !remarks.is_empty() {
        test.insert("stdout".to_owned(), json!(remarks));
    }
    let attempts: Vec<Value> = (1..)
        .zip(unit.attempts())
        .map(|(number, attempt)| retry_attempt(number, attempt))
        .collect();
    if !attempts.is_empty() {
        test.insert("retryAttempts".to_owned(), json!(attempts));
    }
}

fn retry_attempt(number: usize, attempt: &AttemptEntry) -> Value {
    let mut retry = json!({ "attempt": number, "status": "failed", "message": attempt.reason });
    if let (Some(retry), Some(latency)) = (retry.as_object_mut(), attempt.latency_ms) {
        let whole = super::duration_text::duration_from_ms(latency).as_millis();
        retry.insert(
            "duration".to_owned(),
            json!(u64::try_from(whole).unwrap_or(u64::MAX)),
        );
    }
    retry
}

fn status(verdict: VerdictWord) -> &'static str {
    match verdict {
        VerdictWord::Pass => "passed",
        VerdictWord::Fail | VerdictWord::Error => "failed",
        VerdictWord::Skip => "skipped",
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_documents::retried_document;
    use super::*;

    #[test]
    fn attempts_are_retries() {
        let report: Value =
            serde_json::from_str(&write(&retried_document(VerdictWord::Pass)).unwrap()).unwrap();
        let test = &report["results"]["tests"][0];
        assert_eq!(
            (&test["flaky"], &test["retries"], &test["suite"]),
            (&json!(true), &json!(2), &json!(["a"]))
        );
        assert_eq!(
            test["retryAttempts"][0],
            json!({ "attempt": 1, "status": "failed", "message": "503 from the server", "duration": 12 })
        );
        assert_eq!(report["results"]["summary"]["flaky"], 1);
    }
}
