//! Why a unit did not pass, in full, as plain text: for reports whose readers show text as it is.

use super::document::{
    FailureEntry, LeftoverEntry, NoticeEntry, RunDocument, StepEntry, UnitEntry, VerdictWord,
    one_line,
};
use super::duration_text::{duration_from_ms, format_duration};
use crate::diagnostic::pluralize;
use std::fmt::Write as _;

/// Everything that a person needs to mend it; nothing for a unit that passed.
#[must_use]
pub(super) fn failure_text(unit: &UnitEntry) -> String {
    let mut out = String::new();
    // The error of a step is also the message of its unit, and must not stand there twice.
    let is_said = unit
        .steps
        .last()
        .is_some_and(|step| step.verdict == unit.verdict && step.message == unit.message);
    if unit.verdict == VerdictWord::Error && !is_said {
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(
            out,
            "{}\nerror: {}",
            unit.at,
            unit.message.as_deref().unwrap_or_default()
        );
    }
    for step in unit.steps.iter().filter(|step| step.verdict.is_failure()) {
        add_step(&mut out, step);
    }
    if unit.not_reached > 0 && unit.verdict.is_failure() {
        let _ = writeln!(out, "{} not reached", pluralize(unit.not_reached, "step"));
    }
    out
}

fn add_step(out: &mut String, step: &StepEntry) {
    let name = step
        .name
        .as_ref()
        .map(|name| format!("{name}: "))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "{name}{}{}\n{}",
        step.line,
        response_summary(step),
        step.at
    );
    if let Some(message) = &step.message {
        let _ = writeln!(out, "error: {message}");
    }
    step.failures
        .iter()
        .for_each(|failure| add_failure(out, failure));
    for note in &step.notes {
        let _ = writeln!(out, "help: {note}");
    }
}

/// `, 10 requests`; nothing for a step of one request.
#[must_use]
pub(super) fn several_requests(requests: usize) -> String {
    if requests > 1 {
        format!(", {requests} requests")
    } else {
        String::new()
    }
}

/// ` → 200 in 1.2 ms`
#[must_use]
pub(super) fn response_summary(step: &StepEntry) -> String {
    match (step.status, step.latency_ms) {
        (Some(status), Some(latency)) => format!(
            " → {status} in {}{}",
            format_duration(duration_from_ms(latency)),
            several_requests(step.requests)
        ),
        _ => String::new(),
    }
}

fn add_failure(out: &mut String, failure: &FailureEntry) {
    let FailureEntry {
        at,
        subject,
        expected,
        actual,
        ..
    } = failure;
    let _ = writeln!(
        out,
        "\n{at} {subject}\n  expected  {expected}\n  actual    {actual}"
    );
    if let Some(why) = &failure.why {
        let _ = writeln!(out, "  {why}");
    }
    for difference in &failure.differences {
        let _ = writeln!(out, "    {}", difference.text);
    }
}

/// What a unit that is no failure has to say: its steps that were skipped, and the notes of its
/// steps.
pub(super) fn remark_lines(unit: &UnitEntry) -> impl Iterator<Item = String> {
    let skipped = unit.skipped_steps().map(|step| {
        let name = step.name.as_deref().unwrap_or_default();
        let reason = one_line(step.message.as_deref().unwrap_or_default());
        format!("skipped {name}: {reason}")
    });
    // Those of a failure stand in its text.
    let passed = unit.steps.iter().filter(|step| !step.verdict.is_failure());
    let notes = passed.flat_map(|step| {
        let name = step.name.as_deref();
        let name = name.map_or_else(String::new, |name| format!(" {name}"));
        let lines = step.notes.iter();
        lines.map(move |note| format!("note{name}: {}", one_line(note)))
    });
    skipped.chain(notes)
}

/// Steps that were skipped in a unit that was not, and exchanges of the steps that did not pass.
#[must_use]
pub(super) fn exchange_text(unit: &UnitEntry) -> String {
    let mut out = String::new();
    for line in remark_lines(unit) {
        let _ = writeln!(out, "{line}");
    }
    for exchange in unit
        .steps
        .iter()
        .filter(|step| step.verdict.is_failure())
        .filter_map(|step| step.exchange.as_ref())
    {
        let _ = writeln!(out, "{}", exchange.request.trim_end());
        if let Some(response) = &exchange.response {
            let _ = writeln!(out, "\n{}", response.trim_end());
        }
    }
    out
}

/// In one line.
#[must_use]
pub(super) fn leftover_text(undo: &LeftoverEntry) -> String {
    let help = if undo.is_kept {
        "; `ingam cleanup` tries again"
    } else {
        ""
    };
    format!("{} still exists: {}{help}", undo.fixture, undo.reason)
}

/// A notice in full: its place, its message, what to do.
#[must_use]
pub(super) fn notice_text(notice: &NoticeEntry) -> String {
    let mut out = String::new();
    if let Some(at) = &notice.at {
        let _ = writeln!(out, "{at}");
    }
    let _ = writeln!(out, "{}: {}", notice.severity.name(), notice.message);
    for hint in &notice.hints {
        let _ = writeln!(out, "help: {hint}");
    }
    out
}

/// The headline of a run: verdicts, environment and duration.
#[must_use]
pub(super) fn run_headline(document: &RunDocument) -> String {
    // A run that could not begin has no environment, and no units.
    if document.environment.is_empty() {
        return document.summary.summary_line();
    }
    let units = pluralize(document.planned, "request");
    let time = format_duration(duration_from_ms(document.duration_ms));
    let end = document
        .interrupted
        .as_ref()
        .map(|signal| format!(", interrupted by {signal}"))
        .unwrap_or_default();
    format!(
        "{} of {units} in environment {}, {time}{end}",
        document.summary.summary_line(),
        document.environment
    )
}
