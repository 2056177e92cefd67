//! The state of a run in one line for a terminal. It reads no clock: all times come from events.

use crate::event::{Event, Verdict};
use std::collections::BTreeMap;

/// Counts of units that have started and finished.
#[derive(Default)]
pub(super) struct RunProgress {
    units: usize,
    running: usize,
    finished: usize,
    failed: usize,
    /// Units whose calls wait for their budget, each with the end of its wait in Unix
    /// milliseconds.
    waiting: BTreeMap<String, i64>,
    pub(super) is_shown: bool,
}

impl RunProgress {
    pub(super) fn observe(&mut self, event: &Event) {
        match event {
            Event::RunStarted { units, .. } => self.units = *units,
            Event::UnitStarted { .. } => self.running += 1,
            Event::Waiting { id, until_ms } => _ = self.waiting.insert(id.clone(), *until_ms),
            Event::UnitFinished(unit) => {
                self.waiting.remove(&unit.id);
                self.running = self.running.saturating_sub(1);
                self.finished += 1;
                self.failed +=
                    usize::from(matches!(unit.verdict, Verdict::Fail | Verdict::Error(..)));
            }
            Event::RunFinished(_) => self.units = 0,
            Event::SetUp(_) | Event::UndoFailed(_) | Event::RunNotice(_) => {}
        }
    }

    /// `  3 running · 12 of 47 done · 1 failed · waiting for budget until 09:00:00 UTC`; nothing
    /// before the start and after the end.
    #[must_use]
    pub(super) fn status_line(&self) -> Option<String> {
        if self.units == 0 {
            return None;
        }
        let failed = if self.failed > 0 {
            format!(" · {} failed", self.failed)
        } else {
            String::new()
        };
        let waiting =
            // The latest one, because the run cannot end before it.
            self.waiting.values().max().map(|until_ms| {
                format!(" · waiting for its budget until {}", wait_end_text(*until_ms))
            });
        let (running, done, units) = (self.running, self.finished, self.units);
        Some(format!(
            "  {running} running · {done} of {units} done{failed}{}",
            waiting.unwrap_or_default()
        ))
    }
}

/// A time of this day; the second in which a wait is over.
#[must_use]
pub(super) fn wait_end_text(until_ms: i64) -> String {
    let seconds = until_ms.saturating_add(999).div_euclid(1_000);
    // A wait past the year 9999 has no time of day; the number still says that it does not end.
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| format!("{seconds} s after the Unix epoch"),
        |time| time.strftime("%H:%M:%S UTC").to_string(),
    )
}
