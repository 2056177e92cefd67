//! Calls outside of any request: those that undo what a fixture created, and those that search for
//! what a run created and lost.

use super::attempt::run_attempt;
use super::context::RunContext;
use super::exchange::{ExchangeContext, JudgedResponse};
use super::external::RedirectPolicy;
use super::observed_exchange::ObservedExchange;
use super::personal_data::redact_rules;
use super::response_secrets::DeclaredSecrets;
use super::run_budget::BudgetClass;
use super::shown_response::ShownResponse;
use super::step_error::StepError;
use crate::check::{self, ResponseOutcome, ResponseView};
use crate::jsonpath::NameStandsTwice;
use crate::ledger::{LedgerError, UndoBody, UndoCall};
use crate::method::Method;
use crate::model::assertion::Assertion;
use crate::model::outcome::ErrorKind;
use crate::model::recording::RecordedRequest;
use crate::model::redact_rule::RedactRule;
use crate::model::request::Step;
use crate::model::secret_rules::SecretRules;
use crate::recording::{RecordingKey, unsigned_request};
use crate::render::RenderError;
use crate::sign::choose_level;
use crate::tokens::StoreError;
use crate::transport::DEFAULT_MAX_BODY;
use crate::value::{self, Value};
use crate::wire::{Draft, DraftBody};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// Why something could not be undone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UndoError {
    #[error("there is no scheme `{0}`")]
    UnknownScheme(String),
    #[error(transparent)]
    Step(#[from] StepError),
    #[error("the marketplace responded with {status}: {kind}: {body}")]
    Refused {
        status: u16,
        kind: ErrorKind,
        body: String,
    },
    #[error("the list was refused with {status}: {kind}")]
    ListRefused { status: u16, kind: ErrorKind },
    #[error("the list is not JSON: {0}")]
    ListNotJson(String),
    #[error("{0}, so the items of the list are unknown")]
    ListAmbiguous(NameStandsTwice),
    #[error("`{0}` visits too many values of the list")]
    ListTooLarge(String),
    #[error("an item of the list has no `{0}`")]
    ListItemWithout(String),
    #[error("its response does not contain the id of the created item, so it cannot be undone: {}", .0.reason)]
    NotRendered(RenderError),
    #[error("its undo in the ledger cannot be read: {0}")]
    UnreadableEntry(&'static str),
    #[error("its undo in the ledger is encrypted, and cannot be decrypted: {0}")]
    Sealed(StoreError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<RenderError> for UndoError {
    fn from(error: RenderError) -> Self {
        Self::Step(error.into())
    }
}

/// A call that is judged by its scheme alone, without assertions.
pub(crate) struct UndoRequest<'r> {
    pub(crate) scheme: &'r str,
    pub(crate) level: Option<&'r str>,
    pub(crate) recording_key: RecordingKey,
    /// Where it is not that of the key.
    pub(crate) account: Option<&'r str>,
    pub(crate) draft: Draft,
    /// The same with placeholders, to be matched with recordings, where the run uses them.
    pub(crate) unsigned: Option<&'r Draft>,
    pub(crate) timeout: Duration,
    /// If these hold for the response, there is nothing left to undo.
    pub(crate) gone: &'r [Assertion],
    /// Of the file; [`SecretRules::NONE`] unless the caller has them.
    pub(crate) secret_rules: &'r SecretRules,
    /// Of the request file.
    pub(crate) redact_rules: &'r [RedactRule],
}

impl<'r> UndoRequest<'r> {
    /// A rendered call of a file.
    #[must_use]
    pub(crate) fn from_step(
        step: &'r Step,
        draft: Draft,
        recording_key: RecordingKey,
        gone: &'r [Assertion],
    ) -> Self {
        let level = step.level_name();
        Self {
            scheme: &step.scheme.name,
            level,
            recording_key,
            account: None,
            draft,
            unsigned: None,
            timeout: step.timeout,
            gone,
            secret_rules: SecretRules::NONE,
            redact_rules: &[],
        }
    }

    /// A call of the ledger.
    ///
    /// # Errors
    /// When the ledger's call cannot be read.
    pub(crate) fn from_ledger(
        scheme: &'r str,
        call: &'r UndoCall,
        recording_key: RecordingKey,
        gone: &'r [Assertion],
    ) -> Result<Self, UndoError> {
        let timeout = Duration::from_millis(call.timeout_ms);
        Ok(Self {
            scheme,
            level: call.level.as_deref(),
            recording_key,
            account: None,
            draft: undo_draft(call)?,
            unsigned: None,
            timeout,
            gone,
            secret_rules: SecretRules::NONE,
            redact_rules: &[],
        })
    }
}

/// Sends a call that undoes something. It succeeds if there is nothing left to undo.
///
/// # Errors
/// When it could not be sent, or the marketplace refused it.
pub(crate) async fn send_undo(
    request: UndoRequest<'_>,
    context: &RunContext<'_>,
) -> Result<(), UndoError> {
    let gone = request.gone;
    let key = request.recording_key.clone();
    let rules = undo_rules(&request, context);
    let judged = send(request, context).await?;
    let JudgedResponse {
        response, outcome, ..
    } = &*judged;
    // Another process, a person, or an earlier undo whose response was lost may have deleted it.
    let is_gone = response.status == 404
        || (!gone.is_empty() && check::holds_without_templates(gone, &ResponseView::new(response)));
    match outcome {
        ResponseOutcome::Success => Ok(()),
        _ if is_gone => Ok(()),
        ResponseOutcome::ApiError { kind, .. } => Err(UndoError::Refused {
            status: response.status,
            kind: *kind,
            body: ShownResponse::redacted(&judged, &key, &rules, context)
                .body
                .text,
        }),
    }
}

fn undo_rules<'r>(request: &UndoRequest<'r>, context: &RunContext<'r>) -> Vec<&'r RedactRule> {
    let workspace = context.environment.workspace;
    workspace
        .scheme(request.scheme)
        .map_or_else(Vec::new, |scheme| {
            redact_rules(scheme, workspace, request.redact_rules)
        })
}

/// Sends a call, and returns the JSON of its response.
///
/// # Errors
/// When it could not be sent, the marketplace refused it, or the response is not JSON.
pub(super) async fn fetch_json(
    request: UndoRequest<'_>,
    context: &RunContext<'_>,
) -> Result<Value, UndoError> {
    let judged = send(request, context).await?;
    let JudgedResponse {
        response, outcome, ..
    } = &*judged;
    match outcome {
        ResponseOutcome::Success => {
            let json = response
                .json()
                .map_err(|error| UndoError::ListNotJson(error.to_string()))?;
            // Which of two members was meant decides what is deleted.
            match NameStandsTwice::all_of(json).next() {
                Some(twice) => Err(UndoError::ListAmbiguous(twice)),
                None => Ok(json.to_value()),
            }
        }
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
    let scheme = context
        .environment
        .workspace
        .scheme(request.scheme)
        .ok_or_else(|| UndoError::UnknownScheme(request.scheme.to_owned()))?;
    let draft = &request.draft;
    let level = choose_level(scheme, request.level, draft.method, &draft.path);
    let of_key = request.recording_key.account.as_deref();
    let host = scheme.host_choice(level, draft.method, &draft.path);
    let access = context
        .access((scheme, level, host), request.account.or(of_key))
        .map_err(StepError::from)?;
    let call = ExchangeContext {
        recording_key: &request.recording_key,
        redact_rules: request.redact_rules,
        scheme,
        level,
        access: &access,
        timeout: request.timeout,
        max_body: DEFAULT_MAX_BODY,
        passage: None,
        // After a crash there is no jar, and an undo must work then, too.
        cookies: None,
        can_renew_token: true,
        budget_class: BudgetClass::Undo,
        secrets: DeclaredSecrets {
            rules: request.secret_rules,
            step: None,
        },
        // No report shows the requests of one undo.
        redirects: RedirectPolicy {
            max: 0,
            patterns: &[],
        },
        requests: &Cell::default(),
        attempt: Cell::new(1),
        rounds: None,
        client: None,
        context,
    };
    let unsigned = request
        .unsigned
        .map(|draft| unsigned_request(draft, &access.account));
    let fresh = context.fresh_values();
    // One attempt only: an undo is a write, which is not repeated once something was sent.
    let exchange = run_attempt(&call, draft, unsigned.as_ref(), fresh).await;
    let judged = exchange.result?;
    // Recorded like any call: a replay of the fixture then has a response for its undo.
    if let Some(unsigned) = &unsigned {
        record_undo(&call, unsigned, &judged);
    }
    Ok(judged)
}

fn record_undo(call: &ExchangeContext<'_>, unsigned: &RecordedRequest, judged: &JudgedResponse) {
    let context = call.context;
    let observed = ObservedExchange {
        recording_key: call.recording_key,
        scheme: call.scheme,
        request: unsigned,
        response: &judged.response,
        inspected_headers: &[],
        redact_rules: call.redact_rules,
        rounds: None,
    };
    context.state.recordings.record_response(
        &observed,
        context.environment.workspace,
        &mut context.state.redactor.borrow_mut(),
    );
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
    let method = Method::parse(&call.method).ok_or(UndoError::UnreadableEntry(
        "its method is not an HTTP method",
    ))?;
    Ok(Draft {
        external: None,
        method,
        path: call.path.clone(),
        raw_query: call.raw_query.clone(),
        query: call.query.clone(),
        headers: call.headers.clone(),
        body,
    })
}
