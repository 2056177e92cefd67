//! The trait of everything that receives the events of a run. It does not know what a reporter does
//! with them.

use crate::event::Event;
use crate::span::SourceMap;

/// Passes each event to two reporters.
pub(crate) struct TeeReporter<'r>(
    pub(crate) &'r mut dyn Reporter,
    pub(crate) &'r mut dyn Reporter,
);

impl Reporter for TeeReporter<'_> {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> std::io::Result<()> {
        // `and` instead of `?`: the second must get the event even if the first cannot write,
        // because a full disk under one report must not cut the other.
        self.0
            .on_event(event, sources)
            .and(self.1.on_event(event, sources))
    }
}

/// Receives the events of a run.
pub(crate) trait Reporter {
    /// # Errors
    /// When its output cannot be written.
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> std::io::Result<()>;
}
