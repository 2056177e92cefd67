//! The signals that ask a command to stop.

use super::command_error::CommandError;
use super::exit_status::ExitStatus;
use crate::platform::{StopSignalStream, SystemSignal};

pub(crate) struct StopSignals(StopSignalStream);

impl StopSignals {
    /// # Errors
    /// If a handler cannot be installed. Without one the signal kills the process, and what a run
    /// made at a marketplace stays there.
    pub(crate) fn install() -> Result<Self, CommandError> {
        StopSignalStream::install().map(Self).map_err(|error| {
            CommandError::operation(format!("ingam cannot handle signals: {error}"))
                .hint("nothing was sent, because Ctrl-C would stop ingam before it could clean up")
        })
    }

    /// Waits for the next signal and returns its exit status.
    pub(crate) async fn next(&mut self) -> ExitStatus {
        match self.0.next().await {
            SystemSignal::Interrupt => ExitStatus::Interrupted,
            SystemSignal::Terminate => ExitStatus::Terminated,
            SystemSignal::HangUp => ExitStatus::HungUp,
        }
    }
}
