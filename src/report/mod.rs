//! Renderings of events. They only listen: no reporter knows how a run happens, and none can hold a secret, since events
//! have none.

mod terminal;

pub use terminal::{Style, Terminal, human};

use crate::event::Event;
use crate::span::Sources;

/// Something that listens to a run.
pub trait Reporter {
    /// # Errors
    /// When its output cannot be written.
    fn on(&mut self, event: &Event, sources: &Sources) -> std::io::Result<()>;
}
