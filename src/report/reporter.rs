//! Who listens to a run. It refuses to know what becomes of an event.

use crate::event::Event;
use crate::span::SourceMap;

/// Two who listen.
pub(crate) struct TeeReporter<'r>(
    pub(crate) &'r mut dyn Reporter,
    pub(crate) &'r mut dyn Reporter,
);

impl Reporter for TeeReporter<'_> {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> std::io::Result<()> {
        // `and` instead of `?`: the second must get the event even if the first cannot write, because
        // a full disk under one report must not cut the other.
        self.0
            .on_event(event, sources)
            .and(self.1.on_event(event, sources))
    }
}

/// Something that listens to a run.
pub(crate) trait Reporter {
    /// # Errors
    /// When its output cannot be written.
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> std::io::Result<()>;
}
