//! Calls outside of any request: those that take something back, and those that look for what was
//! made and lost.

use super::RunContext;
use super::body_text;
use super::budget::BudgetClass;
use super::exchange::{ExchangeContext, JudgedResponse, StepProgress, missing_recording_reason};
use super::run_recordings::ObservedExchange;
use crate::check::{self, ResponseOutcome, ResponseView};
use crate::ledger::{UndoBody, UndoCall};
use crate::method::Method;
use crate::model::assertion::Assertion;
use crate::model::request::Step;
use crate::recording::{RecordingKey, unsigned_request};
use crate::sign::choose_level;
use crate::value::{self, Value};
use crate::wire::{Draft, DraftBody};
use std::rc::Rc;
use std::time::Duration;

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

    /// A call that was written down; `None` when that is none.
    #[must_use]
    pub(crate) fn from_ledger(
        scheme: &'r str,
        call: &'r UndoCall,
        whose: RecordingKey,
        gone: &'r [Assertion],
    ) -> Option<Self> {
        let timeout = Duration::from_millis(call.timeout_ms);
        Some(Self {
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
/// In words, when it is not.
pub(crate) async fn send_undo(
    recall: UndoRequest<'_>,
    context: &RunContext<'_>,
) -> Result<(), String> {
    let gone = recall.gone;
    let heard = send(recall, context).await?;
    let JudgedResponse { response, outcome } = &*heard;
    let is_gone = response.status == 404
        || (!gone.is_empty() && check::holds_without_templates(gone, &ResponseView::new(response)));
    match outcome {
        ResponseOutcome::Success => Ok(()),
        _ if is_gone => Ok(()),
        ResponseOutcome::ApiError { kind, .. } => Err(format!(
            "the marketplace answered {}: {kind}: {}",
            response.status,
            body_text(response.body())
        )),
    }
}

/// The JSON of an answer that must be a success.
///
/// # Errors
/// In words, when there is none.
pub(super) async fn fetch_json(
    recall: UndoRequest<'_>,
    context: &RunContext<'_>,
) -> Result<Value, String> {
    let heard = send(recall, context).await?;
    let JudgedResponse { response, outcome } = &*heard;
    match outcome {
        ResponseOutcome::Success => response
            .json()
            .cloned()
            .map_err(|error| format!("the list is not JSON: {error}")),
        ResponseOutcome::ApiError { kind, .. } => Err(format!(
            "the list was refused with {}: {kind}",
            response.status
        )),
    }
}

async fn send(
    recall: UndoRequest<'_>,
    context: &RunContext<'_>,
) -> Result<Rc<JudgedResponse>, String> {
    let words = |error: super::step::StepError| error.to_string();
    let unknown = || format!("there is no scheme `{}`", recall.scheme);
    let scheme = context
        .workspace
        .scheme(recall.scheme)
        .ok_or_else(unknown)?;
    let level = choose_level(
        scheme,
        recall.level,
        recall.draft.method,
        &recall.draft.path,
    );
    let access = context
        .access(scheme, level, recall.recording_key.account.as_deref())
        .map_err(|error| error.to_string())?;
    let (timeout, spender) = (recall.timeout, BudgetClass::Undo);
    let call = ExchangeContext {
        recording_key: &recall.recording_key,
        scheme,
        level,
        access: &access,
        timeout,
        can_renew_token: true,
        budget_class: spender,
        context,
    };
    let unsigned = recall
        .unsigned
        .map(|draft| unsigned_request(draft, &access.account));
    let mut progress = StepProgress::default();
    call.exchange(
        &recall.draft,
        unsigned.as_ref(),
        super::unit::moment(context),
        &mut progress,
    )
    .await
    .map_err(words)?;
    let heard = progress.judged_response.ok_or("nothing was sent")?;
    if let Some(reason) = missing_recording_reason(&heard.response) {
        return Err(format!("nothing is recorded for this request: {reason}"));
    }
    if let Some(unsigned) = &unsigned {
        let made = ObservedExchange {
            recording_key: &recall.recording_key,
            scheme,
            request: unsigned,
            response: &heard.response,
            inspected_headers: &[],
            redact_rules: &[],
        };
        context.recordings.record_response(
            &made,
            context.workspace,
            &mut context.redactor.borrow_mut(),
        );
    }
    Ok(heard)
}

/// The call back from what was written down.
fn undo_draft(call: &UndoCall) -> Option<Draft> {
    let body = match &call.body {
        UndoBody::None => DraftBody::None,
        UndoBody::Json(text) => DraftBody::Json(value::parse(text.as_bytes()).ok()?),
        UndoBody::Form(pairs) => DraftBody::Form(pairs.clone()),
        UndoBody::Text(text) => DraftBody::Text(text.clone()),
    };
    Some(Draft {
        method: Method::parse(&call.method)?,
        path: call.path.clone(),
        raw_query: call.raw_query.clone(),
        query: call.query.clone(),
        headers: call.headers.clone(),
        body,
    })
}
