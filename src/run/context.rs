//! The context of a run: its options, its environment, and its state.

use super::access::{AccessError, AccessResolver, AccountAccess};
use super::delivered_response::DeliveredResponse;
use super::parallelism::Parallelism;
use super::request_log::RequestLog;
use super::retry_budget::RetryBudget;
use super::run_budget::RunBudget;
use super::run_recordings::RunRecordings;
use super::run_tokens::RunTokens;
use super::stop::StopSignal;
use super::user_secrets::UserSecrets;
use crate::event::{Event, RunNotice};
use crate::host::SeededRng;
use crate::model::scheme::{HostChoice, Level, Scheme};
use crate::model::workspace::Workspace;
use crate::output_files::OutputFolder;
use crate::recording::RecordingKey;
use crate::redact::{OutputRedactor, Redactor};
use crate::render::{BodyFiles, FreshValues, VariableLayer};
use crate::sign::{NamedValues, SignTrace};
use crate::snapshot::SnapshotUpdate;
use crate::tokens::FamilyRecord;
use crate::transport::LiveTransport;
use crate::value::{CompactText, Value};
use crate::wire::Draft;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How a run treats snapshots.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SnapshotOptions {
    /// Compare a snapshot of every step, not only of those with `snapshot`.
    pub(crate) every_step: bool,
    pub(crate) update: SnapshotUpdate,
}

/// A variable that the command line or the environment of the process sets.
#[derive(Clone, Debug)]
pub(crate) struct GivenVariable {
    pub(crate) name: CompactText,
    pub(crate) value: Value,
    pub(crate) layer: VariableLayer,
}

/// What the user asked for; it does not change during the run.
#[derive(Default)]
pub(crate) struct RunOptions {
    /// The environment's name.
    pub(crate) environment: String,
    /// The variables that files do not set: those of `--var`, and the like.
    pub(crate) vars: Vec<GivenVariable>,
    pub(crate) run_id: String,
    /// Report every exchange, not only those of steps that do not pass.
    pub(crate) verbose: bool,
    /// Measure the phases of each request.
    pub(crate) phases: bool,
    /// Show personal data at the terminal; reports and files hold pseudonyms all the same.
    pub(crate) shows_personal: bool,
    /// Report labels of units and lines of all requests: reports in files need them.
    pub(crate) detail: bool,
    /// Report exchanges and signatures of steps that pass, too: some reports in files show them, and
    /// a large response takes as long to print and redact as to judge.
    pub(crate) passed_exchanges: bool,
    /// The folder of the ledger; `None` if the environment ends with the run, as the sandbox does.
    pub(crate) ledger: Option<PathBuf>,
    /// Do not undo what fixtures create.
    pub(crate) keep_fixtures: bool,
    /// Stop after the first unit that does not pass.
    pub(crate) fail_fast: bool,
    pub(crate) parallelism: Parallelism,
    pub(crate) snapshots: SnapshotOptions,
    /// A step that passed only on a retry fails.
    pub(crate) flaky_fails: bool,
    /// What `when` or an empty list skips fails.
    pub(crate) skipped_fails: bool,
    /// The time that a replay pretends, in Unix milliseconds.
    pub(crate) pretended_ms: Option<i64>,
    /// Keep the last response that was judged, for a command that hands it on.
    pub(crate) delivers_response: bool,
}

/// The outside of a run: files, network, stores, clock and random numbers.
pub(crate) struct RunEnvironment<'w> {
    pub(crate) workspace: &'w Workspace,
    pub(crate) files: &'w dyn BodyFiles,
    pub(crate) transport: LiveTransport,
    pub(crate) accesses: AccessResolver<'w>,
    /// The values of `{{ secret.NAME }}`.
    pub(crate) secrets: UserSecrets,
    pub(crate) tokens: RunTokens<'w>,
    pub(crate) budget: RunBudget,
    /// Unix milliseconds.
    pub(crate) clock: fn() -> i64,
    pub(crate) rng: SeededRng,
    pub(crate) stop: StopSignal,
    /// Where steps write responses to; `None` in a replay, unless a folder was named.
    pub(crate) outputs: Option<OutputFolder>,
}

/// What a run remembers. All lanes run on one task, so `RefCell` is enough; no borrow may be held
/// across an `await`.
pub(crate) struct RunState {
    /// The times of events count from here.
    pub(crate) started_at: Instant,
    pub(crate) recordings: RunRecordings,
    pub(crate) redactor: RefCell<Redactor>,
    pub(crate) retries: RetryBudget,
    pub(crate) requests: RequestCounts,
    /// Each request, where a trace is written.
    pub(crate) request_log: RequestLog,
    /// The last response, if `delivers_response` is set.
    pub(crate) delivered: RefCell<Option<DeliveredResponse>>,
}

/// How many requests a run has sent, or replayed.
#[derive(Default)]
pub(crate) struct RequestCounts {
    /// Of steps, fixtures and undos.
    pub(super) api: Cell<usize>,
    /// Renewals of tokens.
    pub(super) token: Cell<usize>,
}

/// Everything that the parts of a run share.
pub(crate) struct RunContext<'w> {
    pub(crate) options: RunOptions,
    pub(crate) environment: RunEnvironment<'w>,
    pub(crate) state: RunState,
}

impl RunContext<'_> {
    /// The account, credentials and host of a request. Registers its secrets with the redactor
    /// before anything can show them.
    ///
    /// # Errors
    /// When the account is unknown or ambiguous, a credential is missing, or there is no host.
    pub(crate) fn access(
        &self,
        (scheme, level, host): (&Scheme, &Level, &HostChoice),
        account: Option<&str>,
    ) -> Result<Rc<AccountAccess>, AccessError> {
        let call = (scheme, level, host);
        self.environment
            .accesses
            .resolve_cached(call, account, &|access| {
                self.register_secrets(scheme, &access.credentials, &access.given_token);
            })
    }

    /// What a rendered request is sent with: at the host that it names itself, or at that of its
    /// account.
    ///
    /// # Errors
    /// As [`Self::access`].
    pub(crate) fn draft_access(
        &self,
        (scheme, level): (&Scheme, &Level),
        draft: &Draft,
        account: Option<&str>,
    ) -> Result<Rc<AccountAccess>, AccessError> {
        if let Some(base) = &draft.external {
            let accesses = &self.environment.accesses;
            return accesses.external(scheme, base).map(Rc::new);
        }
        let host = scheme.host_choice(level, draft.method, &draft.path);
        self.access((scheme, level, host), account)
    }

    /// The secrets that requests of this run use; they are hidden from now on.
    pub(crate) fn set_user_secrets(&mut self, secrets: UserSecrets) {
        secrets.register(self.state.redactor.get_mut());
        self.environment.secrets = secrets;
    }

    /// Takes secrets, and the personal data of one file, out of everything that is shown of it.
    pub(crate) fn output_redactor(&self, key: &RecordingKey) -> OutputRedactor<'_> {
        // Before the search borrows what it looks at.
        let shows_personal = self.shows_personal(key);
        OutputRedactor::new(
            self.state.redactor.borrow_mut(),
            self.state.recordings.personal.search(key),
        )
        .showing_personal(shows_personal)
    }

    /// Whether a person asked to see personal data, and may see that of one file.
    pub(super) fn shows_personal(&self, key: &RecordingKey) -> bool {
        self.options.shows_personal && !self.state.recordings.personal.has_short_secrets(key)
    }

    /// Takes only secrets out, for a person at a terminal who asked for personal data.
    pub(super) fn terminal_redactor(&self) -> OutputRedactor<'_> {
        OutputRedactor::new(self.state.redactor.borrow_mut(), None)
    }

    /// The time in Unix milliseconds, or the one that a replay pretends.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.options.pretended_ms).unwrap_or_else(self.environment.clock)
    }

    /// The time and a random seed, read now: for rendering a step, and for signing one request.
    pub(super) fn fresh_values(&self) -> FreshValues {
        self.fresh_values_at(self.now_ms())
    }

    /// A time in Unix milliseconds, with a random seed.
    pub(crate) fn fresh_values_at(&self, unix_ms: i64) -> FreshValues {
        FreshValues {
            unix_ms,
            seed: self.environment.rng.draw(),
        }
    }

    /// Waits for `wait`; `false` if the run is asked to stop before. A replay does not wait.
    pub(super) async fn pause(&self, wait: Duration) -> bool {
        // The signal is checked even without a wait, so that a replay can be interrupted as well.
        let wait = if self.state.recordings.is_replay() {
            Duration::ZERO
        } else {
            wait
        };
        self.environment.stop.pause(wait).await
    }

    /// Warns the user of something that belongs to the run and to no step.
    pub(super) fn warn(&self, text: &str, hint: Option<&str>) {
        let mut redactor = self.state.redactor.borrow_mut();
        let hints = hint.map(|hint| redactor.redact_for_display(hint));
        let notice = RunNotice::warning(redactor.redact_for_display(text)).hints(hints);
        drop(redactor);
        self.environment.budget.notify(Event::RunNotice(notice));
    }

    /// Registers the tokens of a record with the redactor.
    pub(crate) fn register_record_secrets(&self, record: &FamilyRecord) {
        let mut redactor = self.state.redactor.borrow_mut();
        record
            .secrets()
            .for_each(|(name, value)| redactor.add_secret(format!("token.{name}"), value));
    }

    /// Registers what a signature derives from secrets with the redactor.
    pub(crate) fn register_trace(&self, trace: &SignTrace) {
        let mut redactor = self.state.redactor.borrow_mut();
        for (id, value) in trace.secrets() {
            redactor.add_secret(id, value);
        }
    }

    /// Registers the secret credentials and the token fields with the redactor.
    pub(crate) fn register_secrets(
        &self,
        scheme: &Scheme,
        credentials: &NamedValues,
        token: &NamedValues,
    ) {
        let mut redactor = self.state.redactor.borrow_mut();
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
