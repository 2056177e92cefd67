//! Runs a plan: owns the state, emits events. It does not know that reports exist.

mod access;
mod advice;
mod attempts;
mod budget;
mod conductor;
mod exchange;
mod explain;
mod failures;
mod fixtures;
mod flaky;
mod pages;
mod poll;
mod retry_budget;
mod run_recordings;
mod snapshot_check;
mod step;
mod step_execution;
mod stop;
mod token;
mod undo;
mod unit;
mod unreferenced_snapshots;

pub(crate) use access::{AccessEnvironment, AccessError, AccessResolver, AccountAccess};
pub(crate) use budget::RunBudget;
pub(crate) use conductor::run;
pub(crate) use explain::{ExplainedRequest, StepExplanation, explain};
pub(crate) use fixtures::find_leftovers;
pub(crate) use retry_budget::RetryBudget;
pub(crate) use run_recordings::{RecordingMode, RunRecordings};
pub(crate) use snapshot_check::SnapshotOptions;
pub(crate) use stop::{StopSender, StopSignal, stop_channel};
pub(crate) use token::{RunTokens, access_token};
pub(crate) use undo::{UndoRequest, send_undo};
pub(crate) use unreferenced_snapshots::unreferenced_snapshots;

use crate::event::ErrorClass;
use crate::model::scheme::{Level, Scheme};
use crate::model::workspace::Workspace;
use crate::render::BodyFiles;
use crate::secret::{RedactedText, Redactor};
use crate::sign::NamedValues;
use crate::tokens::FamilyRecord;
use crate::transport::LiveTransport;
use crate::value::{ObjectMember, Value};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What a run needs and does not read by itself.
pub(crate) struct RunContext<'w> {
    pub(crate) workspace: &'w Workspace,
    pub(crate) environment: String,
    /// Of `--var`.
    pub(crate) vars: Vec<ObjectMember>,
    pub(crate) run_id: String,
    pub(crate) accesses: AccessResolver<'w>,
    pub(crate) tokens: RunTokens<'w>,
    pub(crate) transport: LiveTransport,
    pub(crate) run_budget: RunBudget,
    pub(crate) recordings: RunRecordings,
    pub(crate) files: &'w dyn BodyFiles,
    pub(crate) redactor: RefCell<Redactor>,
    /// Unix milliseconds.
    pub(crate) clock: fn() -> i64,
    pub(crate) rng: fn() -> [u8; 16],
    /// Every exchange is reported, and not only those of steps that do not pass.
    pub(crate) verbose: bool,
    /// A report wants more than a person at a terminal: all exchanges, traces, what units are
    /// grouped by.
    pub(crate) detail: bool,
    /// What the times of events count from.
    pub(crate) started_at: Instant,
    /// The folder in which it is written down what fixtures make; `None` where everything ends
    /// with the run.
    pub(crate) ledger: Option<PathBuf>,
    /// What fixtures make is left there.
    pub(crate) keep_fixtures: bool,
    /// The first unit that does not pass is the last.
    pub(crate) fail_fast: bool,
    /// How many units run side by side, at most.
    pub(crate) jobs: usize,
    pub(crate) snapshots: SnapshotOptions,
    pub(crate) retries: RetryBudget,
    /// What passed only on a retry has failed.
    pub(crate) flaky_fails: bool,
    pub(crate) stop: StopSignal,
}

impl RunContext<'_> {
    /// As whom and where a request goes; its secrets are known to the redactor before anything is
    /// shown.
    ///
    /// # Errors
    /// When no account or more than one fits, a credential is missing, or there is no host.
    pub(crate) fn access(
        &self,
        scheme: &Scheme,
        level: &Level,
        account: Option<&str>,
    ) -> Result<Rc<AccountAccess>, AccessError> {
        self.accesses
            .resolve_cached(scheme, level, account, &|access| {
                self.register_secrets(scheme, &access.credentials, &access.given_token);
            })
    }

    /// Waits so long; `false` when somebody wants the run to stop. What is replayed waits for
    /// nothing.
    async fn pause(&self, wait: Duration) -> bool {
        let wait = if self.recordings.is_replay() {
            Duration::ZERO
        } else {
            wait
        };
        self.stop.pause(wait).await
    }

    /// From now on the tokens of a record are shown by their names.
    pub(crate) fn register_record_secrets(&self, record: &FamilyRecord) {
        let mut redactor = self.redactor.borrow_mut();
        record
            .secrets()
            .for_each(|(name, value)| redactor.add_secret(format!("token.{name}"), value));
    }

    /// From now on these secrets are shown by their names.
    pub(crate) fn register_secrets(
        &self,
        scheme: &Scheme,
        credentials: &NamedValues,
        token: &NamedValues,
    ) {
        let mut redactor = self.redactor.borrow_mut();
        for credential in scheme
            .credentials
            .iter()
            .filter(|credential| credential.is_secret)
        {
            if let Some(value) = credentials.get(&credential.name).and_then(Value::as_str) {
                redactor.add_secret(format!("cred.{}", credential.name), value);
            }
        }
        for field in scheme.tokens.iter().flat_map(|token| token.fields()) {
            if let Some(value) = token.get(field).and_then(Value::as_str) {
                redactor.add_secret(format!("token.{field}"), value);
            }
        }
    }
}

/// The longest a whole body is shown in a report, in characters.
const MAX_SHOWN_BODY: usize = 4_096;

/// A body for people: JSON over several lines, text as it is, anything else by its size.
fn body_text(body: &[u8]) -> String {
    match (crate::value::parse(body), std::str::from_utf8(body)) {
        (Ok(value), _) => value.to_pretty_json(),
        (Err(_), Ok(text)) => text.to_owned(),
        (Err(_), Err(_)) => format!("({} bytes that are not text)", body.len()),
    }
}

/// Secrets go first, and only then is a long text cut: half a secret could not be recognised any
/// more.
fn redacted_text(text: &str, redactor: &mut Redactor) -> RedactedText {
    let whole = redactor.redact(text);
    match whole.char_indices().nth(MAX_SHOWN_BODY) {
        Some((cut, _)) => redactor.redact_for_display(&format!(
            "{}\n… ({} bytes in all)",
            &whole[..cut],
            text.len()
        )),
        None => redactor.redact_for_display(&whole),
    }
}

impl From<&AccessError> for ErrorClass {
    fn from(error: &AccessError) -> Self {
        match error {
            AccessError::Credential(_) | AccessError::Untrusted { .. } => Self::Credential,
            AccessError::Account { .. }
            | AccessError::Region { .. }
            | AccessError::NoHost { .. } => Self::File,
        }
    }
}
