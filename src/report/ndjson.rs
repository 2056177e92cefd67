//! Events as they happen, each a line of JSON with the name of its kind under `event`.

use super::Reporter;
use super::document::{Document, NotUndone, SetUp, Unit, milliseconds};
use super::gather::Places;
use super::replay::replay;
use crate::event::Event;
use crate::span::Sources;
use jiff::Timestamp;
use serde::Serialize;
use std::io::{self, Write};

/// One line. Times are offsets from `started`, in milliseconds.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'e> {
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
    UnitFinished(Unit),
    SetUp(SetUp),
    NotUndone(NotUndone),
    RunFinished(Finished),
}

#[derive(Serialize)]
struct Finished {
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
pub struct Ndjson<W: Write> {
    out: W,
    places: Places,
}

impl<W: Write> Ndjson<W> {
    pub fn new(out: W) -> Self {
        Self { out, places: Places::default() }
    }

    fn line<'e>(&mut self, event: &'e Event, sources: &Sources) -> Line<'e> {
        match event {
            Event::RunStarted { environment, run_id, units, at_ms, .. } => {
                let started = Timestamp::from_millisecond(*at_ms).unwrap_or_default();
                Line::RunStarted { environment, run_id, units: *units, started }
            }
            Event::UnitStarted { index, id } => Line::UnitStarted { index: *index, id },
            Event::Waiting { id, until_ms } => {
                Line::Waiting { id, until: Timestamp::from_millisecond(*until_ms).unwrap_or_default() }
            }
            Event::UnitFinished(unit) => Line::UnitFinished(self.places.unit(unit, sources)),
            Event::SetUp(set_up) => Line::SetUp(self.places.set_up(set_up, sources)),
            Event::NotUndone(undo) => Line::NotUndone(self.places.not_undone(undo, sources)),
            Event::RunFinished(summary) => Line::RunFinished(finished(summary)),
        }
    }
}

impl<W: Write> Reporter for Ndjson<W> {
    fn on(&mut self, event: &Event, sources: &Sources) -> io::Result<()> {
        let mut line = serde_json::to_vec(&self.line(event, sources))?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }
}

fn finished(summary: &crate::event::Summary) -> Finished {
    Finished {
        passed: summary.passed,
        failed: summary.failed,
        errors: summary.errors,
        skipped: summary.skipped,
        flaky: summary.flaky,
        not_undone: summary.not_undone,
        requests: summary.requests,
        duration_ms: milliseconds(summary.duration),
    }
}

/// The lines of a run that is over.
#[must_use]
pub fn write(document: &Document) -> String {
    let (events, sources) = replay(document);
    let mut out = Vec::new();
    let mut lines = Ndjson::new(&mut out);
    // Writing to memory does not fail.
    let _ = events.iter().try_for_each(|event| lines.on(event, &sources));
    String::from_utf8_lossy(&out).into_owned()
}
