//! TAP, version 14: <https://testanything.org/tap-version-14-specification.html>. A failed test has
//! a YAML block below its line.

use super::document::{FileLocation, NoticeEntry, RunDocument, UnitEntry, VerdictWord, one_line};
use super::failure_text::{failure_text, leftover_text, notice_text, remark_lines};
use std::fmt::Write as _;

#[must_use]
pub(super) fn write(document: &RunDocument) -> String {
    // An undo that failed and an error of the run are test points of their own, so the plan counts
    // them.
    let undos = document.units.len() + document.not_undone.len();
    let all = undos + document.summary.run_errors;
    let mut out = format!("TAP version 14\n1..{all}\n");
    for (number, unit) in (1..).zip(&document.units) {
        add_unit(&mut out, number, unit);
    }
    for (number, undo) in (document.units.len() + 1..).zip(&document.not_undone) {
        let _ = writeln!(
            out,
            "not ok {number} - {}",
            escape_description(&format!("undo of {}", undo.fixture))
        );
        add_yaml_block(
            &mut out,
            "error",
            Some(&undo.at),
            &one_line(&leftover_text(undo)),
            &undo.reason,
        );
    }
    for (number, notice) in (undos + 1..).zip(document.errors()) {
        add_error(&mut out, number, notice);
    }
    for warning in document.warnings() {
        for line in notice_text(warning).lines() {
            let _ = writeln!(out, "# {line}");
        }
    }
    if let Some(signal) = &document.interrupted {
        // TAP 14: the reader must not take the run for complete, whatever lines came before.
        let _ = writeln!(out, "Bail out! interrupted by {signal}");
    }
    out
}

fn add_error(out: &mut String, number: usize, notice: &NoticeEntry) {
    let headline = notice.headline();
    let _ = writeln!(
        out,
        "not ok {number} - run: {}",
        escape_description(&headline)
    );
    add_yaml_block(
        out,
        "error",
        notice.at.as_ref(),
        &headline,
        &notice_text(notice),
    );
}

fn add_unit(out: &mut String, number: usize, unit: &UnitEntry) {
    let not = if unit.verdict.is_failure() {
        "not "
    } else {
        ""
    };
    let skip = match unit.verdict {
        VerdictWord::Skip => format!(" # SKIP {}", escape_description(&unit.headline())),
        _ => String::new(),
    };
    let _ = writeln!(
        out,
        "{not}ok {number} - {}{skip}",
        escape_description(&unit.id)
    );
    for line in remark_lines(unit) {
        let _ = writeln!(out, "# {}", escape_description(&line));
    }
    if unit.verdict.is_failure() {
        add_yaml_block(
            out,
            unit.verdict.name(),
            Some(&unit.at),
            &unit.headline(),
            &failure_text(unit),
        );
    } else if unit.flaky {
        add_flaky_block(out, unit);
    }
}

fn add_flaky_block(out: &mut String, unit: &UnitEntry) {
    let reasons: Vec<String> = unit
        .attempts()
        .map(|attempt| yaml_string(&attempt.reason))
        .collect();
    let _ = writeln!(
        out,
        "  ---\n  flaky: true\n  attempts: [{}]\n  ...",
        reasons.join(", ")
    );
}

fn add_yaml_block(
    out: &mut String,
    severity: &str,
    at: Option<&FileLocation>,
    message: &str,
    whole: &str,
) {
    let _ = writeln!(
        out,
        "  ---\n  message: {}\n  severity: {severity}",
        yaml_string(message)
    );
    if let Some(at) = at {
        let _ = writeln!(
            out,
            "  at:\n    file: {}\n    line: {}\n    column: {}",
            yaml_string(&at.file),
            at.line,
            at.column
        );
    }
    // The digit says how deep the text stands, so that it may begin with blanks.
    let _ = writeln!(out, "  diagnostic: |2");
    for line in whole.lines() {
        let _ = writeln!(out, "{}", format!("    {line}").trim_end());
    }
    let _ = writeln!(out, "  ...");
}

/// JSON's spelling of a text is one of YAML, too.
fn yaml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A `#` would begin a directive.
fn escape_description(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::super::test_documents::retried_document;
    use super::*;

    #[test]
    fn what_passed_late_is_marked() {
        let text = write(&retried_document(VerdictWord::Pass));
        assert_eq!(
            text,
            "TAP version 14\n1..1\nok 1 - a[x]@sg\n  ---\n  flaky: true\n  \
             attempts: [\"503 from the server\", \"cannot connect\"]\n  ...\n"
        );
    }

    #[test]
    fn no_name_begins_a_directive() {
        assert_eq!(
            escape_description("a # SKIP \\ b\nok 2"),
            "a \\# SKIP \\\\ b ok 2"
        );
    }
}
