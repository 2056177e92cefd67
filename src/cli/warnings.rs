//! Collects the warnings of a command. `cli::run` prints them, or the command itself before it
//! starts to stream.

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

    /// Removes and returns the warnings, in order.
    pub(crate) fn take(&self) -> Vec<CommandWarning> {
        self.0.take()
    }
}
