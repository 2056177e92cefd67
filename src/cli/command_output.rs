//! The result of a command: text for standard output and standard error, in order, and the exit
//! status. `cli::run` prints it.

use super::command_error::{CommandError, SourceFaults};
use super::exit_status::ExitStatus;

pub(crate) type CommandResult = Result<CommandOutput, CommandError>;

#[derive(Debug)]
pub(crate) enum OutputPart {
    /// For standard output.
    Data(String),
    /// For standard error.
    Message(String),
    Faults(SourceFaults),
    /// A failure after which the command went on.
    Error(CommandError),
}

#[derive(Debug, Default)]
pub(crate) struct CommandOutput {
    pub(crate) parts: Vec<OutputPart>,
    pub(crate) status: ExitStatus,
}

impl CommandOutput {
    /// A status without text.
    pub(crate) fn ended(status: ExitStatus) -> Self {
        Self {
            parts: Vec::new(),
            status,
        }
    }

    pub(crate) fn of_data(text: impl Into<String>) -> Self {
        let mut output = Self::default();
        output.data(text);
        output
    }

    pub(crate) fn of_message(text: impl Into<String>) -> Self {
        let mut output = Self::default();
        output.message(text);
        output
    }

    pub(crate) fn of_error(error: CommandError) -> Self {
        let mut output = Self::default();
        output.error(error);
        output
    }

    pub(crate) fn data(&mut self, text: impl Into<String>) {
        self.parts.push(OutputPart::Data(text.into()));
    }

    pub(crate) fn message(&mut self, text: impl Into<String>) {
        self.parts.push(OutputPart::Message(text.into()));
    }

    pub(crate) fn faults(&mut self, faults: SourceFaults) {
        self.parts.push(OutputPart::Faults(faults));
    }

    /// Adds a failure. The command goes on, and ends with the most severe status.
    pub(crate) fn error(&mut self, error: CommandError) {
        self.end_with(error.class.into());
        self.parts.push(OutputPart::Error(error));
    }

    /// Adds the output of another step.
    pub(crate) fn append(&mut self, other: Self) {
        self.end_with(other.status);
        self.parts.extend(other.parts);
    }

    /// The worse of this status and the one so far.
    pub(crate) fn end_with(&mut self, status: ExitStatus) {
        self.status = self.status.most_severe(status);
    }
}
