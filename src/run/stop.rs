//! The signal that asks a run to stop. Steps end, and fixtures are still undone.

use std::time::Duration;
use tokio::sync::watch::{Receiver, Sender, channel};

/// The end that asks the run to stop.
pub(crate) struct StopSender(Sender<bool>);

/// The end that the run observes.
#[derive(Clone)]
pub(crate) struct StopSignal(Receiver<bool>);

/// Creates both ends.
#[must_use]
pub(crate) fn stop_channel() -> (StopSender, StopSignal) {
    let (sender, receiver) = channel(false);
    (StopSender(sender), StopSignal(receiver))
}

impl StopSender {
    pub(crate) fn stop(&self) {
        // An error means that no run observes the signal any more: there is nothing to stop.
        let _ = self.0.send(true);
    }
}

impl StopSignal {
    #[must_use]
    pub(crate) fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for `wait`; `false` if the run is asked to stop before.
    pub(crate) async fn pause(&self, wait: Duration) -> bool {
        tokio::select! {
            // A stop that is requested already wins over a wait of zero.
            biased;
            () = self.requested() => false,
            () = tokio::time::sleep(wait) => true,
        }
    }

    /// Waits until the run is asked to stop. Never ends if the sender is gone.
    pub(crate) async fn requested(&self) {
        let mut receiver = self.0.clone();
        // Without a sender no stop can be requested any more. To return here would stop the run.
        if receiver.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
