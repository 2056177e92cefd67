//! Signals that ask this process to stop.

use crate::platform::SystemSignal;
use std::io::Result;
use std::task::Poll;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// INT, TERM and HUP: closing the terminal or the SSH session must not leave objects behind.
pub(crate) struct StopSignalStream([(Signal, SystemSignal); 3]);

impl StopSignalStream {
    /// # Errors
    /// If a handler cannot be installed.
    pub(crate) fn install() -> Result<Self> {
        Ok(Self([
            (signal(SignalKind::interrupt())?, SystemSignal::Interrupt),
            (signal(SignalKind::terminate())?, SystemSignal::Terminate),
            (signal(SignalKind::hangup())?, SystemSignal::HangUp),
        ]))
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> SystemSignal {
        std::future::poll_fn(|task| {
            let mut signals = self.0.iter_mut();
            let received = signals
                .find_map(|(signal, kind)| signal.poll_recv(task).is_ready().then_some(*kind));
            received.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
