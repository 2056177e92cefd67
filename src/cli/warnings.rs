//! The one collector of warnings. Whoever finds something that does not stop the command adds it
//! here; `cli::run`, or a command before it starts to stream, prints what was collected.

use super::command_error::SourceFaults;
use std::cell::RefCell;

#[derive(Debug)]
pub(crate) enum CommandWarning {
    /// A message, and what to do.
    Text(String, Option<String>),
    Faults(SourceFaults),
}

#[derive(Debug, Default)]
pub(crate) struct Warnings(RefCell<Vec<CommandWarning>>);

impl Warnings {
    pub(crate) fn add(&self, text: impl Into<String>) {
        self.push(CommandWarning::Text(text.into(), None));
    }

    pub(crate) fn add_with_hint(&self, text: impl Into<String>, hint: impl Into<String>) {
        self.push(CommandWarning::Text(text.into(), Some(hint.into())));
    }

    pub(crate) fn add_faults(&self, faults: SourceFaults) {
        self.push(CommandWarning::Faults(faults));
    }

    fn push(&self, warning: CommandWarning) {
        self.0.borrow_mut().push(warning);
    }

    /// What was collected, in order; the collector is empty then.
    pub(crate) fn take(&self) -> Vec<CommandWarning> {
        self.0.take()
    }
}
