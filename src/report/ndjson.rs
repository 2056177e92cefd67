//! Events as they happen, each a line of JSON with the name of its kind under `event`.

use super::document::{LeftoverEntry, NoticeEntry, RunDocument, SetUpEntry, UnitEntry};
use super::document_events::document_events;
use super::document_reporter::{EntryBuilder, notice_entry};
use super::duration_text::duration_to_ms;
use super::error::{ReportError, timestamp};
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
    RunNotice(NoticeEntry),
    RunFinished(SummaryEntry),
}

#[derive(Serialize)]
struct SummaryEntry {
    passed: usize,
    failed: usize,
    errors: usize,
    skipped: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped_steps: Option<usize>,
    flaky: usize,
    not_undone: usize,
    run_errors: usize,
    requests: usize,
    token_requests: usize,
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
}

impl<W: Write> Reporter for NdjsonReporter<W> {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        let line = ndjson_line(event, &mut self.entries, sources).map_err(io::Error::other)?;
        self.out.write_all(line.as_bytes())?;
        // A program that follows the file sees each event at once, and a kill loses none that was
        // written.
        self.out.flush()
    }
}

fn summary_entry(summary: &crate::event::RunSummary) -> SummaryEntry {
    SummaryEntry {
        passed: summary.passed,
        failed: summary.failed,
        errors: summary.errors,
        skipped: summary.skipped,
        skipped_steps: Some(summary.skipped_steps).filter(|steps| *steps > 0),
        flaky: summary.flaky,
        not_undone: summary.not_undone,
        run_errors: summary.run_errors,
        requests: summary.requests,
        token_requests: summary.token_requests,
        duration_ms: duration_to_ms(summary.duration),
    }
}

/// The line of one event, with its line end.
fn ndjson_line(
    event: &Event,
    entries: &mut EntryBuilder,
    sources: &SourceMap,
) -> Result<String, ReportError> {
    Ok(serde_json::to_string(&ndjson_event(event, entries, sources)?)? + "\n")
}

fn ndjson_event<'e>(
    event: &'e Event,
    entries: &mut EntryBuilder,
    sources: &SourceMap,
) -> Result<NdjsonEvent<'e>, ReportError> {
    Ok(match event {
        Event::RunStarted {
            environment,
            run_id,
            units,
            started_at_ms,
            ..
        } => NdjsonEvent::RunStarted {
            environment,
            run_id,
            units: *units,
            started: timestamp(*started_at_ms)?,
        },
        Event::UnitStarted { index, id } => NdjsonEvent::UnitStarted { index: *index, id },
        Event::Waiting { id, until_ms } => NdjsonEvent::Waiting {
            id,
            until: timestamp(*until_ms)?,
        },
        Event::UnitFinished(unit) => NdjsonEvent::UnitFinished(entries.unit(unit, sources)),
        Event::SetUp(set_up) => NdjsonEvent::SetUp(entries.set_up(set_up, sources)),
        Event::UndoFailed(undo) => NdjsonEvent::NotUndone(entries.leftover(undo, sources)),
        Event::RunNotice(notice) => NdjsonEvent::RunNotice(notice_entry(notice, sources)),
        Event::RunFinished(summary) => NdjsonEvent::RunFinished(summary_entry(summary)),
    })
}

/// The lines of a run that is over.
///
/// # Errors
/// When one of them cannot be written; then there are none, since a cut list of events reads like a
/// shorter run.
pub(super) fn write(document: &RunDocument) -> Result<String, ReportError> {
    let (events, sources) = document_events(document)?;
    let mut entries = EntryBuilder::default();
    events
        .iter()
        .map(|event| ndjson_line(event, &mut entries, &sources))
        .collect()
}
