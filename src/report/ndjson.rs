//! Events as they happen, each a line of JSON with the name of its kind under `event`.

use super::document::{LeftoverEntry, RunDocument, SetUpEntry, UnitEntry};
use super::document_events::document_events;
use super::document_reporter::EntryBuilder;
use super::duration_text::duration_to_ms;
use super::reporter::Reporter;
use crate::event::Event;
use crate::span::SourceMap;
use jiff::Timestamp;
use serde::Serialize;
use std::io::{self, Write};

/// One line. Times are offsets from `started`, in milliseconds.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum NdjsonEvent<'e> {
    RunStarted {
        environment: &'e str,
        run_id: &'e str,
        units: usize,
        started: Timestamp,
    },
    UnitStarted {
        index: usize,
        id: &'e str,
    },
    /// A call of this unit waits for its budget.
    Waiting {
        id: &'e str,
        until: Timestamp,
    },
    UnitFinished(UnitEntry),
    SetUp(SetUpEntry),
    NotUndone(LeftoverEntry),
    RunFinished(SummaryEntry),
}

#[derive(Serialize)]
struct SummaryEntry {
    passed: usize,
    failed: usize,
    errors: usize,
    skipped: usize,
    flaky: usize,
    not_undone: usize,
    requests: usize,
    duration_ms: f64,
}

/// Writes each line at once.
pub(crate) struct NdjsonReporter<W: Write> {
    out: W,
    entries: EntryBuilder,
}

impl<W: Write> NdjsonReporter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            entries: EntryBuilder::default(),
        }
    }

    fn ndjson_event<'e>(&mut self, event: &'e Event, sources: &SourceMap) -> NdjsonEvent<'e> {
        match event {
            Event::RunStarted {
                environment,
                run_id,
                units,
                started_at_ms: at_ms,
                ..
            } => {
                let started = Timestamp::from_millisecond(*at_ms).unwrap_or_default();
                NdjsonEvent::RunStarted {
                    environment,
                    run_id,
                    units: *units,
                    started,
                }
            }
            Event::UnitStarted { index, id } => NdjsonEvent::UnitStarted { index: *index, id },
            Event::Waiting { id, until_ms } => NdjsonEvent::Waiting {
                id,
                until: Timestamp::from_millisecond(*until_ms).unwrap_or_default(),
            },
            Event::UnitFinished(unit) => {
                NdjsonEvent::UnitFinished(self.entries.unit(unit, sources))
            }
            Event::SetUp(set_up) => NdjsonEvent::SetUp(self.entries.set_up(set_up, sources)),
            Event::UndoFailed(undo) => NdjsonEvent::NotUndone(self.entries.leftover(undo, sources)),
            Event::RunFinished(summary) => NdjsonEvent::RunFinished(summary_entry(summary)),
        }
    }
}

impl<W: Write> Reporter for NdjsonReporter<W> {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        let mut line = serde_json::to_vec(&self.ndjson_event(event, sources))?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }
}

fn summary_entry(summary: &crate::event::RunSummary) -> SummaryEntry {
    SummaryEntry {
        passed: summary.passed,
        failed: summary.failed,
        errors: summary.errors,
        skipped: summary.skipped,
        flaky: summary.flaky,
        not_undone: summary.not_undone,
        requests: summary.requests,
        duration_ms: duration_to_ms(summary.duration),
    }
}

/// The lines of a run that is over.
#[must_use]
pub(super) fn write(document: &RunDocument) -> String {
    let (events, sources) = document_events(document);
    let mut out = Vec::new();
    let mut lines = NdjsonReporter::new(&mut out);
    // Writing to memory does not fail.
    let _ = events
        .iter()
        .try_for_each(|event| lines.on_event(event, &sources));
    String::from_utf8_lossy(&out).into_owned()
}
