//! The wish to stop: it is said once, and seen between calls. What was begun is still taken back.

use std::time::Duration;
use tokio::sync::watch::{Receiver, Sender, channel};

/// Says it.
pub(crate) struct StopSender(Sender<bool>);

/// Sees it.
#[derive(Clone)]
pub(crate) struct StopSignal(Receiver<bool>);

/// Both ends.
#[must_use]
pub(crate) fn stop_channel() -> (StopSender, StopSignal) {
    let (sender, receiver) = channel(false);
    (StopSender(sender), StopSignal(receiver))
}

impl StopSender {
    pub(crate) fn stop(&self) {
        // Nobody who listens is nobody to stop.
        let _ = self.0.send(true);
    }
}

impl StopSignal {
    #[must_use]
    pub(crate) fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits so long, and no longer than until somebody wants it to stop; then it is `false`.
    pub(crate) async fn pause(&self, wait: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.requested() => false,
            () = tokio::time::sleep(wait) => true,
        }
    }

    /// Waits until it is; for ever, when nobody can say it any more.
    pub(crate) async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
