//! The end of standard input: a program that starts a server with a pipe ends it by ending
//! itself, however that happens.

use super::exit_status::ExitStatus;
use super::stop_signals::StopSignals;
use std::io::Read;
use tokio::sync::oneshot;

/// Waits for a signal, or for the end of standard input if `until_eof`.
pub(crate) async fn until_end(signals: &mut StopSignals, until_eof: bool) -> ExitStatus {
    if !until_eof {
        return signals.next().await;
    }
    tokio::select! {
        status = signals.next() => status,
        () = StandardInputEnd::watch().wait() => ExitStatus::default(),
    }
}

struct StandardInputEnd(oneshot::Receiver<()>);

impl StandardInputEnd {
    /// Reads and drops what comes in a thread of its own: a read of standard input cannot be
    /// interrupted, and the runtime would wait for one of its own threads when it stops.
    fn watch() -> Self {
        let (ended, end) = oneshot::channel();
        std::thread::spawn(move || {
            let mut input = std::io::stdin().lock();
            let mut dropped = [0; 4096];
            loop {
                match input.read(&mut dropped) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    // What cannot be read has no end that could be waited for.
                    Err(_) => break,
                }
            }
            // Nobody receives it when a signal came first.
            let _ = ended.send(());
        });
        Self(end)
    }

    async fn wait(self) {
        // The sender is dropped only after it has sent.
        let _ = self.0.await;
    }
}
