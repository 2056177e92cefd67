//! One request, signed and sent once, or replayed from a recording. It does nothing about budgets,
//! renewal and retries.

use super::access::AccountAccess;
use super::call_client::{CallClient, OnwardResponse};
use super::context::RunContext;
use super::cookies::AccountCookies;
use super::external::{self, RedirectPolicy, sealable_address, signed_parts};
use super::personal_data::redact_rules;
use super::response_secrets::{DeclaredSecrets, ResponseSecretError, register_response_secrets};
use super::run_budget::BudgetClass;
use super::step_error::{MissingRecording, StepError};
use super::token::placeholder_token;
use crate::check::{self, ResponseOutcome, ResponseView};
use crate::event::RequestPhases;
use crate::model::outcome::ErrorKind;
use crate::model::redact_rule::RedactRule;
use crate::model::scheme::{Level, Scheme};
use crate::recording::{
    PersonalDataError, RecordingKey, ReplayMiss, ReplayedResponse, describe_miss, unsigned_request,
};
use crate::render::FreshValues;
use crate::sandbox::{NO_RECORDING, NOT_RECORDED, RECORDED_AT};
use crate::sign::{
    NamedValues, SealError, SealedRequest, SignTrace, SigningInputs, TraceLine, seal_written,
};
use crate::transport::TransportError;
use crate::value::JsonRef;
use crate::wire::{BaseUrl, BodyPassage, Draft, WireRequest, WireResponse};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// The result of a request, and its log.
pub(super) struct Exchange {
    pub(super) result: Result<Rc<JudgedResponse>, StepError>,
    pub(super) log: ExchangeLog,
}

/// What is known of the requests of a call or a step, whether they failed or not: what reports
/// show, and what an undo needs to know.
#[derive(Default)]
pub(super) struct ExchangeLog {
    /// The request as it was rendered; `None` if that failed.
    pub(super) draft: Option<Rc<Draft>>,
    /// The last request that was signed.
    pub(super) signed: Option<SignedCall>,
    /// The last response, also where a later request failed.
    pub(super) response: Option<Rc<JudgedResponse>>,
    /// Attempts that were repeated.
    pub(super) attempts: Vec<FailedAttempt>,
    pub(super) warnings: Vec<String>,
    pub(super) send_state: SendState,
    /// Of each request that was sent, where phases are measured.
    pub(super) phases: Vec<RequestPhases>,
    /// Calls that the strictest limit of this one still allows; `None` where nothing counts it.
    pub(super) budget_left: Option<u32>,
}

pub(super) struct SignedCall {
    pub(super) request: WireRequest,
    /// The trace of the signature; empty unless a report shows details.
    pub(super) trace: Vec<TraceLine>,
    /// From the start of the run; `None` for a recorded response.
    pub(super) sent_at: Option<Duration>,
}

/// A response, and its outcome by the rules of the scheme.
pub(super) struct JudgedResponse {
    pub(super) response: WireResponse,
    pub(super) outcome: ResponseOutcome,
    /// Why a rule of `redact` cannot be applied to it: then nothing of its body is shown.
    pub(super) hidden_because: Option<PersonalDataError>,
    /// For the client of the call, until it is handed on.
    pub(super) onward: RefCell<Option<OnwardResponse>>,
}

/// An attempt that was repeated.
pub(super) struct FailedAttempt {
    pub(super) status: Option<u16>,
    pub(super) reason: String,
    pub(super) latency: Option<Duration>,
}

/// Whether a call can have created something that must be undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SendState {
    #[default]
    NotSent,
    /// It was sent, at least in part, and there is no response that tells its effect.
    Unknown,
    /// The marketplace has refused it.
    Refused,
    Succeeded,
}

impl Exchange {
    /// The request ended before a byte was sent.
    pub(super) fn not_sent(error: impl Into<StepError>) -> Self {
        Self {
            result: Err(error.into()),
            log: ExchangeLog::default(),
        }
    }

    /// The result of a later request of the same call, with the logs of both.
    pub(super) fn followed_by(mut self, later: Self) -> Self {
        self.log.append(later.log);
        Self {
            result: later.result,
            log: self.log,
        }
    }
}

impl ExchangeLog {
    /// Puts what an earlier attempt has noted in front of its own.
    pub(super) fn prepend_notes(&mut self, mut earlier: Self) {
        earlier.warnings.append(&mut self.warnings);
        earlier.phases.append(&mut self.phases);
        self.warnings = earlier.warnings;
        self.phases = earlier.phases;
    }

    /// Adds what is known of later requests.
    pub(super) fn append(&mut self, later: Self) {
        // A later request that was not sent does not undo that an earlier one was.
        if later.send_state != SendState::NotSent {
            self.send_state = later.send_state;
        }
        self.draft = later.draft.or(self.draft.take());
        self.signed = later.signed.or(self.signed.take());
        self.response = later.response.or(self.response.take());
        self.attempts.extend(later.attempts);
        self.warnings.extend(later.warnings);
        self.phases.extend(later.phases);
        self.budget_left = later.budget_left.or(self.budget_left);
    }
}

/// What the requests of one call have in common.
pub(super) struct ExchangeContext<'c> {
    pub(super) recording_key: &'c RecordingKey,
    /// The rules of the file itself.
    pub(super) redact_rules: &'c [RedactRule],
    pub(super) scheme: &'c Scheme,
    pub(super) level: &'c Level,
    pub(super) access: &'c AccountAccess,
    pub(super) timeout: Duration,
    /// The largest response, in bytes.
    pub(super) max_body: usize,
    /// How a large response may pass into the file of the step.
    pub(super) passage: Option<&'c BodyPassage>,
    /// The step expects success, so an expired token is worth another request.
    pub(super) can_renew_token: bool,
    pub(super) budget_class: BudgetClass<'c>,
    pub(super) redirects: RedirectPolicy<'c>,
    /// In a file with `cookies: keep`.
    pub(super) cookies: Option<AccountCookies<'c>>,
    pub(super) secrets: DeclaredSecrets<'c>,
    /// How many requests the step has sent.
    pub(super) requests: &'c Cell<usize>,
    /// The number of the attempt, from 1.
    pub(super) attempt: Cell<u32>,
    /// How many rounds the `for_each` of the step has.
    pub(super) rounds: Option<u32>,
    /// The program whose call it is; `None` for a call of a file. What such a program gets is shown
    /// nowhere, and so nothing of it is looked at but what it means to the scheme.
    pub(super) client: Option<&'c CallClient>,
    pub(super) context: &'c RunContext<'c>,
}

impl ExchangeContext<'_> {
    /// Signs and sends.
    pub(super) async fn send(
        &self,
        draft: &Draft,
        token: Option<&NamedValues>,
        fresh: FreshValues,
    ) -> Exchange {
        self.register_signature(draft);
        if draft.external.is_some()
            && let Some(name) = self.secret_of_user(draft)
        {
            return Exchange::not_sent(StepError::SecretForAddress(name));
        }
        let SealedRequest { request, trace } = match self.seal(draft, token, fresh) {
            Ok(sealed) => sealed,
            Err(error) => return Exchange::not_sent(error),
        };
        // Before anything is sent: the signature computes values from secrets, such as derived
        // keys, and an error of the transport is reported too.
        if self.client.is_none() {
            self.context.register_trace(&trace);
        }
        let context = self.context;
        let sent_at = context.state.started_at.elapsed();
        // Before the response: a call that is dropped while it waits was sent all the same.
        self.count_request(1);
        let mut onward = None;
        let mut phases = Vec::new();
        let (request, received) = if let Some(client) = self.client {
            let opened = self.open_for(client, &request).await;
            let received = opened.map(|(response, rest)| {
                onward = Some(rest);
                response
            });
            (request, received)
        } else if self.redirects.max == 0 {
            let received = self.send_once(&request, self.timeout, &mut phases).await;
            (request, received.map_err(StepError::from))
        } else {
            Box::pin(self.send_following(draft, request, &mut phases)).await
        };
        let signed = SignedCall {
            request,
            trace: self.shown_lines(trace),
            sent_at: Some(sent_at),
        };
        let mut exchange = match received {
            Ok(response) => self.finish(signed, draft, (response, onward)),
            Err(error) => failed(signed, error),
        };
        exchange.log.phases = phases;
        if exchange.log.send_state == SendState::NotSent {
            self.count_request(-1);
        }
        self.log_request(draft, sent_at, &exchange);
        exchange
    }

    fn count_request(&self, change: isize) {
        for count in [self.requests, &self.context.state.requests.api] {
            count.set(count.get().saturating_add_signed(change));
        }
    }

    /// Returns the recorded response. The request is signed too, with placeholders for the token,
    /// so that a replay tests everything but the network.
    pub(super) async fn replay(
        &self,
        draft: &Draft,
        replayed: Result<ReplayedResponse, ReplayMiss>,
        fresh: FreshValues,
    ) -> Exchange {
        let replayed = match replayed {
            Ok(replayed) => replayed,
            Err(miss) => {
                let can_be_recorded = matches!(miss, ReplayMiss::NoMatch { .. });
                let missing = MissingRecording::new(describe_miss(&miss), can_be_recorded);
                return Exchange::not_sent(StepError::NotRecorded(missing));
            }
        };
        if let (Some(recorded), Some(rounds)) = (replayed.rounds, self.rounds)
            && recorded != rounds
        {
            return Exchange::not_sent(StepError::OtherRounds { recorded, rounds });
        }
        let signed = match self.sign_without_sending(draft, fresh) {
            Ok(signed) => signed,
            Err(error) => return Exchange::not_sent(error),
        };
        self.count_request(1);
        let started_at = self.context.state.started_at.elapsed();
        let waited = self.wait_for_stub(replayed.delay).await;
        let exchange = match (waited, replayed.response) {
            (Ok(()), Ok(response)) => self.finish(signed, draft, (response, None)),
            (Ok(()), Err(error)) => failed(signed, error),
            (Err(error), _) => failed(signed, error),
        };
        self.log_request(draft, started_at, &exchange);
        exchange
    }

    fn sign_without_sending(
        &self,
        draft: &Draft,
        fresh: FreshValues,
    ) -> Result<SignedCall, SealError> {
        let token = self
            .scheme
            .token_for_level(self.level)
            .map(|token| placeholder_token(token, &self.access.given_token));
        let sealable = draft.external.is_some().then(|| sealable_address(draft));
        let draft = sealable.as_ref().unwrap_or(draft);
        Ok(SignedCall {
            request: self.seal(draft, token.as_ref(), fresh)?.request,
            trace: Vec::new(),
            sent_at: None,
        })
    }

    fn shown_lines(&self, trace: SignTrace) -> Vec<TraceLine> {
        // A trace can repeat the whole body, so it is kept only where a report shows it.
        if self.context.options.passed_exchanges {
            trace.lines
        } else {
            Vec::new()
        }
    }

    /// The delay of a stub, which can be longer than the timeout of the step.
    async fn wait_for_stub(&self, delay: Duration) -> Result<(), TransportError> {
        // A sleep of zero would still wait for the next tick of the timer, about 1 ms a request.
        if delay.is_zero() {
            return Ok(());
        }
        tokio::time::timeout(self.timeout, tokio::time::sleep(delay))
            .await
            .map_err(|_| TransportError::Timeout {
                host: self.access.call_base.authority().to_owned(),
                after: self.timeout,
            })
    }

    /// Notes when a response was made: when it was recorded, or now.
    fn date_response(&self, response: &mut WireResponse) {
        if self.context.environment.accesses.is_sandbox() {
            let said = response.header(RECORDED_AT).and_then(|at| at.parse().ok());
            response.made_at_ms = response.made_at_ms.or(said);
            // Only the sandbox says it, and no marketplace does.
            response.headers.retain(|(name, _)| name != RECORDED_AT);
        }
        response.made_at_ms = response.made_at_ms.or(Some(self.context.now_ms()));
    }

    fn finish(
        &self,
        signed: SignedCall,
        draft: &Draft,
        (mut response, onward): (WireResponse, Option<OnwardResponse>),
    ) -> Exchange {
        self.date_response(&mut response);
        self.keep_cookies(&signed.request, &response);
        let outcome = check::classify_response(
            self.scheme,
            draft.method,
            &draft.path,
            &ResponseView::new(&response),
        );
        let hidden_because = if self.client.is_some() {
            None
        } else {
            // Before anything of it is reported, recorded or captured.
            match self.register_secrets_of(&response) {
                Ok(()) => self.collect_personal_data(draft, &response).err(),
                // The response is in no log: what is secret in it is not known.
                Err(error) => return failed(signed, StepError::Secrets(error)),
            }
        };
        let missing = missing_recording(&response);
        let send_state = match &missing {
            // The sandbox created nothing, so there is nothing to undo.
            Some(_) => SendState::Refused,
            None => send_state_of(&outcome),
        };
        let judged = Rc::new(JudgedResponse {
            response,
            outcome,
            hidden_because,
            onward: onward.into(),
        });
        Exchange {
            result: match missing {
                Some(missing) => Err(StepError::NotRecorded(missing)),
                None => Ok(Rc::clone(&judged)),
            },
            log: ExchangeLog {
                signed: Some(signed),
                response: Some(judged),
                send_state,
                ..ExchangeLog::default()
            },
        }
    }

    fn register_secrets_of(&self, response: &WireResponse) -> Result<(), ResponseSecretError> {
        let short_secrets = register_response_secrets(
            self.scheme,
            self.secrets,
            response,
            &mut self.context.state.redactor.borrow_mut(),
        )?;
        let personal = &self.context.state.recordings.personal;
        for secret in &short_secrets {
            personal.hide_short_secret(self.recording_key, secret);
        }
        Ok(())
    }

    fn collect_personal_data(
        &self,
        draft: &Draft,
        response: &WireResponse,
    ) -> Result<(), PersonalDataError> {
        let context = self.context;
        let workspace = context.environment.workspace;
        let rules = redact_rules(self.scheme, workspace, self.redact_rules);
        let account = &self.access.account;
        context
            .state
            .recordings
            .personal
            .collect(self.recording_key, &rules, response, &|| {
                unsigned_request(draft, account)
            })
    }

    fn seal(
        &self,
        draft: &Draft,
        token: Option<&NamedValues>,
        fresh: FreshValues,
    ) -> Result<SealedRequest, SealError> {
        self.seal_at(draft, &self.access.call_base, token, fresh)
    }

    pub(super) fn seal_at(
        &self,
        draft: &Draft,
        base: &BaseUrl,
        token: Option<&NamedValues>,
        fresh: FreshValues,
    ) -> Result<SealedRequest, SealError> {
        // Some marketplaces accept no time ahead of theirs: their schemes sign with an older one.
        let fresh = FreshValues {
            unix_ms: self.scheme.clock.request_time_ms(fresh.unix_ms),
            ..fresh
        };
        let inputs = SigningInputs {
            credentials: &self.access.credentials,
            token,
            moment: fresh,
            steps: &[],
            extra: &[],
        };
        let mut draft = draft.clone();
        if let Some(cookies) = self.cookies {
            cookies.add_to(&mut draft, base, self.context.now_ms());
        }
        let written = self.client.map(|client| &client.body);
        let procedure = &self.level.procedure;
        seal_written(self.scheme, procedure, draft, written, base, inputs)
    }

    pub(super) fn keep_cookies(&self, request: &WireRequest, response: &WireResponse) {
        if let Some(cookies) = self.cookies {
            cookies.keep(
                (request.base(), request.target()),
                response,
                self.context.now_ms(),
            );
        }
    }

    /// No output shows what proves who may use an address.
    pub(super) fn register_signature(&self, draft: &Draft) {
        let mut redactor = self.context.state.redactor.borrow_mut();
        for part in signed_parts(draft) {
            redactor.add_secret("signed", &part);
        }
    }

    pub(super) fn secret_of_user(&self, draft: &Draft) -> Option<String> {
        external::secret_of_user(draft, &mut self.context.state.redactor.borrow_mut())
    }
}

/// No response came.
fn failed(signed: SignedCall, error: impl Into<StepError>) -> Exchange {
    let error = error.into();
    let was_sent = match &error {
        StepError::Transport(error) => !error.was_not_sent(),
        StepError::ClientGone { was_sent } => *was_sent,
        _ => true,
    };
    Exchange {
        result: Err(error),
        log: ExchangeLog {
            signed: Some(signed),
            send_state: if was_sent {
                SendState::Unknown
            } else {
                SendState::NotSent
            },
            ..ExchangeLog::default()
        },
    }
}

fn send_state_of(outcome: &ResponseOutcome) -> SendState {
    match outcome {
        ResponseOutcome::Success => SendState::Succeeded,
        // The marketplace can fail after it has done what was asked.
        ResponseOutcome::ApiError {
            kind: ErrorKind::Server,
            ..
        } => SendState::Unknown,
        ResponseOutcome::ApiError { .. } => SendState::Refused,
    }
}

/// Why the sandbox has no response. It sets a header of its own, and explains the reason in the
/// body. The header alone decides, so that an unreadable body is not taken for a marketplace's
/// response.
fn missing_recording(response: &WireResponse) -> Option<MissingRecording> {
    let mark = response.header(NO_RECORDING)?;
    let message = response
        .json()
        .ok()
        .and_then(|body| body.get("message"))
        .and_then(JsonRef::as_str);
    let reason = message.unwrap_or(Cow::Borrowed("the sandbox has no recording"));
    Some(MissingRecording::new(reason, mark == NOT_RECORDED))
}
