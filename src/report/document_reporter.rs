//! From events to a document: places are looked up, and units come into the order of the plan.

use super::document::{
    AttemptEntry, DifferenceEntry, ExchangeEntry, FORMAT, FailureEntry, FileLocation,
    LeftoverEntry, NoticeEntry, RunDocument, SetUpEntry, SeverityWord, StepEntry, TraceEntry,
    UnitEntry, VerdictCounts, VerdictWord,
};
use super::duration_text::duration_to_ms;
use super::error::{ReportError, timestamp};
use super::reporter::Reporter;
use crate::event::{
    AttemptReport, DifferenceReport, ErrorClass, Event, ExchangeReport, FailureReport,
    NoticeSeverity, RunNotice, SetUpReport, StepReport, UndoFailureReport, UnitReport, Verdict,
};
use crate::redact::{RedactedText, escape_control_chars};
use crate::span::{FileId, SourceFile, SourceMap, SourcePosition, Span};
use jiff::Timestamp;
use std::collections::HashMap;
use std::io;

/// Collects the events of a run.
pub(crate) struct DocumentReporter {
    document: RunDocument,
    entries: EntryBuilder,
    is_finished: bool,
}

impl Default for DocumentReporter {
    fn default() -> Self {
        Self {
            document: empty_document(),
            entries: EntryBuilder::default(),
            is_finished: false,
        }
    }
}

impl DocumentReporter {
    /// Before a run. `shard` is that of the command line; a run that begins says both again.
    ///
    /// # Errors
    /// When the time is outside of the calendar.
    pub(crate) fn started(unix_ms: i64, shard: Option<String>) -> Result<Self, ReportError> {
        let mut reporter = Self::default();
        reporter.document.started = timestamp(unix_ms)?;
        reporter.document.shard = shard;
        Ok(reporter)
    }

    /// The finished document. `interrupted` names the signal that ended the run.
    #[must_use]
    pub(crate) fn into_document(self, interrupted: Option<String>) -> RunDocument {
        let mut document = self.document;
        document.interrupted = interrupted;
        document.sort_and_count();
        // An interrupted run never sends `RunFinished`. Its end is that of its last unit.
        if !self.is_finished {
            let end = document
                .units
                .iter()
                .map(|unit| unit.started_ms + unit.duration_ms);
            document.duration_ms = end.fold(0.0, f64::max);
            document.summary.requests = document.step_requests();
        }
        document
    }
}

impl Reporter for DocumentReporter {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        match event {
            Event::RunStarted {
                environment,
                run_id,
                units,
                shard,
                all_units,
                started_at_ms,
                ..
            } => {
                // Warnings can come before the start of a run.
                let notices = std::mem::take(&mut self.document.notices);
                self.document = RunDocument {
                    notices,
                    environment: environment.clone(),
                    run_id: run_id.clone(),
                    shard: shard.clone(),
                    all_units: *all_units,
                    started: timestamp(*started_at_ms).map_err(io::Error::other)?,
                    planned: *units,
                    ..empty_document()
                };
            }
            Event::UnitStarted { .. } | Event::Waiting { .. } => {}
            Event::UnitFinished(unit) => self.document.units.push(self.entries.unit(unit, sources)),
            Event::SetUp(set_up) => self
                .document
                .set_ups
                .push(self.entries.set_up(set_up, sources)),
            Event::UndoFailed(undo) => self
                .document
                .not_undone
                .push(self.entries.leftover(undo, sources)),
            Event::RunNotice(notice) => self.document.notices.push(notice_entry(notice, sources)),
            Event::RunFinished(summary) => {
                self.document.duration_ms = duration_to_ms(summary.duration);
                self.document.summary.requests = summary.requests;
                self.document.summary.token_requests = summary.token_requests;
                self.is_finished = true;
            }
        }
        Ok(())
    }
}

fn empty_document() -> RunDocument {
    RunDocument {
        format: FORMAT,
        ingam: env!("CARGO_PKG_VERSION").to_owned(),
        environment: String::new(),
        run_id: String::new(),
        started: Timestamp::UNIX_EPOCH,
        duration_ms: 0.0,
        interrupted: None,
        shard: None,
        all_units: None,
        exit_code: None,
        planned: 0,
        summary: VerdictCounts::default(),
        units: Vec::new(),
        set_ups: Vec::new(),
        not_undone: Vec::new(),
        notices: Vec::new(),
    }
}

/// Its place is looked up at once, and not through the lines that an [`EntryBuilder`] keeps: the
/// files of a notice can be others than those of the run.
pub(super) fn notice_entry(notice: &RunNotice, sources: &SourceMap) -> NoticeEntry {
    let (severity, trouble) = match notice.severity {
        NoticeSeverity::Warning => (SeverityWord::Warning, None),
        NoticeSeverity::Error(class) => (SeverityWord::Error, Some(class)),
    };
    let at = notice.at.and_then(|at| {
        let source = sources.get(at.file)?;
        let SourcePosition { line, column } = source.position(at.start as usize);
        Some(file_location(source, line, column))
    });
    NoticeEntry {
        severity,
        trouble,
        message: notice.message.to_string(),
        at,
        hints: notice.hints.iter().map(RedactedText::to_string).collect(),
    }
}

fn file_location(source: &SourceFile, line: usize, column: usize) -> FileLocation {
    FileLocation {
        // One form on all systems: shards of several systems are merged, and GitHub expects `/`.
        file: source.path.to_string_lossy().replace('\\', "/"),
        line,
        column,
    }
}

/// Turns reports with spans into parts of a document. A long flow has thousands of places in one
/// file, so where its lines begin is counted once.
#[derive(Default)]
pub(super) struct EntryBuilder {
    line_starts: HashMap<FileId, Vec<usize>>,
}

impl EntryBuilder {
    fn location(&mut self, at: Span, sources: &SourceMap) -> FileLocation {
        let Some(source) = sources.get(at.file) else {
            return FileLocation {
                file: "?".to_owned(),
                line: 1,
                column: 1,
            };
        };
        // Counted once for each file. To count for each place anew would take quadratic time in a
        // long flow.
        let lines = self
            .line_starts
            .entry(at.file)
            .or_insert_with(|| line_starts(&source.text));
        let start = at.start as usize;
        let above = lines
            .partition_point(|line| *line <= start)
            .saturating_sub(1);
        let SourcePosition { line, column } =
            source.position_on_line(above, lines.get(above).copied().unwrap_or(0), start);
        file_location(source, line, column)
    }

    pub(super) fn unit(&mut self, unit: &UnitReport, sources: &SourceMap) -> UnitEntry {
        let steps: Vec<StepEntry> = unit
            .steps
            .iter()
            .map(|step| self.step(step, sources))
            .collect();
        let (verdict, trouble, reason) = split_verdict(&unit.verdict);
        let decisive = decisive_step(&steps, verdict);
        let at = decisive.map(decisive_location).cloned();
        UnitEntry {
            id: unit.id.clone(),
            index: unit.index,
            verdict,
            trouble,
            message: reason.or_else(|| decisive.map(|step| failure_message(&step.failures))),
            at: at.unwrap_or_else(|| self.location(unit.at, sources)),
            flaky: unit.flaky,
            account: unit.labels.account.clone(),
            schemes: unit.labels.schemes.clone(),
            tags: unit.labels.tags.clone(),
            started_ms: duration_to_ms(unit.started_at),
            duration_ms: duration_to_ms(unit.duration),
            not_reached: unit.not_reached,
            steps,
        }
    }

    fn step(&mut self, step: &StepReport, sources: &SourceMap) -> StepEntry {
        let (verdict, trouble, message) = split_verdict(&step.verdict);
        StepEntry {
            name: step.name.clone(),
            line: step.request_line.to_string(),
            endpoint: step.endpoint.to_string(),
            at: self.location(step.at, sources),
            verdict,
            trouble,
            message,
            status: step.status,
            started_ms: duration_to_ms(step.started_at),
            sent_ms: step.sent_at.map(duration_to_ms),
            latency_ms: step.latency.map(duration_to_ms),
            requests: step.requests,
            phases: step
                .phases
                .iter()
                .map(|phases| phases.map(duration_to_ms))
                .collect(),
            attempts: step.attempts.iter().map(attempt_entry).collect(),
            failures: step
                .failures
                .iter()
                .map(|failure| self.failure(failure, sources))
                .collect(),
            notes: step.notes.iter().map(RedactedText::to_string).collect(),
            exchange: step.exchange.as_deref().map(exchange_entry),
            trace: step.trace.iter().map(trace_entry).collect(),
        }
    }

    fn failure(&mut self, failure: &FailureReport, sources: &SourceMap) -> FailureEntry {
        FailureEntry {
            at: self.location(failure.at, sources),
            subject: failure.subject.to_string(),
            expected: failure.expected.to_string(),
            actual: failure.actual.to_string(),
            why: failure.hint.as_ref().map(RedactedText::to_string),
            differences: failure.differences.iter().map(difference_entry).collect(),
        }
    }

    pub(super) fn set_up(&mut self, set_up: &SetUpReport, sources: &SourceMap) -> SetUpEntry {
        let steps = set_up
            .steps
            .iter()
            .map(|step| self.step(step, sources))
            .collect();
        SetUpEntry {
            fixture: set_up.fixture.clone(),
            steps,
        }
    }

    pub(super) fn leftover(
        &mut self,
        undo: &UndoFailureReport,
        sources: &SourceMap,
    ) -> LeftoverEntry {
        LeftoverEntry {
            fixture: undo.fixture.clone(),
            at: self.location(undo.at, sources),
            reason: undo.reason.to_string(),
            is_kept: undo.is_in_ledger,
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect()
}

/// The step that made the verdict of its unit.
fn decisive_step(steps: &[StepEntry], verdict: VerdictWord) -> Option<&StepEntry> {
    // The last one: a flow ends at what it cannot do without, but not at what is only flaky or has
    // no snapshot yet.
    steps
        .iter()
        .rfind(|step| step.verdict == verdict && verdict.is_failure())
}

/// The assertion that failed, or the step itself.
fn decisive_location(step: &StepEntry) -> &FileLocation {
    step.failures
        .first()
        .map_or(&step.at, |failure| &failure.at)
}

fn split_verdict(verdict: &Verdict) -> (VerdictWord, Option<ErrorClass>, Option<String>) {
    match verdict {
        Verdict::Pass => (VerdictWord::Pass, None, None),
        Verdict::Fail => (VerdictWord::Fail, None, None),
        Verdict::Skipped(reason) => (VerdictWord::Skip, None, Some(escape_control_chars(reason))),
        Verdict::Error(trouble, reason) => {
            (VerdictWord::Error, Some(*trouble), Some(reason.to_string()))
        }
    }
}

/// The first, and how many more there are.
fn failure_message(failures: &[FailureEntry]) -> String {
    let Some(first) = failures.first() else {
        return "an assertion failed".to_owned();
    };
    let more = match failures.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    format!(
        "{}: expected {}, got {}{more}",
        first.subject, first.expected, first.actual
    )
}

fn attempt_entry(attempt: &AttemptReport) -> AttemptEntry {
    AttemptEntry {
        status: attempt.status,
        reason: attempt.reason.to_string(),
        latency_ms: attempt.latency.map(duration_to_ms),
    }
}

fn difference_entry(difference: &DifferenceReport) -> DifferenceEntry {
    let text = |text: &Option<RedactedText>| text.as_ref().map(RedactedText::to_string);
    DifferenceEntry {
        text: difference.text.to_string(),
        path: text(&difference.path),
        expected: text(&difference.expected),
        actual: text(&difference.actual),
    }
}

fn exchange_entry(exchange: &ExchangeReport) -> ExchangeEntry {
    ExchangeEntry {
        request: exchange.request.to_string(),
        response: exchange.response.as_ref().map(RedactedText::to_string),
    }
}

fn trace_entry(line: &crate::event::TraceReport) -> TraceEntry {
    TraceEntry {
        id: line.id.clone(),
        kind: line.kind.clone(),
        text: line.text.to_string(),
    }
}
