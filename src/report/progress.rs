//! How far a run has come, in one line for a terminal. It refuses to look at a clock: it is told what happens, and that is all.

use crate::event::{Event, Verdict};

/// Counts of what has begun and ended.
#[derive(Default)]
pub struct Progress {
    units: usize,
    running: usize,
    done: usize,
    failed: usize,
    pub is_shown: bool,
}

impl Progress {
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::RunStarted { units, .. } => self.units = *units,
            Event::UnitStarted { .. } => self.running += 1,
            Event::UnitFinished(unit) => {
                self.running = self.running.saturating_sub(1);
                self.done += 1;
                self.failed += usize::from(matches!(unit.verdict, Verdict::Fail | Verdict::Error(..)));
            }
            Event::RunFinished(_) => self.units = 0,
            Event::SetUp(_) | Event::NotUndone(_) => {}
        }
    }

    /// `  3 running · 12 of 47 done · 1 failed`; nothing before the start and after the end.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        if self.units == 0 {
            return None;
        }
        let failed = if self.failed > 0 { format!(" · {} failed", self.failed) } else { String::new() };
        Some(format!("  {} running · {} of {} done{failed}", self.running, self.done, self.units))
    }
}
