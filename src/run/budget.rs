//! The place where bytes leave, and what stands before it: a slot of every limit, or a wait for it,
//! or an error that says when the next call is free. Each attempt takes a slot of its own. Requests
//! for tokens are sent by `renew`, and not counted.

use super::RunContext;
use super::exchange::{ExchangeContext, JudgedResponse, SendState, StepProgress};
use super::step::StepError;
use crate::budget::{
    Budget, BudgetError, BudgetKey, DenialReason, LimitObservation, Permit, PermitDenied,
    PermitRequest,
};
use crate::check::ResponseOutcome;
use crate::event::Event;
use crate::method::Method;
use crate::model::outcome::ErrorKind;
use crate::model::scheme::{ErrorRemedy, Scheme};
use crate::plan::Unit;
use crate::render::FreshValues;
use crate::sign::NamedValues;
use crate::wire::Draft;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// While a call waits it looks again after this time, since what it waits for can be over earlier.
const RECHECK_INTERVAL: Duration = Duration::from_secs(2);
/// An undo waits at least so long: what it takes back would be left otherwise.
const MIN_UNDO_WAIT: Duration = Duration::from_secs(10);
/// A new end of a wait that differs by less than this is not worth a word, in milliseconds.
const MIN_NOTIFY_CHANGE_MS: u64 = 1_000;

/// How calls are counted in a run, and how long they may wait.
pub(crate) struct RunBudget {
    pub(crate) budget: Budget,
    /// For one call, in all.
    pub(crate) max_wait: Duration,
    event_sender: Option<UnboundedSender<Event>>,
}

/// For whom a call is sent.
#[derive(Clone, Copy)]
pub(super) enum BudgetClass<'c> {
    /// A request's own, or a fixture's.
    Step(Option<&'c Unit<'c>>),
    /// It takes something back.
    Undo,
}

impl RunBudget {
    #[must_use]
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            max_wait: Duration::ZERO,
            event_sender: None,
        }
    }

    /// Where it is told from now on that a call waits.
    pub(crate) fn subscribe(&mut self) -> UnboundedReceiver<Event> {
        let (tell, told) = unbounded_channel();
        self.event_sender = Some(tell);
        told
    }
}

impl ExchangeContext<'_> {
    /// Takes a slot, signs, sends, and lets everybody know what the answer says of limits.
    pub(super) async fn send_with_permit(
        &self,
        draft: &Draft,
        token: Option<&NamedValues>,
        moment: FreshValues,
        progress: &mut StepProgress,
    ) -> Result<(), StepError> {
        if !self.context.run_budget.budget.is_enabled() {
            return self.sign_and_send(draft, token, moment, progress).await;
        }
        let ask = self.permit_request(draft.method, &draft.path);
        let (slot, has_waited) = self.acquire_permit(&ask).await?;
        // What is signed must not be as old as the wait was long.
        let moment = if has_waited {
            super::unit::moment(self.context)
        } else {
            moment
        };
        let sent = self.sign_and_send(draft, token, moment, progress).await;
        if let Err(error) = self
            .settle_permit(&ask, slot.as_ref(), sent.is_ok(), progress)
            .await
        {
            progress.warnings.push(format!(
                "what the answer says of limits could not be kept: {error}"
            ));
        }
        sent
    }

    fn permit_request<'a>(&'a self, method: Method, path: &'a str) -> PermitRequest<'a> {
        let Self {
            scheme,
            access,
            context,
            ..
        } = self;
        let owner = BudgetKey {
            scheme,
            host: access.base.authority(),
            environment: &context.environment,
            account: &access.account,
            credentials: &access.credentials,
        };
        let leaves_some =
            matches!(self.budget_class, BudgetClass::Step(_)) && has_undo(scheme, context);
        PermitRequest {
            budget_key: owner,
            method,
            path,
            arrives_within: self.timeout,
            keeps_reserve: leaves_some,
        }
    }

    /// A slot, where a limit counts the call, and whether it was waited for. No lock is held while
    /// a call waits.
    async fn acquire_permit(
        &self,
        ask: &PermitRequest<'_>,
    ) -> Result<(Option<Permit>, bool), BudgetError> {
        let begun = Instant::now();
        let mut said: Option<i64> = None;
        loop {
            let refused = match self.context.run_budget.budget.acquire(ask).await? {
                Ok(slot) => return Ok((slot, said.is_some())),
                Err(refused) => refused,
            };
            let free_in = Duration::from_millis(refused.free_in_ms.unsigned_abs());
            if self.exceeds_max_wait(&refused, free_in, begun.elapsed()) {
                return Err(BudgetError::new(
                    &refused,
                    &ask.budget_key.scheme.name,
                    (self.context.clock)(),
                ));
            }
            self.notify_waiting(&mut said, refused.free_in_ms);
            tokio::time::sleep(free_in.min(RECHECK_INTERVAL)).await;
        }
    }

    fn exceeds_max_wait(
        &self,
        refused: &PermitDenied,
        free_in: Duration,
        waited: Duration,
    ) -> bool {
        let wait = self.context.run_budget.max_wait;
        let patience = if matches!(self.budget_class, BudgetClass::Undo) {
            wait.max(MIN_UNDO_WAIT)
        } else {
            wait
        };
        matches!(refused.reason, DenialReason::Suspended(_))
            || waited.saturating_add(free_in) > patience
    }

    /// Once, and again when the wait becomes another one. A limit per second paces a run, and is
    /// not worth a word.
    fn notify_waiting(&self, said: &mut Option<i64>, free_in_ms: i64) {
        if free_in_ms.unsigned_abs() < MIN_NOTIFY_CHANGE_MS {
            return;
        }
        let until_ms = (self.context.clock)().saturating_add(free_in_ms);
        if said.is_some_and(|said| said.abs_diff(until_ms) < MIN_NOTIFY_CHANGE_MS) {
            return;
        }
        *said = Some(until_ms);
        let id = match self.budget_class {
            BudgetClass::Step(Some(unit)) => unit.id(),
            _ => self.recording_key.file.clone(),
        };
        if let Some(tell) = &self.context.run_budget.event_sender {
            // Nobody may listen any more.
            let _ = tell.send(Event::Waiting { id, until_ms });
        }
    }

    /// A slot is given back only when the connection was never opened.
    async fn settle_permit(
        &self,
        ask: &PermitRequest<'_>,
        slot: Option<&Permit>,
        is_answered: bool,
        progress: &mut StepProgress,
    ) -> Result<(), BudgetError> {
        let budget = &self.context.run_budget.budget;
        if progress.send_state == SendState::NotSent {
            return budget.release(slot).await;
        }
        let Some(heard) = progress.judged_response.as_ref().filter(|_| is_answered) else {
            return Ok(());
        };
        let said = self.observe_limits(ask, heard);
        budget.record_response(ask, slot, &said).await?;
        progress.warnings.extend(self.limit_warnings(&said));
        Ok(())
    }

    /// The headers, and what the scheme says of such an answer.
    fn observe_limits(
        &self,
        ask: &PermitRequest<'_>,
        JudgedResponse { response, outcome }: &JudgedResponse,
    ) -> LimitObservation {
        let mut said = ask.observe(response, (self.context.clock)());
        if let ResponseOutcome::ApiError {
            kind,
            hint,
            remedy: then,
        } = outcome
        {
            said.is_rate_limited = *kind == ErrorKind::RateLimit;
            let why = || hint.clone().unwrap_or_else(|| kind.advice().to_owned());
            said.suspension = (*then == Some(ErrorRemedy::Stop)).then(|| (response.status, why()));
        }
        said
    }

    fn limit_warnings(&self, said: &LimitObservation) -> Vec<String> {
        let name = &self.scheme.name;
        let stopped =
            || format!("no call with this key is sent any more until `ingam budget clear {name}`");
        let absurd =
            || format!("`{name}` wants to be left alone for more than a day; it is for a day");
        [
            said.suspension.is_some().then(stopped),
            said.is_wait_capped.then(absurd),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Whether anything could have to be taken back with this scheme: then slots are kept for it.
fn has_undo(scheme: &Scheme, context: &RunContext<'_>) -> bool {
    let steps = context
        .workspace
        .fixtures
        .iter()
        .flat_map(|fixture| &fixture.steps);
    steps
        .filter_map(|made| made.undo.as_ref())
        .any(|undo| undo.step.scheme.name == scheme.name)
}
