//! Collects the warnings of a command. `cli::run` prints them, or the command itself before it
//! starts to stream. A run also writes them to its reports.

use super::command_error::SourceFaults;
use std::cell::{Cell, RefCell};

#[derive(Clone, Debug)]
pub(crate) enum CommandWarning {
    /// A message, and what to do.
    Text(String, Option<String>),
    Faults(SourceFaults),
}

#[derive(Debug, Default)]
pub(crate) struct Warnings {
    all: RefCell<Vec<CommandWarning>>,
    /// How many of them the terminal has.
    printed: Cell<usize>,
    /// How many of them the reports have.
    reported: Cell<usize>,
}

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
        self.all.borrow_mut().push(warning);
    }

    /// Those that were not printed yet, in order. From now on they count as printed.
    pub(crate) fn take_unprinted(&self) -> Vec<CommandWarning> {
        self.since(&self.printed)
    }

    /// Those that are in no report yet, in order. From now on they count as reported.
    pub(crate) fn take_unreported(&self) -> Vec<CommandWarning> {
        self.since(&self.reported)
    }

    fn since(&self, mark: &Cell<usize>) -> Vec<CommandWarning> {
        let all = self.all.borrow();
        let first = mark.replace(all.len());
        all[first..].to_vec()
    }
}
