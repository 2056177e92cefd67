//! One step of a file: asked once, until something holds, or page by page; and what is reported of
//! it.

use super::access::AccessError;
use super::exchange::{FailedAttempt, SendState, StepProgress};
use super::step_execution::StepExecution;
use super::{RunContext, body_text, pages, poll, redacted_text};
use crate::budget::BudgetError;
use crate::event::{
    AttemptReport, ErrorClass, ExchangeReport, FailureReport, StepReport, TraceReport, Verdict,
};
use crate::model::redact_rule::RedactRule;
use crate::model::repeat::RepeatMode;
use crate::model::request::Step;
use crate::model::scheme::Scheme;
use crate::plan::Unit;
use crate::recording::{RecordingKey, RedactionError, ReplayError};
use crate::render::{RenderError, VariableLayer, VariableOrigin, VariableScope};
use crate::renew::RefreshError;
use crate::secret::{RedactedText, Redactor};
use crate::sign::{SealError, TraceLine};
use crate::snapshot::SnapshotError;
use crate::transport::TransportError;
use crate::wire::{Draft, WireRequest, WireResponse};

/// Why a step could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error("{}", .0.reason)]
    Render(#[from] RenderError),
    #[error("{0}")]
    Seal(#[from] SealError),
    #[error("{0}")]
    Access(#[from] AccessError),
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Token(#[from] RefreshError),
    #[error(transparent)]
    Budget(Box<BudgetError>),
    #[error("nothing is recorded for this request: {0}")]
    NotRecorded(String),
    #[error("{0}")]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("no snapshot of the answer can be taken: {0}")]
    Redaction(#[from] RedactionError),
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
    fn error_class(&self) -> ErrorClass {
        match self {
            Self::Render(_) | Self::Seal(SealError::Render(_) | SealError::Wire(_)) => {
                ErrorClass::File
            }
            Self::Seal(_) => ErrorClass::Credential,
            Self::Access(error) => error.into(),
            Self::Transport(_) => ErrorClass::Unable,
            Self::Token(failure) if failure.needs_user_action => ErrorClass::Credential,
            Self::Token(_) => ErrorClass::Unable,
            Self::Budget(error) if error.is_store_error() => ErrorClass::Unable,
            Self::Budget(_) => ErrorClass::Budget,
            Self::Replay(ReplayError::ConnectionClosed) => ErrorClass::Unable,
            Self::NotRecorded(_)
            | Self::Replay(_)
            | Self::Snapshot(SnapshotError::Missing { .. } | SnapshotError::Unreadable { .. }) => {
                ErrorClass::Recording
            }
            Self::Snapshot(SnapshotError::MaskFailed(_)) | Self::Redaction(_) => ErrorClass::File,
            Self::Snapshot(SnapshotError::Unwritable { .. }) => ErrorClass::Unable,
            Self::Interrupted => ErrorClass::Interrupted,
        }
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::Render(error) | Self::Seal(SealError::Render(error)) => {
                error.hint.clone().into_iter().collect()
            }
            Self::Access(error) => error.hint().into_iter().collect(),
            Self::Token(failure) => failure.notes.clone(),
            Self::Budget(error) => error.hint().into_iter().collect(),
            Self::Snapshot(error) => error.hint().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn at(&self) -> Option<crate::span::Span> {
        match self {
            Self::Render(error) | Self::Seal(SealError::Render(error)) => Some(error.at),
            _ => None,
        }
    }
}

/// A call that was tried.
pub(super) struct StepResult {
    pub(super) report: StepReport,
    pub(super) send_state: SendState,
    /// It passed, or only has no snapshot yet: what comes after it in a flow can be sent.
    pub(super) can_continue: bool,
}

/// Whose step it is, and what its file says is personal.
pub(super) struct StepOwner<'c> {
    pub(super) recording_key: RecordingKey,
    pub(super) redact_rules: &'c [RedactRule],
    /// Not of a fixture: its answers are there to be used, and have no snapshots.
    pub(super) unit: Option<&'c Unit<'c>>,
}

pub(super) async fn run(
    caller: &StepOwner<'_>,
    step: &Step,
    variables: &mut VariableScope,
    context: &RunContext<'_>,
) -> StepResult {
    let begun = context.started_at.elapsed();
    let mut progress = StepProgress {
        started_at: begun,
        ..StepProgress::default()
    };
    let result = execute(caller, step, variables, context, &mut progress).await;
    let is_unseen = matches!(
        result,
        Err(StepError::Snapshot(SnapshotError::Missing { .. }))
    );
    if let Err(error) = result.as_ref().map_err(ToString::to_string)
        && !is_unseen
    {
        context
            .recordings
            .reject_unit(&caller.recording_key, &error);
    }
    let reach = progress.send_state;
    let report = step_report(step, context, progress, result);
    StepResult {
        send_state: reach,
        can_continue: is_unseen || report.verdict.is_pass(),
        report,
    }
}

/// What does not hold in an answer.
#[derive(Default)]
pub(super) struct Judgement {
    pub(super) failures: Vec<FailureReport>,
    pub(super) notes: Vec<String>,
}

async fn execute(
    caller: &StepOwner<'_>,
    step: &Step,
    variables: &mut VariableScope,
    context: &RunContext<'_>,
    progress: &mut StepProgress,
) -> Result<Judgement, StepError> {
    let Some(scheme) = context.workspace.scheme(&step.scheme.name) else {
        return Err(RenderError::new(
            step.scheme.at,
            format!("there is no scheme `{}`", step.scheme.name),
        )
        .into());
    };
    set_account(
        variables,
        scheme,
        caller.recording_key.account.as_deref(),
        context,
    );
    let asking = StepExecution {
        owner: caller,
        step,
        scheme,
        context,
    };
    match &step.repeat {
        RepeatMode::Once => asking.run_once(variables, progress).await,
        RepeatMode::Poll(poll) => poll::run(&asking, poll, variables, progress).await,
        RepeatMode::Pages(pages) => pages::run(&asking, pages, variables, progress).await,
    }
}

/// `account` as templates see it.
pub(super) fn set_account(
    variables: &mut VariableScope,
    scheme: &Scheme,
    account: Option<&str>,
    context: &RunContext<'_>,
) {
    let shown = context.accesses.template_account(scheme, account);
    variables.set(
        "account",
        shown,
        VariableOrigin {
            layer: VariableLayer::BuiltIn,
            at: None,
        },
    );
}

fn step_report(
    step: &Step,
    context: &RunContext<'_>,
    progress: StepProgress,
    result: Result<Judgement, StepError>,
) -> StepReport {
    let mut redactor = context.redactor.borrow_mut();
    let mut at = step.at;
    let (verdict, failures, notes) = match result {
        Ok(judged) if judged.failures.is_empty() => (Verdict::Pass, Vec::new(), judged.notes),
        Ok(judged) => (Verdict::Fail, judged.failures, judged.notes),
        Err(error) => {
            at = error.at().unwrap_or(at);
            let notes = progress.warnings.into_iter().chain(error.notes()).collect();
            (
                Verdict::Error(
                    error.error_class(),
                    redactor.redact_for_display(&error.to_string()),
                ),
                Vec::new(),
                notes,
            )
        }
    };
    let wanted = context.verbose || context.detail || !verdict.is_pass();
    let line = || {
        progress
            .draft
            .as_deref()
            .map_or_else(|| format!("{} …", step.method), request_line)
    };
    let endpoint = || {
        progress
            .draft
            .as_ref()
            .map(|draft| format!("{} {}", draft.method, draft.path))
            .unwrap_or_default()
    };
    let exchange = progress
        .request
        .as_ref()
        .filter(|_| wanted)
        .map(|request| ExchangeReport {
            request: redacted_text(&request_text(request), &mut redactor),
            response: progress
                .judged_response
                .as_ref()
                .map(|heard| redacted_text(&response_text(&heard.response), &mut redactor)),
        });
    StepReport {
        name: step.name.clone(),
        request_line: if wanted {
            redactor.redact_for_display(&line())
        } else {
            RedactedText::default()
        },
        endpoint: if context.detail {
            redactor.redact_for_display(&endpoint())
        } else {
            RedactedText::default()
        },
        at,
        started_at: progress.started_at,
        sent_at: progress.sent_at,
        status: progress
            .judged_response
            .as_ref()
            .map(|heard| heard.response.status),
        latency: progress
            .judged_response
            .as_ref()
            .map(|heard| heard.response.latency),
        verdict,
        attempts: progress
            .attempts
            .iter()
            .map(|attempt| attempt_report(attempt, &mut redactor))
            .collect(),
        failures,
        notes: notes
            .iter()
            .map(|note| redactor.redact_for_display(note))
            .collect(),
        exchange,
        trace: progress
            .trace
            .iter()
            .map(|line| trace_report(line, &mut redactor))
            .collect(),
    }
}

/// Method and target, for people: the query as it was before it was encoded.
fn request_line(draft: &Draft) -> String {
    let mut query = draft.raw_query.clone();
    for (name, value) in &draft.query {
        let separator = if query.is_empty() { "" } else { "&" };
        query.push_str(&format!("{separator}{name}={value}"));
    }
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{} {}{separator}{query}", draft.method, draft.path)
}

fn attempt_report(attempt: &FailedAttempt, redactor: &mut Redactor) -> AttemptReport {
    AttemptReport {
        status: attempt.status,
        reason: redactor.redact_for_display(&attempt.reason),
        latency: attempt.latency,
    }
}

fn trace_report(line: &TraceLine, redactor: &mut Redactor) -> TraceReport {
    TraceReport {
        id: line.id.clone(),
        kind: line.op.to_owned(),
        text: redacted_text(&line.value, redactor),
    }
}

/// As HTTP/1.1 spells it, for people.
pub(super) fn request_text(request: &WireRequest) -> String {
    let mut text = format!("{} {} HTTP/1.1\n", request.method(), request.target());
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if !request.body().is_empty() {
        // The bytes that are signed, not a nicer spelling of them.
        let body = std::str::from_utf8(request.body())
            .map_or_else(|_| body_text(request.body()), str::to_owned);
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
