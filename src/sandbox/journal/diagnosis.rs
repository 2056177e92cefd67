//! Examines refused signatures on a thread of its own, after the answer was sent: what text was
//! expected, and which mistake gives the signature that came.

use super::examine::examine;
use super::signature_report::SignatureReport;
use super::suspect_signature::SuspectSignature;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// The most signatures that wait to be examined.
const MAX_WAITING: usize = 32;
/// A request with a larger body is not examined; in bytes. It would be kept until its turn.
const MAX_BODY: usize = 1 << 20;

struct DiagnosisJob {
    number: u64,
    suspect: Box<SuspectSignature>,
}

/// Where signatures wait to be examined.
pub(crate) struct DiagnosisWorker {
    jobs: SyncSender<DiagnosisJob>,
}

/// The other end.
pub(crate) struct DiagnosisQueue {
    jobs: Receiver<DiagnosisJob>,
}

impl DiagnosisWorker {
    pub(super) fn new() -> (Self, DiagnosisQueue) {
        let (sender, receiver) = sync_channel(MAX_WAITING);
        (Self { jobs: sender }, DiagnosisQueue { jobs: receiver })
    }

    /// Never waits.
    ///
    /// # Errors
    /// Why the signature is not examined.
    pub(super) fn submit(
        &self,
        number: u64,
        suspect: Box<SuspectSignature>,
    ) -> Result<(), &'static str> {
        if suspect.received.body.len() > MAX_BODY {
            return Err("the body is larger than 1 MiB");
        }
        let job = DiagnosisJob { number, suspect };
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => "too many refused signatures were waiting: send fewer at once",
            TrySendError::Disconnected(_) => "the examination has ended",
        })
    }
}

impl DiagnosisQueue {
    /// Examines until the worker is dropped.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn run(
        self,
        finish: impl Fn(u64, Result<SignatureReport, &'static str>) + Send + 'static,
    ) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name("signatures".to_owned());
        thread.spawn(move || {
            for job in self.jobs {
                // A fault of the examination must not end those of later requests.
                let report = catch_unwind(AssertUnwindSafe(|| examine(&job.suspect)));
                finish(job.number, report.map_err(|_| "the examination failed"));
            }
        })?;
        Ok(())
    }
}
