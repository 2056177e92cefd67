//! The undos of a flow or a fixture: the ledger has an entry for each call that creates something
//! before the call is sent, and what was created is undone once, in reverse order, whatever fails.

use super::context::RunContext;
use super::exchange::SendState;
use super::step_error::StepError;
use super::undo::{self, UndoError, UndoRequest};
use super::undo_seal::{CheckedUndo, recorded_undo};
use crate::event::{Event, UndoFailureReport};
use crate::ledger::{Ledger, LedgerEntry, LedgerError, LedgerOwner, UndoBody, UndoCall};
use crate::model::redact_rule::RedactRule;
use crate::model::request::{Step, UndoStep};
use crate::model::secret_rules::SecretRules;
use crate::recording::RecordingKey;
use crate::render::{PlaceholderScope, RenderError, VariableScope, render_draft};
use crate::wire::{Draft, DraftBody};
use std::cell::RefCell;
use std::sync::Arc;

/// The undos that are due when a flow or a fixture ends.
pub(super) struct StepUndos<'l> {
    /// One for the run; it is created with the first entry.
    ledger: &'l RefCell<Option<Ledger>>,
    /// In the order in which their calls were sent.
    pending: RefCell<Vec<PendingUndo>>,
}

/// What the steps belong to.
pub(super) struct UndoOwner<'o> {
    pub(super) ledger_owner: LedgerOwner,
    /// The fixture, or the id of the unit, as reports name it.
    pub(super) label: String,
    pub(super) recording_key: &'o RecordingKey,
    pub(super) redact_rules: &'o [RedactRule],
    pub(super) secret_rules: &'o SecretRules,
}

/// A call that was sent and has an undo.
struct PendingUndo {
    /// Of its entry in the ledger; `None` where the environment ends with the run.
    ledger_number: Option<u64>,
    /// `listed_item::add`
    name: String,
    /// As whom the call was sent, if its step names an account.
    account: Option<String>,
    undo: Arc<UndoStep>,
    /// An error if the response lacks a value that the undo needs.
    call: Result<UndoCall, RenderError>,
    /// The same call with placeholders, to be matched with recordings; `None` where the run uses
    /// none.
    unsigned: Result<Option<Draft>, RenderError>,
}

/// An entry of the ledger for a call that is about to be sent.
pub(super) struct OpenedUndo {
    number: Option<u64>,
}

impl<'l> StepUndos<'l> {
    #[must_use]
    pub(super) fn new(ledger: &'l RefCell<Option<Ledger>>) -> Self {
        Self {
            ledger,
            pending: RefCell::default(),
        }
    }

    /// Writes down that a step is about to create something.
    ///
    /// # Errors
    /// When the ledger cannot be written, or could not keep the undo. The step must not be sent.
    pub(super) fn open(
        &self,
        (step, undo): (&Step, &UndoStep),
        owner: &UndoOwner<'_>,
        variables: &VariableScope,
        context: &RunContext<'_>,
    ) -> Result<OpenedUndo, StepError> {
        if context.options.ledger.is_some() {
            let undo = CheckedUndo {
                step,
                undo,
                recording_key: owner.recording_key,
                redact_rules: owner.redact_rules,
                secret_rules: owner.secret_rules,
            };
            undo.check_can_seal(variables, context)
                .map_err(StepError::UndoNotSealed)?;
        }
        let number = self
            .record_start(step, owner, context)
            .map_err(StepError::LedgerNotOpened)?;
        Ok(OpenedUndo { number })
    }

    /// Keeps the undo of a call, unless the call has created nothing.
    ///
    /// # Errors
    /// When the undo cannot be written to the ledger. The run itself still sends it.
    pub(super) fn keep(
        &self,
        opened: &OpenedUndo,
        (step, undo): (&Step, &Arc<UndoStep>),
        owner: &UndoOwner<'_>,
        (send_state, variables): (SendState, &VariableScope),
        context: &RunContext<'_>,
    ) -> Result<(), StepError> {
        // Any other state, a timeout too, may have created something.
        if matches!(send_state, SendState::NotSent | SendState::Refused) {
            return self.close(opened.number).map_err(StepError::UndoNotKept);
        }
        let pending = PendingUndo {
            ledger_number: opened.number,
            name: undo_name(owner, step),
            account: step.account.as_ref().map(|account| account.name.clone()),
            undo: Arc::clone(undo),
            call: undo_call(&undo.step, variables, context),
            unsigned: recorded_undo_draft(&undo.step, variables, context),
        };
        let recorded = self.record_created(&pending, owner, context);
        // Also if the ledger could not be written: the run itself can still undo it.
        self.pending.borrow_mut().push(pending);
        recorded
    }

    /// Opens an entry in the ledger; `None` in an environment that ends with the run.
    fn record_start(
        &self,
        step: &Step,
        owner: &UndoOwner<'_>,
        context: &RunContext<'_>,
    ) -> Result<Option<u64>, LedgerError> {
        let Some(folder) = &context.options.ledger else {
            return Ok(None);
        };
        let mut ledger = self.ledger.borrow_mut();
        let ledger = match &mut *ledger {
            Some(ledger) => ledger,
            none => none.insert(Ledger::create(
                folder,
                &context.options.run_id,
                &context.environment.workspace.root,
            )?),
        };
        ledger
            .record_start(ledger_entry(step, owner, context))
            .map(Some)
    }

    /// Writes the undo call to the ledger; sealed, if it holds a secret or personal data.
    fn record_created(
        &self,
        pending: &PendingUndo,
        owner: &UndoOwner<'_>,
        context: &RunContext<'_>,
    ) -> Result<(), StepError> {
        match (
            pending.ledger_number,
            &pending.call,
            &mut *self.ledger.borrow_mut(),
        ) {
            (Some(number), Ok(call), Some(ledger)) => {
                let undo = recorded_undo(call, number, owner.recording_key, context)
                    .map_err(StepError::UndoNotSealed)?;
                ledger
                    .record_created(number, undo)
                    .map_err(StepError::UndoNotKept)
            }
            // Without a call the entry stays open as it is: `ingam cleanup --sweep` searches by
            // the id of the run.
            _ => Ok(()),
        }
    }

    fn close(&self, number: Option<u64>) -> Result<(), LedgerError> {
        match (number, &mut *self.ledger.borrow_mut()) {
            (Some(number), Some(ledger)) => ledger.record_closed(number),
            _ => Ok(()),
        }
    }

    /// Undoes everything, the last call first: a later one may have used what an earlier one
    /// created. An undo that fails is reported and does not stop the others.
    pub(super) async fn undo_all(
        &self,
        owner: &UndoOwner<'_>,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        // If they are kept, the entries of the ledger stay open for `ingam cleanup`.
        if context.options.keep_fixtures {
            return;
        }
        let pending = self.pending.take();
        for pending in pending.into_iter().rev() {
            let sent = Box::pin(send_pending_undo(&pending, owner, context)).await;
            // The entry stays open after a failure, so that `ingam cleanup` can try again.
            let outcome = sent.and_then(|()| self.close(pending.ledger_number).map_err(Into::into));
            if let Err(error) = outcome {
                emit(Event::UndoFailed(undo_report(
                    &pending, &error, owner, context,
                )));
            }
        }
    }
}

async fn send_pending_undo(
    pending: &PendingUndo,
    owner: &UndoOwner<'_>,
    context: &RunContext<'_>,
) -> Result<(), UndoError> {
    let call = match &pending.call {
        Ok(call) => call,
        Err(error) => return Err(UndoError::NotRendered(error.clone())),
    };
    let undo = &pending.undo;
    let request = UndoRequest {
        account: pending.account.as_deref(),
        unsigned: unsigned_undo(pending, owner.recording_key, context)?,
        secret_rules: owner.secret_rules,
        redact_rules: owner.redact_rules,
        ..UndoRequest::from_ledger(
            &undo.step.scheme.name,
            call,
            owner.recording_key.clone(),
            &undo.gone,
        )?
    };
    undo::send_undo(request, context).await
}

/// The undo as recordings match it.
///
/// # Errors
/// When it cannot be rendered with placeholders, and recordings may answer: they may have answered
/// the call that created something too, so its undo must not go to a marketplace.
fn unsigned_undo<'p>(
    pending: &'p PendingUndo,
    recording_key: &RecordingKey,
    context: &RunContext<'_>,
) -> Result<Option<&'p Draft>, UndoError> {
    let error = match &pending.unsigned {
        Ok(unsigned) => return Ok(unsigned.as_ref()),
        Err(error) => error,
    };
    let recordings = &context.state.recordings;
    if recordings.can_answer() {
        return Err(error.clone().into());
    }
    // What was created is undone all the same; only the recording lacks the undo.
    recordings.reject_unit(recording_key, &error.reason);
    Ok(None)
}

fn undo_report(
    pending: &PendingUndo,
    error: &UndoError,
    owner: &UndoOwner<'_>,
    context: &RunContext<'_>,
) -> UndoFailureReport {
    let mut redactor = context.output_redactor(owner.recording_key);
    UndoFailureReport {
        fixture: pending.name.clone(),
        at: pending.undo.step.at,
        reason: redactor.redact_for_display(&error.to_string()),
        is_in_ledger: pending.ledger_number.is_some(),
    }
}

/// The only step of a request has no name.
fn undo_name(owner: &UndoOwner<'_>, step: &Step) -> String {
    match &step.name {
        Some(name) => format!("{}::{name}", owner.label),
        None => owner.label.clone(),
    }
}

fn ledger_entry(step: &Step, owner: &UndoOwner<'_>, context: &RunContext<'_>) -> LedgerEntry {
    let accesses = &context.environment.accesses;
    let given_host = accesses.given_host(&step.scheme.name);
    LedgerEntry {
        number: 0,
        owner: owner.ledger_owner.clone(),
        // The only step of a request has no name; `ingam cleanup` compares the same way.
        step: step.name.clone().unwrap_or_default(),
        scheme: step.scheme.name.clone(),
        environment: context.options.environment.clone(),
        account: match &step.account {
            Some(account) => Some(account.name.clone()),
            None => owner.recording_key.account.clone(),
        },
        host: given_host.map(|base| base.as_str().to_owned()),
        at_ms: (context.environment.clock)(),
    }
}

/// The undo with placeholders for values that differ in every run; `None` where the run uses no
/// recordings.
fn recorded_undo_draft(
    step: &Step,
    variables: &VariableScope,
    context: &RunContext<'_>,
) -> Result<Option<Draft>, RenderError> {
    if !context.state.recordings.is_enabled() {
        return Ok(None);
    }
    render_draft(
        step,
        &PlaceholderScope(variables),
        variables.fresh_values(),
        context.environment.files,
    )
    .map(Some)
}

/// The undo as it will be sent.
///
/// # Errors
/// When it needs a value that the response lacks.
fn undo_call(
    step: &Step,
    variables: &VariableScope,
    context: &RunContext<'_>,
) -> Result<UndoCall, RenderError> {
    let Draft {
        // The loader refuses an undo that asks an address of a response.
        external: _,
        method,
        path,
        raw_query,
        query,
        headers,
        body,
    } = render_draft(
        step,
        variables,
        variables.fresh_values(),
        context.environment.files,
    )?;
    Ok(UndoCall {
        level: step.level.as_ref().map(|level| level.name.clone()),
        method: method.name().to_owned(),
        path,
        raw_query,
        query,
        headers,
        body: undo_body(body),
        timeout_ms: u64::try_from(step.timeout.as_millis()).unwrap_or(u64::MAX),
    })
}

fn undo_body(body: DraftBody) -> UndoBody {
    match body {
        DraftBody::Json(value) => UndoBody::Json(value.to_json()),
        DraftBody::Form(pairs) => UndoBody::Form(pairs),
        DraftBody::Text(text) => UndoBody::Text(text),
        // The loader refuses an undo with any other body.
        DraftBody::None
        | DraftBody::Multipart { .. }
        | DraftBody::Encoded { .. }
        | DraftBody::Bytes(_) => UndoBody::None,
    }
}
