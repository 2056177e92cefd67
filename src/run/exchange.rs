//! One request on its way: as whom, with which token, signed, sent, and once more with another
//! token when the first one is too old.

use super::RunContext;
use super::access::AccountAccess;
use super::budget::BudgetClass;
use super::step::StepError;
use super::token::{TokenQuery, placeholder_token};
use crate::check::{self, ResponseOutcome, ResponseView};
use crate::model::outcome::ErrorKind;
use crate::model::recording::RecordedRequest;
use crate::model::scheme::{ErrorRemedy, Level, Scheme};
use crate::recording::{RecordingKey, ReplayMiss, ReplayedResponse, describe_miss};
use crate::render::FreshValues;
use crate::sandbox::NO_RECORDING;
use crate::sign::{
    NamedValues, SealError, SealedRequest, SignTrace, SigningInputs, TraceLine, seal,
};
use crate::transport::TransportError;
use crate::value::Value;
use crate::wire::{Draft, WireRequest, WireResponse};
use std::rc::Rc;
use std::time::Duration;

/// What a step has learned so far: the more, the better its report.
#[derive(Default)]
pub(super) struct StepProgress {
    /// What was to be sent, once it was rendered.
    pub(super) draft: Option<Rc<Draft>>,
    /// The signature: only when a report wants details.
    pub(super) trace: Vec<TraceLine>,
    /// From the start of the run.
    pub(super) started_at: Duration,
    pub(super) sent_at: Option<Duration>,
    pub(super) request: Option<WireRequest>,
    pub(super) judged_response: Option<Rc<JudgedResponse>>,
    pub(super) warnings: Vec<String>,
    /// Those that were tried again.
    pub(super) attempts: Vec<FailedAttempt>,
    /// How often a step has been sent, retries apart.
    pub(super) send_count: usize,
    pub(super) send_state: SendState,
}

/// An answer, and what it means to its scheme.
pub(super) struct JudgedResponse {
    pub(super) response: WireResponse,
    pub(super) outcome: ResponseOutcome,
}

/// One try that was not good enough.
pub(super) struct FailedAttempt {
    pub(super) status: Option<u16>,
    pub(super) reason: String,
    pub(super) latency: Option<Duration>,
}

/// How far a call has come, for those who have to take back what it made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SendState {
    #[default]
    NotSent,
    /// Something has left, and nobody knows what became of it.
    Unknown,
    /// The marketplace has said no.
    Refused,
    Succeeded,
}

/// One request on its way, with everything that it is signed with.
pub(super) struct ExchangeContext<'c> {
    pub(super) recording_key: &'c RecordingKey,
    pub(super) scheme: &'c Scheme,
    pub(super) level: &'c Level,
    pub(super) access: &'c AccountAccess,
    pub(super) timeout: Duration,
    /// A refusal is not what was asked for, so a token that is too old is worth another try.
    pub(super) can_renew_token: bool,
    pub(super) budget_class: BudgetClass<'c>,
    pub(super) context: &'c RunContext<'c>,
}

impl ExchangeContext<'_> {
    /// Sends, and once more with another token when the first one is too old; or takes the answer
    /// that is recorded for the request as it is before it is signed.
    pub(super) async fn exchange(
        &self,
        draft: &Draft,
        unsigned: Option<&RecordedRequest>,
        moment: FreshValues,
        progress: &mut StepProgress,
    ) -> Result<(), StepError> {
        if let Some(played) = unsigned.and_then(|request| {
            self.context
                .recordings
                .recorded_response(self.recording_key, self.scheme, request)
        }) {
            return self.replay(draft, played, moment, progress).await;
        }
        let Some(wanted) = self.token_query() else {
            return self.send_with_permit(draft, None, moment, progress).await;
        };
        let used = wanted.get().await?;
        self.send_with_permit(draft, Some(&used.values), moment, progress)
            .await?;
        progress.warnings.extend(used.warning.clone());
        if used.generation.is_some()
            && progress
                .judged_response
                .as_ref()
                .is_some_and(|heard| self.should_renew(&heard.outcome))
            && let Some(another) = wanted.replacement(&used).await?
        {
            self.send_with_permit(
                draft,
                Some(&another.values),
                super::unit::moment(self.context),
                progress,
            )
            .await?;
        }
        Ok(())
    }

    /// The request is signed all the same, with keys and tokens that are none, so that everything
    /// but the network is tried.
    async fn replay(
        &self,
        draft: &Draft,
        played: Result<ReplayedResponse, ReplayMiss>,
        moment: FreshValues,
        progress: &mut StepProgress,
    ) -> Result<(), StepError> {
        let played = played.map_err(|miss| StepError::NotRecorded(describe_miss(&miss)))?;
        let token = self
            .scheme
            .token_for_level(self.level)
            .map(|token| placeholder_token(token, &self.access.given_token));
        progress.request = Some(self.seal(draft, token.as_ref(), moment)?.request);
        // Even a sleep of nothing takes until the next tick of the clock.
        if !played.delay.is_zero() {
            let held = tokio::time::timeout(self.timeout, tokio::time::sleep(played.delay)).await;
            let timeout = |_| TransportError::Timeout {
                host: self.access.base.authority().to_owned(),
                after: self.timeout,
            };
            held.map_err(timeout)?;
        }
        progress.send_state = SendState::Unknown;
        progress.judged_response = Some(self.judge_response(draft, played.response?));
        Ok(())
    }

    /// Signs and sends; `send` asks the budget first.
    pub(super) async fn sign_and_send(
        &self,
        draft: &Draft,
        token: Option<&NamedValues>,
        moment: FreshValues,
        progress: &mut StepProgress,
    ) -> Result<(), StepError> {
        let SealedRequest { request, trace } = self.seal(draft, token, moment)?;
        self.register_trace_secrets(&trace);
        if self.context.detail {
            progress.trace = trace.lines;
        }
        progress.send_state = SendState::Unknown;
        progress.sent_at = Some(self.context.started_at.elapsed());
        let sent = self.context.transport.send(&request, self.timeout).await;
        progress.request = Some(request);
        if let Err(TransportError::Connect { .. } | TransportError::Setup { .. }) = sent {
            progress.send_state = SendState::NotSent;
        }
        progress.judged_response = Some(self.judge_response(draft, sent?));
        Ok(())
    }

    fn judge_response(&self, draft: &Draft, response: WireResponse) -> Rc<JudgedResponse> {
        let outcome = check::classify_response(
            self.scheme,
            draft.method,
            &draft.path,
            &ResponseView::new(&response),
        );
        Rc::new(JudgedResponse { response, outcome })
    }

    /// The clock of a scheme can stay behind, for marketplaces that accept no time ahead of theirs.
    fn seal(
        &self,
        draft: &Draft,
        token: Option<&NamedValues>,
        moment: FreshValues,
    ) -> Result<SealedRequest, SealError> {
        let moment = FreshValues {
            unix_ms: self.scheme.clock.request_time_ms(moment.unix_ms),
            ..moment
        };
        let inputs = SigningInputs {
            credentials: &self.access.credentials,
            token,
            moment,
            steps: &[],
            extra: &[],
        };
        seal(
            self.scheme,
            &self.level.procedure,
            draft.clone(),
            &self.access.base,
            inputs,
        )
    }

    fn register_trace_secrets(&self, trace: &SignTrace) {
        let mut redactor = self.context.redactor.borrow_mut();
        for (id, value) in trace.secrets() {
            redactor.add_secret(id, value);
        }
    }

    fn should_renew(&self, outcome: &ResponseOutcome) -> bool {
        let expired = matches!(
            outcome,
            ResponseOutcome::ApiError {
                kind: ErrorKind::TokenExpired,
                ..
            }
        ) || matches!(
            outcome,
            ResponseOutcome::ApiError {
                remedy: Some(ErrorRemedy::RenewOnce),
                ..
            }
        );
        expired && self.can_renew_token
    }

    fn token_query(&self) -> Option<TokenQuery<'_>> {
        let token = self.scheme.token_for_level(self.level)?;
        Some(TokenQuery {
            scheme: self.scheme,
            token,
            access: self.access,
            context: self.context,
        })
    }
}

/// The sandbox says so in a header of its own.
pub(super) fn missing_recording_reason(response: &WireResponse) -> Option<String> {
    response.header(NO_RECORDING)?;
    let said = response.json().ok()?;
    said.get("message")
        .and_then(Value::as_str)
        .map(str::to_owned)
}
