//! One step of a file: asked once, until something holds, or page by page; and what is reported of it.

use super::access::AccessError;
use super::asking::Asking;
use super::call::{Attempt, Progress, Reach};
use super::{Context, body_text, pages, poll, shown};
use crate::budget::BudgetError;
use crate::event::{AttemptReport, ExchangeReport, FailureReport, StepReport, TraceReport, Trouble, Verdict};
use crate::model::redact::Redact;
use crate::model::repeat::Repeat;
use crate::model::request::Step;
use crate::model::scheme::Scheme;
use crate::plan::Unit;
use crate::recording::{ReplayError, TakeError, Whose};
use crate::render::{Layer, Origin, RenderError, Variables};
use crate::renew::Failure;
use crate::secret::{Redactor, Shown};
use crate::sign::{SealError, TraceLine};
use crate::snapshot::SnapshotError;
use crate::transport::TransportError;
use crate::wire::{Draft, WireRequest, WireResponse};

/// Why a step could not be done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error("{}", .0.reason)]
    Render(#[from] RenderError),
    #[error("{0}")]
    Seal(#[from] SealError),
    #[error("{0}")]
    Access(#[from] AccessError),
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Token(#[from] Failure),
    #[error(transparent)]
    Budget(Box<BudgetError>),
    #[error("nothing is recorded for this request: {0}")]
    NotRecorded(String),
    #[error("{0}")]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("no snapshot of the answer can be taken: {0}")]
    Personal(#[from] TakeError),
    /// Somebody wanted the run to stop.
    #[error("interrupted")]
    Interrupted,
}

impl From<BudgetError> for StepError {
    fn from(error: BudgetError) -> Self {
        Self::Budget(Box::new(error))
    }
}

impl StepError {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Render(_) | Self::Seal(SealError::Render(_) | SealError::Wire(_)) => Trouble::File,
            Self::Seal(_) => Trouble::Credential,
            Self::Access(error) => error.into(),
            Self::Transport(_) => Trouble::Unable,
            Self::Token(failure) if failure.wants_a_person => Trouble::Credential,
            Self::Token(_) => Trouble::Unable,
            Self::Budget(error) if error.is_store_error() => Trouble::Unable,
            Self::Budget(_) => Trouble::Budget,
            Self::Replay(ReplayError::Fault) => Trouble::Unable,
            Self::NotRecorded(_)
            | Self::Replay(_)
            | Self::Snapshot(SnapshotError::Missing { .. } | SnapshotError::Broken { .. }) => Trouble::Recording,
            Self::Snapshot(SnapshotError::Mask(_)) | Self::Personal(_) => Trouble::File,
            Self::Snapshot(SnapshotError::Unwritable { .. }) => Trouble::Unable,
            Self::Interrupted => Trouble::Interrupted,
        }
    }

    pub fn notes(&self) -> Vec<String> {
        match self {
            Self::Render(error) | Self::Seal(SealError::Render(error)) => error.hint.clone().into_iter().collect(),
            Self::Access(error) => error.hint().into_iter().collect(),
            Self::Token(failure) => failure.notes.clone(),
            Self::Budget(error) => error.hint().into_iter().collect(),
            Self::Snapshot(error) => error.hint().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    pub fn at(&self) -> Option<crate::span::Span> {
        match self {
            Self::Render(error) | Self::Seal(SealError::Render(error)) => Some(error.at),
            _ => None,
        }
    }
}

/// A call that was tried.
pub struct Tried {
    pub report: StepReport,
    pub reach: Reach,
    /// It passed, or only has no snapshot yet: what comes after it in a flow can be sent.
    pub goes_on: bool,
}

/// Whose step it is, and what its file says is personal.
pub struct Caller<'c> {
    pub whose: Whose,
    pub redact: &'c [Redact],
    /// Not of a fixture: its answers are there to be used, and have no snapshots.
    pub unit: Option<&'c Unit<'c>>,
}

pub async fn run(caller: &Caller<'_>, step: &Step, variables: &mut Variables, context: &Context<'_>) -> Tried {
    let begun = context.begun.elapsed();
    let mut progress = Progress { begun, ..Progress::default() };
    let result = ask(caller, step, variables, context, &mut progress).await;
    let is_unseen = matches!(result, Err(StepError::Snapshot(SnapshotError::Missing { .. })));
    if let Err(error) = result.as_ref().map_err(ToString::to_string)
        && !is_unseen
    {
        context.recordings.refuse(&caller.whose, &error);
    }
    let reach = progress.reach;
    let report = report(step, context, progress, result);
    Tried { reach, goes_on: is_unseen || report.verdict.is_pass(), report }
}

/// What does not hold in an answer.
#[derive(Default)]
pub struct Judged {
    pub failures: Vec<FailureReport>,
    pub notes: Vec<String>,
}

async fn ask(
    caller: &Caller<'_>,
    step: &Step,
    variables: &mut Variables,
    context: &Context<'_>,
    progress: &mut Progress,
) -> Result<Judged, StepError> {
    let Some(scheme) = context.workspace.scheme(&step.scheme.name) else {
        return Err(RenderError::new(step.scheme.at, format!("there is no scheme `{}`", step.scheme.name)).into());
    };
    set_account(variables, scheme, caller.whose.account.as_deref(), context);
    let asking = Asking { caller, step, scheme, context };
    match &step.repeat {
        Repeat::Once => asking.once(variables, progress).await,
        Repeat::Poll(poll) => poll::run(&asking, poll, variables, progress).await,
        Repeat::Pages(pages) => pages::run(&asking, pages, variables, progress).await,
    }
}

/// `account` as templates see it.
pub fn set_account(variables: &mut Variables, scheme: &Scheme, account: Option<&str>, context: &Context<'_>) {
    let shown = context.accesses.shown_account(scheme, account);
    variables.set("account", shown, Origin { layer: Layer::BuiltIn, at: None });
}

fn report(step: &Step, context: &Context<'_>, progress: Progress, result: Result<Judged, StepError>) -> StepReport {
    let mut redactor = context.redactor.borrow_mut();
    let mut at = step.at;
    let (verdict, failures, notes) = match result {
        Ok(judged) if judged.failures.is_empty() => (Verdict::Pass, Vec::new(), judged.notes),
        Ok(judged) => (Verdict::Fail, judged.failures, judged.notes),
        Err(error) => {
            at = error.at().unwrap_or(at);
            let notes = progress.warnings.into_iter().chain(error.notes()).collect();
            (Verdict::Error(error.trouble(), redactor.show(&error.to_string())), Vec::new(), notes)
        }
    };
    let wanted = context.verbose || context.detail || !verdict.is_pass();
    let line = || progress.draft.as_deref().map_or_else(|| format!("{} …", step.method), line);
    let endpoint = || progress.draft.as_ref().map(|draft| format!("{} {}", draft.method, draft.path)).unwrap_or_default();
    let exchange = progress.request.as_ref().filter(|_| wanted).map(|request| ExchangeReport {
        request: shown(&request_text(request), &mut redactor),
        response: progress.heard.as_ref().map(|heard| shown(&response_text(&heard.response), &mut redactor)),
    });
    StepReport {
        name: step.name.clone(),
        line: if wanted { redactor.show(&line()) } else { Shown::default() },
        endpoint: if context.detail { redactor.show(&endpoint()) } else { Shown::default() },
        at,
        begun: progress.begun,
        sent: progress.sent,
        status: progress.heard.as_ref().map(|heard| heard.response.status),
        latency: progress.heard.as_ref().map(|heard| heard.response.latency),
        verdict,
        attempts: progress.attempts.iter().map(|attempt| attempt_report(attempt, &mut redactor)).collect(),
        failures,
        notes: notes.iter().map(|note| redactor.show(note)).collect(),
        exchange,
        trace: progress.trace.iter().map(|line| trace_line(line, &mut redactor)).collect(),
    }
}

/// Method and target, for people: the query as it was before it was encoded.
fn line(draft: &Draft) -> String {
    let mut query = draft.raw_query.clone();
    for (name, value) in &draft.query {
        let separator = if query.is_empty() { "" } else { "&" };
        query.push_str(&format!("{separator}{name}={value}"));
    }
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{} {}{separator}{query}", draft.method, draft.path)
}

fn attempt_report(attempt: &Attempt, redactor: &mut Redactor) -> AttemptReport {
    AttemptReport { status: attempt.status, reason: redactor.show(&attempt.reason), latency: attempt.latency }
}

fn trace_line(line: &TraceLine, redactor: &mut Redactor) -> TraceReport {
    TraceReport { id: line.id.clone(), kind: line.op.to_owned(), text: shown(&line.value, redactor) }
}

/// As HTTP/1.1 spells it, for people.
pub fn request_text(request: &WireRequest) -> String {
    let mut text = format!("{} {} HTTP/1.1\n", request.method(), request.target());
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if !request.body().is_empty() {
        // The bytes that are signed, not a nicer spelling of them.
        let body = std::str::from_utf8(request.body()).map_or_else(|_| body_text(request.body()), str::to_owned);
        text.push_str(&format!("\n{body}"));
    }
    text
}

fn response_text(response: &WireResponse) -> String {
    let mut text = format!("HTTP/1.1 {}\n", response.status);
    for (name, value) in &response.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if !response.body().is_empty() {
        text.push_str(&format!("\n{}", body_text(response.body())));
    }
    text
}
