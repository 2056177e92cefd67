//! Calls outside of any request: those that take something back, and those that look for what was
//! made and lost.

use super::attempt::run_attempt;
use super::context::RunContext;
use super::exchange::{ExchangeContext, JudgedResponse};
use super::run_budget::BudgetClass;
use super::run_recordings::ObservedExchange;
use super::step_error::StepError;
use super::text::body_text;
use crate::check::{self, ResponseOutcome, ResponseView};
use crate::ledger::{LedgerError, UndoBody, UndoCall};
use crate::method::Method;
use crate::model::assertion::Assertion;
use crate::model::outcome::ErrorKind;
use crate::model::request::Step;
use crate::recording::{RecordingKey, unsigned_request};
use crate::render::RenderError;
use crate::sign::choose_level;
use crate::value::{self, Value};
use crate::wire::{Draft, DraftBody};
use std::rc::Rc;
use std::time::Duration;

/// Why something could not be undone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UndoError {
    #[error("there is no scheme `{0}`")]
    UnknownScheme(String),
    #[error(transparent)]
    Step(#[from] StepError),
    #[error("the marketplace answered {status}: {kind}: {body}")]
    Refused {
        status: u16,
        kind: ErrorKind,
        body: String,
    },
    #[error("the list was refused with {status}: {kind}")]
    ListRefused { status: u16, kind: ErrorKind },
    #[error("the list is not JSON: {0}")]
    ListNotJson(String),
    #[error("`{0}` looks at too much of the list")]
    ListTooLarge(String),
    #[error("a thing in the list has no `{0}`")]
    ListItemWithout(String),
    #[error("its answer did not say what was made, so it cannot be taken back")]
    NothingKnown,
    #[error("its undo in the ledger cannot be read: {0}")]
    UnreadableEntry(&'static str),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<RenderError> for UndoError {
    fn from(error: RenderError) -> Self {
        Self::Step(error.into())
    }
}

/// A call that is judged by its scheme alone.
pub(crate) struct UndoRequest<'r> {
    pub(crate) scheme: &'r str,
    pub(crate) level: Option<&'r str>,
    pub(crate) recording_key: RecordingKey,
    pub(crate) draft: Draft,
    /// The same as recordings know it, where a run uses them.
    pub(crate) unsigned: Option<&'r Draft>,
    pub(crate) timeout: Duration,
    /// An answer of which these hold says that what should go is gone already.
    pub(crate) gone: &'r [Assertion],
}

impl<'r> UndoRequest<'r> {
    /// A call of a file, rendered.
    #[must_use]
    pub(crate) fn from_step(
        step: &'r Step,
        draft: Draft,
        whose: RecordingKey,
        gone: &'r [Assertion],
    ) -> Self {
        let level = step.level.as_ref().map(|level| level.name.as_str());
        Self {
            scheme: &step.scheme.name,
            level,
            recording_key: whose,
            draft,
            unsigned: None,
            timeout: step.timeout,
            gone,
        }
    }

    /// A call of the ledger.
    ///
    /// # Errors
    /// When the ledger holds something that is no call.
    pub(crate) fn from_ledger(
        scheme: &'r str,
        call: &'r UndoCall,
        whose: RecordingKey,
        gone: &'r [Assertion],
    ) -> Result<Self, UndoError> {
        let timeout = Duration::from_millis(call.timeout_ms);
        Ok(Self {
            scheme,
            level: call.level.as_deref(),
            recording_key: whose,
            draft: undo_draft(call)?,
            unsigned: None,
            timeout,
            gone,
        })
    }
}

/// Sends a call that takes something back; what is gone already is taken back.
///
/// # Errors
/// When it could not be sent, or was refused.
pub(crate) async fn send_undo(
    request: UndoRequest<'_>,
    context: &RunContext<'_>,
) -> Result<(), UndoError> {
    let gone = request.gone;
    let heard = send(request, context).await?;
    let JudgedResponse { response, outcome } = &*heard;
    let is_gone = response.status == 404
        || (!gone.is_empty() && check::holds_without_templates(gone, &ResponseView::new(response)));
    match outcome {
        ResponseOutcome::Success => Ok(()),
        _ if is_gone => Ok(()),
        ResponseOutcome::ApiError { kind, .. } => Err(UndoError::Refused {
            status: response.status,
            kind: *kind,
            body: body_text(response.body()),
        }),
    }
}

/// The JSON of an answer that must be a success.
///
/// # Errors
/// When there is none.
pub(super) async fn fetch_json(
    request: UndoRequest<'_>,
    context: &RunContext<'_>,
) -> Result<Value, UndoError> {
    let heard = send(request, context).await?;
    let JudgedResponse { response, outcome } = &*heard;
    match outcome {
        ResponseOutcome::Success => response
            .json()
            .cloned()
            .map_err(|error| UndoError::ListNotJson(error.to_string())),
        ResponseOutcome::ApiError { kind, .. } => Err(UndoError::ListRefused {
            status: response.status,
            kind: *kind,
        }),
    }
}

async fn send(
    request: UndoRequest<'_>,
    context: &RunContext<'_>,
) -> Result<Rc<JudgedResponse>, UndoError> {
    let unknown = || UndoError::UnknownScheme(request.scheme.to_owned());
    let scheme = context
        .environment
        .workspace
        .scheme(request.scheme)
        .ok_or_else(unknown)?;
    let level = choose_level(
        scheme,
        request.level,
        request.draft.method,
        &request.draft.path,
    );
    let access = context
        .access(scheme, level, request.recording_key.account.as_deref())
        .map_err(StepError::from)?;
    let (timeout, spender) = (request.timeout, BudgetClass::Undo);
    let call = ExchangeContext {
        recording_key: &request.recording_key,
        scheme,
        level,
        access: &access,
        timeout,
        can_renew_token: true,
        budget_class: spender,
        context,
    };
    let unsigned = request
        .unsigned
        .map(|draft| unsigned_request(draft, &access.account));
    let fresh = context.fresh_values();
    // One attempt only: an undo is a write, which is not repeated once something was sent.
    let exchange = run_attempt(&call, &request.draft, unsigned.as_ref(), fresh).await;
    let heard = exchange.result?;
    if let Some(unsigned) = &unsigned {
        let made = ObservedExchange {
            recording_key: &request.recording_key,
            scheme,
            request: unsigned,
            response: &heard.response,
            inspected_headers: &[],
            redact_rules: &[],
        };
        context.state.recordings.record_response(
            &made,
            context.environment.workspace,
            &mut context.state.redactor.borrow_mut(),
        );
    }
    Ok(heard)
}

fn undo_draft(call: &UndoCall) -> Result<Draft, UndoError> {
    let body = match &call.body {
        UndoBody::None => DraftBody::None,
        UndoBody::Json(text) => value::parse(text.as_bytes())
            .map(DraftBody::Json)
            .map_err(|_| UndoError::UnreadableEntry("its body is not JSON"))?,
        UndoBody::Form(pairs) => DraftBody::Form(pairs.clone()),
        UndoBody::Text(text) => DraftBody::Text(text.clone()),
    };
    let method = Method::parse(&call.method)
        .ok_or(UndoError::UnreadableEntry("its method is not one of HTTP"))?;
    Ok(Draft {
        method,
        path: call.path.clone(),
        raw_query: call.raw_query.clone(),
        query: call.query.clone(),
        headers: call.headers.clone(),
        body,
    })
}
