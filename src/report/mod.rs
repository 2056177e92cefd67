//! Renderings of events. They only listen: no reporter knows how a run happens, and none can hold a secret, since events
//! have none.

mod terminal;

pub use terminal::{Style, Terminal, human};

use crate::event::Event;
use crate::span::Sources;

/// Nobody listens.
pub struct Nobody;

impl Reporter for Nobody {
    fn on(&mut self, _: &Event, _: &Sources) -> std::io::Result<()> {
        Ok(())
    }
}

/// Two who listen.
pub struct Both<'r>(pub &'r mut dyn Reporter, pub &'r mut dyn Reporter);

impl Reporter for Both<'_> {
    fn on(&mut self, event: &Event, sources: &Sources) -> std::io::Result<()> {
        self.0.on(event, sources).and(self.1.on(event, sources))
    }
}

/// Something that listens to a run.
pub trait Reporter {
    /// # Errors
    /// When its output cannot be written.
    fn on(&mut self, event: &Event, sources: &Sources) -> std::io::Result<()>;
}
