//! One call: render, sign, send, judge. A list of calls to the rooms below.

use super::access::AccessError;
use super::budget::Spender;
use super::call::{Call, Progress, Reach, not_recorded};
use super::recorded::{Made, Whose};
use super::snapshots::Answered;
use super::{Context, advice, body_text, failures, shown};
use crate::budget::BudgetError;
use crate::check::{self, Answer, Outcome};
use crate::event::{ExchangeReport, FailureReport, StepReport, Trouble, Verdict};
use crate::model::assertion::Subject;
use crate::model::outcome::{ErrorKind, Expected};
use crate::model::recording::RecordedRequest;
use crate::model::redact::Redact;
use crate::model::request::Step;
use crate::model::scheme::Scheme;
use crate::plan::Unit;
use crate::recording::{self, ReplayError, TakeError};
use crate::render::{Layer, Marked, Origin, RenderError, Variables, draft, tree};
use crate::renew::Failure;
use crate::sign::{SealError, choose_level};
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
            Self::Budget(error) if error.is_of_the_store() => Trouble::Unable,
            Self::Budget(_) => Trouble::Budget,
            Self::Replay(ReplayError::Fault) => Trouble::Unable,
            Self::NotRecorded(_)
            | Self::Replay(_)
            | Self::Snapshot(SnapshotError::Missing { .. } | SnapshotError::Broken { .. }) => Trouble::Recording,
            Self::Snapshot(SnapshotError::Mask(_)) | Self::Personal(_) => Trouble::File,
            Self::Snapshot(SnapshotError::Unwritable { .. }) => Trouble::Unable,
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
    let mut progress = Progress { line: format!("{} …", step.method), ..Progress::default() };
    let result = attempt(caller, step, variables, context, &mut progress).await;
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
struct Judged {
    failures: Vec<FailureReport>,
    notes: Vec<String>,
}

async fn attempt(
    caller: &Caller<'_>,
    step: &Step,
    variables: &mut Variables,
    context: &Context<'_>,
    progress: &mut Progress,
) -> Result<Judged, StepError> {
    let (moment, account) = (variables.moment(), caller.whose.account.as_deref());
    let Some(scheme) = context.workspace.scheme(&step.scheme.name) else {
        return Err(RenderError::new(step.scheme.at, format!("there is no scheme `{}`", step.scheme.name)).into());
    };
    set_account(variables, scheme, account, context);
    let draft = draft(step, variables, moment, context.files)?;
    progress.line = line(&draft);
    let level = choose_level(scheme, step.level.as_ref().map(|level| level.name.as_str()), step.method, &draft.path);
    let access = context.access(scheme, level, account)?;
    let renews = step.expected == Expected::Success;
    let spender = Spender::Step(caller.unit);
    let call = Call { whose: &caller.whose, scheme, level, access: &access, timeout: step.timeout, renews, spender, context };
    let (method, path) = (draft.method, draft.path.clone());
    let unit = caller.unit.filter(|_| step.snapshot.is_some() || context.snapshots.of_every_step);
    let is_compared = unit.is_some() || context.recordings.are_used();
    let unsigned = is_compared.then(|| unsigned(step, variables, &access.account, context)).transpose()?;
    call.exchange(draft, unsigned.as_ref(), moment, progress).await?;
    let Some(response) = &progress.response else {
        return Err(RenderError::new(step.at, "nothing was sent").into());
    };
    if let Some(reason) = not_recorded(response) {
        progress.reach = Reach::Refused;
        return Err(StepError::NotRecorded(reason));
    }
    let hide = |text: &str| context.redactor.borrow_mut().redact(text);
    let answer = Answer::new(response).hiding(&hide);
    let outcome = check::outcome(scheme, method, &path, &answer);
    progress.reach = reach_of(&outcome);
    let mut judged = judge(step, &answer, &outcome, variables, context)?;
    let headers = if unsigned.is_some() { headers_of(step) } else { Vec::new() };
    let made = |request| Made { whose: &caller.whose, scheme, request, response, headers: &headers, rules: caller.redact };
    if let Some(made) = unsigned.as_ref().map(made) {
        judged.failures.extend(keep(step, &outcome, &made, context)?);
    }
    judged.notes.append(&mut progress.warnings);
    if !judged.failures.is_empty() {
        judged.notes.extend(advice::of(scheme, &outcome, response, (context.clock)()));
    }
    if let Some((unit, made)) = unit.zip(unsigned.as_ref().map(made)).filter(|_| outcome_is_expected(step, &outcome)) {
        let is_wanting = !judged.failures.is_empty();
        let response = &context.recordings.without_personal(&made, context.workspace, &mut context.redactor.borrow_mut())?;
        let compared = Answered { unit, step, scheme, response, is_wanting }.compare(context)?;
        judged.failures.extend(compared.failure);
        judged.notes.extend(compared.note);
    }
    Ok(judged)
}

/// The request as recordings know it, where it is compared with them.
fn unsigned(step: &Step, variables: &Variables, account: &str, context: &Context<'_>) -> Result<RecordedRequest, RenderError> {
    let draft = draft(step, &Marked(variables), variables.moment(), context.files)?;
    Ok(recording::unsigned(&draft, account))
}

fn outcome_is_expected(step: &Step, outcome: &Outcome) -> bool {
    advice::unexpected(step.expected, outcome).is_none()
}

/// Headers of the answer that a step looks at.
fn headers_of(step: &Step) -> Vec<String> {
    let subjects = step.assertions.iter().map(|assertion| &assertion.subject);
    let subjects = subjects.chain(step.captures.iter().map(|capture| &capture.from));
    subjects
        .filter_map(|subject| if let Subject::Header(name) = subject { Some(name.to_ascii_lowercase()) } else { None })
        .collect()
}

/// An exchange is recorded when it went as it should, and held against the recording where that is asked for.
fn keep(step: &Step, outcome: &Outcome, made: &Made<'_>, context: &Context<'_>) -> Result<Vec<FailureReport>, StepError> {
    let mut redactor = context.redactor.borrow_mut();
    match advice::unexpected(step.expected, outcome) {
        None => context.recordings.hear(made, context.workspace, &mut redactor),
        Some((_, actual)) => context.recordings.refuse(made.whose, &format!("the answer was {actual}")),
    }
    match context.recordings.compare(made, step.at, context.workspace, &mut redactor) {
        Some(Err(miss)) => Err(StepError::NotRecorded(recording::missed(&miss))),
        Some(Ok(failures)) => Ok(failures),
        None => Ok(Vec::new()),
    }
}

fn reach_of(outcome: &Outcome) -> Reach {
    match outcome {
        Outcome::Success => Reach::Done,
        // A fault of the marketplace's own can come after it has done what was asked.
        Outcome::Refused { kind: ErrorKind::Server, .. } => Reach::Unknown,
        Outcome::Refused { .. } => Reach::Refused,
    }
}

fn line(draft: &Draft) -> String {
    let mut query = draft.raw_query.clone();
    for (name, value) in &draft.query {
        let separator = if query.is_empty() { "" } else { "&" };
        query.push_str(&format!("{separator}{name}={value}"));
    }
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{} {}{separator}{query}", draft.method, draft.path)
}

/// Captures first, since assertions may use them; then every assertion.
fn judge(
    step: &Step,
    answer: &Answer<'_>,
    outcome: &Outcome,
    variables: &mut Variables,
    context: &Context<'_>,
) -> Result<Judged, StepError> {
    let mut judged = Judged::default();
    if let Some((expected, actual)) = advice::unexpected(step.expected, outcome) {
        judged.failures.push(failures::unexpected(step, &expected, &actual, context));
    } else {
        for capture in &step.captures {
            match check::capture(capture, answer) {
                Ok(value) => {
                    variables.set(capture.name.as_str(), value, Origin { layer: Layer::Capture, at: Some(capture.name_at) })
                }
                Err(failure) => judged.failures.push(failures::of_capture(&failure, context)),
            }
        }
    }
    let complete = step.captures.iter().all(|capture| variables.get(&capture.name).is_some());
    let scope: &Variables = variables;
    match check::judge(&step.assertions, answer, &|written| tree(written, scope)) {
        Ok(found) => judged.failures.extend(found.iter().map(|failure| failures::of_assertion(failure, context))),
        Err(error) if !complete => judged.notes.push(format!("assertions were not judged: {}", error.reason)),
        Err(error) => return Err(error.into()),
    }
    Ok(judged)
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
            (Verdict::Error(error.trouble(), redactor.show(&error.to_string())), Vec::new(), error.notes())
        }
    };
    let wanted = context.verbose || !verdict.is_pass();
    let exchange = progress.request.as_ref().filter(|_| wanted).map(|request| ExchangeReport {
        request: shown(&request_text(request), &mut redactor),
        response: progress.response.as_ref().map(|response| shown(&response_text(response), &mut redactor)),
    });
    StepReport {
        name: step.name.clone(),
        line: redactor.show(&progress.line),
        at,
        status: progress.response.as_ref().map(|response| response.status),
        latency: progress.response.as_ref().map(|response| response.latency),
        verdict,
        failures,
        notes: notes.iter().map(|note| redactor.show(note)).collect(),
        exchange,
    }
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
    if !response.body.is_empty() {
        text.push_str(&format!("\n{}", body_text(&response.body)));
    }
    text
}
