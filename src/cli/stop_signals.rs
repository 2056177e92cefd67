//! The signals that ask a command to stop.

use super::command_error::CommandError;
use super::exit_status::ExitStatus;

fn cannot_listen(error: &std::io::Error) -> CommandError {
    CommandError::operation(format!("signals cannot be caught: {error}"))
        .hint("nothing was sent: Ctrl-C would have stopped it before it could clean up")
}

#[cfg(unix)]
pub(crate) struct StopSignals(Vec<(tokio::signal::unix::Signal, ExitStatus)>);

#[cfg(unix)]
impl StopSignals {
    /// # Errors
    /// If a handler cannot be installed. Without one the signal kills the process, and what a run
    /// made at a marketplace stays there.
    pub(crate) fn install() -> Result<Self, CommandError> {
        use tokio::signal::unix::{SignalKind, signal};
        // HUP, too: closing the terminal or the SSH session must not leave objects behind.
        let kinds = [
            (SignalKind::interrupt(), ExitStatus::Interrupted),
            (SignalKind::terminate(), ExitStatus::Terminated),
            (SignalKind::hangup(), ExitStatus::HungUp),
        ];
        kinds
            .into_iter()
            .map(|(kind, exit)| Ok((signal(kind)?, exit)))
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(|error: std::io::Error| cannot_listen(&error))
    }

    /// Waits for the next signal and returns its exit status.
    pub(crate) async fn next(&mut self) -> ExitStatus {
        std::future::poll_fn(|task| {
            let received = self
                .0
                .iter_mut()
                .find_map(|(signal, exit)| signal.poll_recv(task).is_ready().then_some(*exit));
            received.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}

/// Ctrl-C only: Windows has no other signals.
#[cfg(not(unix))]
pub(crate) struct StopSignals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl StopSignals {
    pub(crate) fn install() -> Result<Self, CommandError> {
        tokio::signal::windows::ctrl_c()
            .map(Self)
            .map_err(|error| cannot_listen(&error))
    }

    pub(crate) async fn next(&mut self) -> ExitStatus {
        match self.0.recv().await {
            Some(()) => ExitStatus::Interrupted,
            // No event can arrive any more, which is not the same as an event.
            None => std::future::pending().await,
        }
    }
}
