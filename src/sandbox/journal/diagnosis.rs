//! Examines refused signatures on a thread of its own, after the answer was sent: what text was
//! expected, and which mistake gives the signature that came.

use super::entry::SuspectSignature;
use super::examine::examine;
use crate::value::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// The most signatures that wait to be examined.
const MAX_WAITING: usize = 32;
/// A request with a larger body is not examined; in bytes. It would be kept until its turn.
const MAX_BODY: usize = 1 << 20;

/// What was expected in the place of a signature, and why another one came.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct SignatureReport {
    /// The codes of the mistakes that explain it: proven ones, and those that the request shows.
    pub(super) mistakes: Vec<String>,
    /// The steps of the expected signature, in order: id, operation, result.
    pub(super) steps: Vec<(String, &'static str, String)>,
    /// What was found, in sentences.
    pub(super) findings: Vec<String>,
}

impl SignatureReport {
    /// About how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let steps = self
            .steps
            .iter()
            .map(|(id, _, value)| id.len() + value.len() + 64);
        let findings = self.findings.iter().map(|text| text.len() + 24);
        size_of::<Self>() + steps.sum::<usize>() + findings.sum::<usize>()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.findings.clone();
        if self.steps.is_empty() {
            return lines;
        }
        lines.push("expected:".to_owned());
        let width = self
            .steps
            .iter()
            .map(|(id, _, _)| id.len())
            .max()
            .unwrap_or(0);
        let steps = self.steps.iter();
        lines.extend(
            steps.map(|(id, operation, value)| format!("  {id:<width$}  {operation}  {value}")),
        );
        lines
    }

    pub(super) fn to_value(&self) -> Value {
        let texts = |texts: &[String]| {
            texts
                .iter()
                .map(|text| Value::from(text.as_str()))
                .collect()
        };
        let step = |(id, operation, value): &(String, &'static str, String)| {
            Value::Object(vec![
                ("id".into(), id.as_str().into()),
                ("operation".into(), (*operation).into()),
                ("value".into(), value.as_str().into()),
            ])
        };
        Value::Object(vec![
            ("state".into(), "done".into()),
            ("mistakes".into(), Value::List(texts(&self.mistakes))),
            ("findings".into(), Value::List(texts(&self.findings))),
            (
                "expected".into(),
                Value::List(self.steps.iter().map(step).collect()),
            ),
        ])
    }
}

struct DiagnosisJob {
    number: u64,
    suspect: Box<SuspectSignature>,
}

/// Where signatures wait to be examined.
pub(in crate::sandbox) struct DiagnosisWorker {
    jobs: SyncSender<DiagnosisJob>,
}

/// The other end.
pub(in crate::sandbox) struct DiagnosisQueue {
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
            TrySendError::Full(_) => "too many refused signatures were waiting; send fewer at once",
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
