//! From events to a document: places are looked up, and units come into the order of the plan.

use super::Reporter;
use super::document::{
    Attempt, Counts, Difference, Document, Exchange, FORMAT, Failure, NotUndone, Place, SetUp, Step, TraceLine, Unit, Word,
    milliseconds,
};
use crate::event::{
    AttemptReport, DifferenceReport, Event, ExchangeReport, FailureReport, SetUpReport, StepReport, Trouble, UndoReport,
    UnitReport, Verdict,
};
use crate::secret::{Shown, visible};
use crate::span::{FileId, Position, Sources, Span};
use jiff::Timestamp;
use std::collections::HashMap;
use std::io;

/// Listens to a run and remembers it.
pub struct Gatherer {
    document: Document,
    places: Places,
    is_finished: bool,
}

impl Default for Gatherer {
    fn default() -> Self {
        Self { document: nothing(), places: Places::default(), is_finished: false }
    }
}

impl Gatherer {
    /// What happened; `interrupted` names the signal that ended it.
    #[must_use]
    pub fn into_document(self, interrupted: Option<String>) -> Document {
        let mut document = self.document;
        document.interrupted = interrupted;
        document.settle();
        if !self.is_finished {
            let end = document.units.iter().map(|unit| unit.started_ms + unit.duration_ms);
            document.duration_ms = end.fold(0.0, f64::max);
        }
        document
    }
}

impl Reporter for Gatherer {
    fn on(&mut self, event: &Event, sources: &Sources) -> io::Result<()> {
        match event {
            Event::RunStarted { environment, run_id, units, shard, at_ms, .. } => {
                let started = Timestamp::from_millisecond(*at_ms).unwrap_or_default();
                let (environment, run_id, shard) = (environment.clone(), run_id.clone(), shard.clone());
                self.document = Document { environment, run_id, shard, started, planned: *units, ..nothing() };
            }
            Event::UnitStarted { .. } | Event::Waiting { .. } => {}
            Event::UnitFinished(unit) => self.document.units.push(self.places.unit(unit, sources)),
            Event::SetUp(set_up) => self.document.set_ups.push(self.places.set_up(set_up, sources)),
            Event::NotUndone(undo) => self.document.not_undone.push(self.places.not_undone(undo, sources)),
            Event::RunFinished(summary) => {
                self.document.duration_ms = milliseconds(summary.duration);
                self.is_finished = true;
            }
        }
        Ok(())
    }
}

fn nothing() -> Document {
    Document {
        format: FORMAT,
        ingam: env!("CARGO_PKG_VERSION").to_owned(),
        environment: String::new(),
        run_id: String::new(),
        started: Timestamp::UNIX_EPOCH,
        duration_ms: 0.0,
        interrupted: None,
        shard: None,
        planned: 0,
        summary: Counts::default(),
        units: Vec::new(),
        set_ups: Vec::new(),
        not_undone: Vec::new(),
    }
}

/// Turns reports with spans into parts of a document. A long flow has thousands of places in one file, so where its lines
/// begin is counted once.
#[derive(Default)]
pub struct Places {
    lines: HashMap<FileId, Vec<usize>>,
}

impl Places {
    fn place(&mut self, at: Span, sources: &Sources) -> Place {
        let Some(source) = sources.get(at.file) else { return Place { file: "?".to_owned(), line: 1, column: 1 } };
        let lines = self.lines.entry(at.file).or_insert_with(|| starts(&source.text));
        let start = at.start as usize;
        let above = lines.partition_point(|line| *line <= start).saturating_sub(1);
        let Position { line, column } = source.position_in(above, lines.get(above).copied().unwrap_or(0), start);
        Place { file: source.path.to_string_lossy().replace('\\', "/"), line, column }
    }

    pub fn unit(&mut self, unit: &UnitReport, sources: &Sources) -> Unit {
        let steps: Vec<Step> = unit.steps.iter().map(|step| self.step(step, sources)).collect();
        let (verdict, trouble, reason) = outcome(&unit.verdict);
        // A flow ends at what it cannot do without, but not at what is only flaky or has no snapshot yet.
        let decisive = steps.iter().rfind(|step| step.verdict == verdict && verdict.is_bad());
        let failure = decisive.and_then(|step| step.failures.first());
        let at = failure.map(|failure| &failure.at).or(decisive.map(|step| &step.at)).cloned();
        Unit {
            id: unit.id.clone(),
            index: unit.index,
            verdict,
            trouble,
            message: reason.or_else(|| decisive.map(|step| in_words(&step.failures))),
            at: at.unwrap_or_else(|| self.place(unit.at, sources)),
            flaky: unit.flaky,
            account: unit.about.account.clone(),
            schemes: unit.about.schemes.clone(),
            tags: unit.about.tags.clone(),
            started_ms: milliseconds(unit.begun),
            duration_ms: milliseconds(unit.duration),
            not_reached: unit.not_reached,
            steps,
        }
    }

    fn step(&mut self, step: &StepReport, sources: &Sources) -> Step {
        let (verdict, trouble, message) = outcome(&step.verdict);
        Step {
            name: step.name.clone(),
            line: step.line.to_string(),
            endpoint: step.endpoint.to_string(),
            at: self.place(step.at, sources),
            verdict,
            trouble,
            message,
            status: step.status,
            started_ms: milliseconds(step.begun),
            sent_ms: step.sent.map(milliseconds),
            latency_ms: step.latency.map(milliseconds),
            attempts: step.attempts.iter().map(attempt).collect(),
            failures: step.failures.iter().map(|failure| self.failure(failure, sources)).collect(),
            notes: step.notes.iter().map(Shown::to_string).collect(),
            exchange: step.exchange.as_ref().map(exchange),
            trace: step.trace.iter().map(trace_line).collect(),
        }
    }

    fn failure(&mut self, failure: &FailureReport, sources: &Sources) -> Failure {
        Failure {
            at: self.place(failure.at, sources),
            subject: failure.subject.to_string(),
            expected: failure.expected.to_string(),
            actual: failure.actual.to_string(),
            why: failure.why.as_ref().map(Shown::to_string),
            differences: failure.differences.iter().map(difference).collect(),
        }
    }

    pub fn set_up(&mut self, set_up: &SetUpReport, sources: &Sources) -> SetUp {
        let steps = set_up.steps.iter().map(|step| self.step(step, sources)).collect();
        SetUp { fixture: set_up.fixture.clone(), steps }
    }

    pub fn not_undone(&mut self, undo: &UndoReport, sources: &Sources) -> NotUndone {
        NotUndone {
            fixture: undo.fixture.clone(),
            at: self.place(undo.at, sources),
            reason: undo.reason.to_string(),
            is_kept: undo.is_kept,
        }
    }
}

fn starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn outcome(verdict: &Verdict) -> (Word, Option<Trouble>, Option<String>) {
    match verdict {
        Verdict::Pass => (Word::Pass, None, None),
        Verdict::Fail => (Word::Fail, None, None),
        Verdict::Skipped(reason) => (Word::Skip, None, Some(visible(reason))),
        Verdict::Error(trouble, reason) => (Word::Error, Some(*trouble), Some(reason.to_string())),
    }
}

/// The first, and how many more there are.
fn in_words(failures: &[Failure]) -> String {
    let Some(first) = failures.first() else { return "an expectation did not hold".to_owned() };
    let more = match failures.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    format!("{}: expected {}, got {}{more}", first.subject, first.expected, first.actual)
}

fn attempt(attempt: &AttemptReport) -> Attempt {
    Attempt { status: attempt.status, reason: attempt.reason.to_string(), latency_ms: attempt.latency.map(milliseconds) }
}

fn difference(difference: &DifferenceReport) -> Difference {
    let text = |text: &Option<Shown>| text.as_ref().map(Shown::to_string);
    Difference {
        text: difference.text.to_string(),
        path: text(&difference.path),
        expected: text(&difference.expected),
        actual: text(&difference.actual),
    }
}

fn exchange(exchange: &ExchangeReport) -> Exchange {
    Exchange { request: exchange.request.to_string(), response: exchange.response.as_ref().map(Shown::to_string) }
}

fn trace_line(line: &crate::event::TraceReport) -> TraceLine {
    TraceLine { id: line.id.clone(), kind: line.kind.clone(), text: line.text.to_string() }
}
