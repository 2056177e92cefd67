//! Takes a permit of every limit before a request is sent, waits for it, or returns an error with
//! the time of the next free call. Each request takes a permit of its own. Permits
//! of token requests are taken by `renew`.

use super::context::RunContext;
use super::exchange::{Exchange, ExchangeContext, JudgedResponse, SendState};
use super::run_budget::BudgetClass;
use super::step_error::StepError;
use crate::budget::{
    BudgetError, BudgetKey, DenialReason, LimitObservation, Permit, PermitDenied, PermitOutcome,
    PermitRequest,
};
use crate::check::ResponseOutcome;
use crate::event::Event;
use crate::model::outcome::ErrorKind;
use crate::model::scheme::{ErrorRemedy, Scheme};
use crate::render::FreshValues;
use crate::sign::NamedValues;
use crate::wire::Draft;
use std::time::{Duration, Instant};

/// A waiting call checks again after this time, since another process can release a permit earlier.
const RECHECK_INTERVAL: Duration = Duration::from_secs(2);
/// An undo waits at least this long for a permit: without it, what a fixture created would be left.
const MIN_UNDO_WAIT: Duration = Duration::from_secs(10);
/// A wait is announced again if its end moves by at least this, in milliseconds.
const MIN_NOTIFY_CHANGE_MS: u64 = 1_000;

/// Takes a permit, sends the request, and records the limits that the response reports.
pub(super) async fn send_with_permit(
    call: &ExchangeContext<'_>,
    draft: &Draft,
    token: Option<&NamedValues>,
    fresh: FreshValues,
) -> Exchange {
    if !call.context.environment.budget.budget.is_enabled() {
        return call.send(draft, token, fresh).await;
    }
    let request = permit_request(call, draft);
    let (permit, has_waited) = match acquire_permit(call, &request).await {
        Ok(acquired) => acquired,
        Err(error) => return Exchange::not_sent(error),
    };
    // A signature holds the time: it must not be as old as the wait was long.
    let fresh = if has_waited {
        call.context.fresh_values()
    } else {
        fresh
    };
    let mut exchange = call.send(draft, token, fresh).await;
    match settle_permit(call, &request, permit.as_ref(), &exchange).await {
        Ok((warnings, left)) => {
            exchange.log.warnings.extend(warnings);
            exchange.log.budget_left = left;
        }
        // The response is there and stays the result: only the next calls may come too early.
        Err(error) => exchange.log.warnings.push(format!(
            "the limits in the response could not be stored: {error}"
        )),
    }
    exchange
}

fn permit_request<'a>(call: &'a ExchangeContext<'_>, draft: &'a Draft) -> PermitRequest<'a> {
    let context = call.context;
    let keeps_reserve =
        matches!(call.budget_class, BudgetClass::Step(_)) && has_undo(call.scheme, context);
    PermitRequest {
        budget_key: BudgetKey {
            scheme: call.scheme,
            host: call.access.call_base.authority(),
            environment: &context.options.environment,
            account: &call.access.account,
            credentials: &call.access.credentials,
        },
        method: draft.method,
        path: &draft.path,
        arrives_within: call.timeout,
        keeps_reserve,
    }
}

/// A permit, where a limit counts the call, and whether the call had to wait for it.
async fn acquire_permit(
    call: &ExchangeContext<'_>,
    request: &PermitRequest<'_>,
) -> Result<(Option<Permit>, bool), StepError> {
    let started_at = Instant::now();
    let mut announced: Option<i64> = None;
    let run = &call.context.environment;
    loop {
        let denied = match run.budget.budget.acquire(request).await? {
            PermitOutcome::Granted(permit) => return Ok((Some(permit), announced.is_some())),
            PermitOutcome::NotCounted => return Ok((None, announced.is_some())),
            PermitOutcome::Denied(denied) => denied,
        };
        let free_in = Duration::from_millis(denied.free_in_ms.unsigned_abs());
        if exceeds_max_wait(call, &denied, free_in, started_at.elapsed()) {
            let scheme = &request.budget_key.scheme.name;
            return Err(BudgetError::new(&denied, scheme, (run.clock)()).into());
        }
        run.budget.waits.set(run.budget.waits.get() + 1);
        notify_waiting(call, &mut announced, denied.free_in_ms);
        // No lock is held while a call waits: others may send what the limits still allow.
        tokio::time::sleep(free_in.min(RECHECK_INTERVAL)).await;
        if call.client.is_some_and(|client| client.gone.is_requested()) {
            return Err(StepError::ClientGone { was_sent: false });
        }
    }
}

fn exceeds_max_wait(
    call: &ExchangeContext<'_>,
    denied: &PermitDenied,
    free_in: Duration,
    waited: Duration,
) -> bool {
    let max_wait = call.context.environment.budget.max_wait;
    let max_wait = match call.budget_class {
        BudgetClass::Undo => max_wait.max(MIN_UNDO_WAIT),
        BudgetClass::Step(_) => max_wait,
    };
    matches!(denied.reason, DenialReason::Suspended(_)) || waited.saturating_add(free_in) > max_wait
}

/// Announces a wait once, and again when its end moves. A limit per second paces a run: such short
/// waits are not announced.
fn notify_waiting(call: &ExchangeContext<'_>, announced: &mut Option<i64>, free_in_ms: i64) {
    if free_in_ms.unsigned_abs() < MIN_NOTIFY_CHANGE_MS {
        return;
    }
    let until_ms = (call.context.environment.clock)().saturating_add(free_in_ms);
    if announced.is_some_and(|known| known.abs_diff(until_ms) < MIN_NOTIFY_CHANGE_MS) {
        return;
    }
    *announced = Some(until_ms);
    let id = match call.budget_class {
        BudgetClass::Step(Some(unit)) => unit.id(),
        BudgetClass::Step(None) | BudgetClass::Undo => call.recording_key.file.clone(),
    };
    let run_budget = &call.context.environment.budget;
    run_budget.notify(Event::Waiting { id, until_ms });
}

/// Releases or records the permit. Returns warnings for the user, and how many calls are left.
async fn settle_permit(
    call: &ExchangeContext<'_>,
    request: &PermitRequest<'_>,
    permit: Option<&Permit>,
    exchange: &Exchange,
) -> Result<(Vec<String>, Option<u32>), BudgetError> {
    let budget = &call.context.environment.budget.budget;
    // Only a connection that was never opened is certain not to be counted by the marketplace.
    if exchange.log.send_state == SendState::NotSent {
        budget.release(permit).await?;
        return Ok((Vec::new(), None));
    }
    let Some(response) = &exchange.log.response else {
        return Ok((Vec::new(), None));
    };
    let observation = observe_limits(call, request, response);
    let left = budget
        .record_response(request, permit, &observation)
        .await?;
    Ok((limit_warnings(&call.scheme.name, &observation), left))
}

/// What the headers of a response and the scheme's error rules say of limits.
fn observe_limits(
    call: &ExchangeContext<'_>,
    request: &PermitRequest<'_>,
    JudgedResponse {
        response, outcome, ..
    }: &JudgedResponse,
) -> LimitObservation {
    let mut observation = request.observe(response, (call.context.environment.clock)());
    if let ResponseOutcome::ApiError {
        kind, hint, remedy, ..
    } = outcome
    {
        observation.is_rate_limited = *kind == ErrorKind::RateLimit;
        let reason = || hint.clone().unwrap_or_else(|| kind.advice().to_owned());
        observation.suspension =
            (*remedy == Some(ErrorRemedy::Block)).then(|| (response.status, reason()));
    }
    observation
}

fn limit_warnings(scheme: &str, observation: &LimitObservation) -> Vec<String> {
    let mut warnings = Vec::new();
    if observation.suspension.is_some() {
        warnings.push(format!(
            "ingam sends no more calls with this key: find out why, then run `ingam budget clear {scheme}`"
        ));
    }
    if observation.is_wait_capped {
        warnings.push(format!(
            "`{scheme}` asks to wait for more than a day; ingam waits for one day"
        ));
    }
    warnings
}

/// Whether the workspace has an undo with this scheme: then steps leave permits for it.
fn has_undo(scheme: &Scheme, context: &RunContext<'_>) -> bool {
    let run = &context.environment;
    let schemes = run.budget.undo_schemes.get_or_init(|| {
        let steps = run.workspace.all_steps();
        let undos = steps.filter_map(|step| step.undo.as_ref());
        undos.map(|undo| undo.step.scheme.name.clone()).collect()
    });
    schemes.contains(&scheme.name)
}
