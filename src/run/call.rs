//! One request on its way: as whom, with which token, signed, sent, and once more with another token when the first one is too
//! old.

use super::Context;
use super::access::Access;
use super::budget::Spender;
use super::step::StepError;
use super::token::{Wanted, stand_in};
use crate::check::{self, Answer, Outcome};
use crate::model::outcome::ErrorKind;
use crate::model::recording::RecordedRequest;
use crate::model::scheme::{Level, Remedy, Scheme};
use crate::recording::{Miss, Played, Whose, missed};
use crate::render::Moment;
use crate::sandbox::NO_RECORDING;
use crate::sign::{NamedValues, SealError, SealedRequest, SignTrace, SigningInputs, TraceLine, seal};
use crate::transport::TransportError;
use crate::value::Value;
use crate::wire::{Draft, WireRequest, WireResponse};
use std::rc::Rc;
use std::time::Duration;

/// What a step has learned so far: the more, the better its report.
#[derive(Default)]
pub struct Progress {
    /// What was to be sent, once it was rendered.
    pub draft: Option<Rc<Draft>>,
    /// The signature: only when a report wants details.
    pub trace: Vec<TraceLine>,
    /// From the start of the run.
    pub begun: Duration,
    pub sent: Option<Duration>,
    pub request: Option<WireRequest>,
    pub heard: Option<Rc<Heard>>,
    pub warnings: Vec<String>,
    /// Those that were tried again.
    pub attempts: Vec<Attempt>,
    /// How often a step has been sent, retries apart.
    pub asked: usize,
    pub reach: Reach,
}

/// An answer, and what it means to its scheme.
pub struct Heard {
    pub response: WireResponse,
    pub outcome: Outcome,
}

/// One try that was not good enough.
pub struct Attempt {
    pub status: Option<u16>,
    pub reason: String,
    pub latency: Option<Duration>,
}

/// How far a call has come, for those who have to take back what it made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    #[default]
    NotSent,
    /// Something has left, and nobody knows what became of it.
    Unknown,
    /// The marketplace has said no.
    Refused,
    Done,
}

/// One request on its way, with everything that it is signed with.
pub struct Call<'c> {
    pub whose: &'c Whose,
    pub scheme: &'c Scheme,
    pub level: &'c Level,
    pub access: &'c Access,
    pub timeout: Duration,
    /// A refusal is not what was asked for, so a token that is too old is worth another try.
    pub renews: bool,
    pub spender: Spender<'c>,
    pub context: &'c Context<'c>,
}

impl Call<'_> {
    /// Sends, and once more with another token when the first one is too old; or takes the answer that is recorded for the
    /// request as it is before it is signed.
    pub async fn exchange(
        &self,
        draft: &Draft,
        unsigned: Option<&RecordedRequest>,
        moment: Moment,
        progress: &mut Progress,
    ) -> Result<(), StepError> {
        if let Some(played) = unsigned.and_then(|request| self.context.recordings.play(self.whose, self.scheme, request)) {
            return self.play(draft, played, moment, progress).await;
        }
        let Some(wanted) = self.wanted() else { return self.send(draft, None, moment, progress).await };
        let used = wanted.get().await?;
        self.send(draft, Some(&used.values), moment, progress).await?;
        progress.warnings.extend(used.warning.clone());
        if used.generation.is_some()
            && progress.heard.as_ref().is_some_and(|heard| self.may_renew(&heard.outcome))
            && let Some(another) = wanted.another(&used).await?
        {
            self.send(draft, Some(&another.values), super::unit::moment(self.context), progress).await?;
        }
        Ok(())
    }

    /// The request is signed all the same, with keys and tokens that are none, so that everything but the network is tried.
    async fn play(
        &self,
        draft: &Draft,
        played: Result<Played, Miss>,
        moment: Moment,
        progress: &mut Progress,
    ) -> Result<(), StepError> {
        let played = played.map_err(|miss| StepError::NotRecorded(missed(&miss)))?;
        let token = self.scheme.token_of(self.level).map(|token| stand_in(token, &self.access.given_token));
        progress.request = Some(self.seal(draft, token.as_ref(), moment)?.request);
        // Even a sleep of nothing takes until the next tick of the clock.
        if !played.delay.is_zero() {
            let held = tokio::time::timeout(self.timeout, tokio::time::sleep(played.delay)).await;
            let timeout = |_| TransportError::Timeout { host: self.access.base.authority().to_owned(), after: self.timeout };
            held.map_err(timeout)?;
        }
        progress.reach = Reach::Unknown;
        progress.heard = Some(self.heard(draft, played.response?));
        Ok(())
    }

    /// Signs and sends; `send` asks the budget first.
    pub(super) async fn send_now(
        &self,
        draft: &Draft,
        token: Option<&NamedValues>,
        moment: Moment,
        progress: &mut Progress,
    ) -> Result<(), StepError> {
        let SealedRequest { request, trace } = self.seal(draft, token, moment)?;
        self.remember(&trace);
        if self.context.detail {
            progress.trace = trace.lines;
        }
        progress.reach = Reach::Unknown;
        progress.sent = Some(self.context.begun.elapsed());
        let sent = self.context.transport.send(&request, self.timeout).await;
        progress.request = Some(request);
        if let Err(TransportError::Connect { .. } | TransportError::Setup { .. }) = sent {
            progress.reach = Reach::NotSent;
        }
        progress.heard = Some(self.heard(draft, sent?));
        Ok(())
    }

    fn heard(&self, draft: &Draft, response: WireResponse) -> Rc<Heard> {
        let outcome = check::outcome(self.scheme, draft.method, &draft.path, &Answer::new(&response));
        Rc::new(Heard { response, outcome })
    }

    /// The clock of a scheme can stay behind, for marketplaces that accept no time ahead of theirs.
    fn seal(&self, draft: &Draft, token: Option<&NamedValues>, moment: Moment) -> Result<SealedRequest, SealError> {
        let moment = Moment { unix_ms: self.scheme.clock.reading(moment.unix_ms), ..moment };
        let inputs = SigningInputs { credentials: &self.access.credentials, token, moment, steps: &[], extra: &[] };
        seal(self.scheme, &self.level.procedure, draft.clone(), &self.access.base, inputs)
    }

    fn remember(&self, trace: &SignTrace) {
        let mut redactor = self.context.redactor.borrow_mut();
        for (id, value) in trace.secrets() {
            redactor.add(id, value);
        }
    }

    fn may_renew(&self, outcome: &Outcome) -> bool {
        let expired = matches!(outcome, Outcome::Refused { kind: ErrorKind::TokenExpired, .. })
            || matches!(outcome, Outcome::Refused { then: Some(Remedy::RenewOnce), .. });
        expired && self.renews
    }

    fn wanted(&self) -> Option<Wanted<'_>> {
        let token = self.scheme.token_of(self.level)?;
        Some(Wanted { scheme: self.scheme, token, access: self.access, context: self.context })
    }
}

/// The sandbox says so in a header of its own.
pub fn not_recorded(response: &WireResponse) -> Option<String> {
    response.header(NO_RECORDING)?;
    let said = response.json().ok()?;
    said.get("message").and_then(Value::as_str).map(str::to_owned)
}
