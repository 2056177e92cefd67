//! TAP, version 14: <https://testanything.org/tap-version-14-specification.html>. What failed is said in a YAML block below
//! its line.

use super::diagnostic::{diagnostic, left_over};
use super::document::{Document, Place, Unit, Word, one_line};
use std::fmt::Write as _;

#[must_use]
pub fn write(document: &Document) -> String {
    let all = document.units.len() + document.not_undone.len();
    let mut out = format!("TAP version 14\n1..{all}\n");
    for (number, unit) in (1..).zip(&document.units) {
        add_unit(&mut out, number, unit);
    }
    for (number, undo) in (document.units.len() + 1..).zip(&document.not_undone) {
        let _ = writeln!(out, "not ok {number} - {}", escaped(&format!("undo of {}", undo.fixture)));
        add_block(&mut out, "error", &undo.at, &one_line(&left_over(undo)), &undo.reason);
    }
    if let Some(signal) = &document.interrupted {
        let _ = writeln!(out, "Bail out! interrupted by {signal}");
    }
    out
}

fn add_unit(out: &mut String, number: usize, unit: &Unit) {
    let not = if unit.verdict.is_bad() { "not " } else { "" };
    let skip = match unit.verdict {
        Word::Skip => format!(" # SKIP {}", escaped(&unit.headline())),
        _ => String::new(),
    };
    let _ = writeln!(out, "{not}ok {number} - {}{skip}", escaped(&unit.id));
    if unit.verdict.is_bad() {
        add_block(out, unit.verdict.name(), &unit.at, &unit.headline(), &diagnostic(unit));
    } else if unit.flaky {
        let reasons: Vec<String> = unit.attempts().map(|attempt| quoted(&attempt.reason)).collect();
        let _ = writeln!(out, "  ---\n  flaky: true\n  attempts: [{}]\n  ...", reasons.join(", "));
    }
}

fn add_block(out: &mut String, severity: &str, at: &Place, message: &str, whole: &str) {
    let _ = writeln!(out, "  ---\n  message: {}\n  severity: {severity}", quoted(message));
    let _ = writeln!(out, "  at:\n    file: {}\n    line: {}\n    column: {}", quoted(&at.file), at.line, at.column);
    // The digit says how deep the text stands, so that it may begin with blanks.
    let _ = writeln!(out, "  diagnostic: |2");
    for line in whole.lines() {
        let _ = writeln!(out, "{}", format!("    {line}").trim_end());
    }
    let _ = writeln!(out, "  ...");
}

/// JSON's spelling of a text is one of YAML, too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A `#` would begin a directive.
fn escaped(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::super::testing::tried_twice;
    use super::*;

    #[test]
    fn what_passed_late_is_marked() {
        let text = write(&tried_twice(Word::Pass));
        assert_eq!(
            text,
            "TAP version 14\n1..1\nok 1 - a[x]@sg\n  ---\n  flaky: true\n  \
             attempts: [\"503 from the server\", \"cannot connect\"]\n  ...\n"
        );
    }

    #[test]
    fn no_name_begins_a_directive() {
        assert_eq!(escaped("a # SKIP \\ b\nok 2"), "a \\# SKIP \\\\ b ok 2");
    }
}
