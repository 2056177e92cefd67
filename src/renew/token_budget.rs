//! Token requests under the budgets of their key: a permit before the first byte, and what a
//! response says of limits, kept for every process.

use super::refresh_job::{RefreshError, RefreshJob};
use crate::budget::{
    Budget, BudgetError, BudgetKey, DenialReason, Permit, PermitOutcome, PermitRequest,
    format_duration,
};
use crate::check::ResponseOutcome;
use crate::model::outcome::ErrorKind;
use crate::model::scheme::{ErrorRemedy, Scheme, TokenRequest};
use crate::sign::NamedValues;
use crate::wire::WireResponse;
use std::time::Duration;

/// A token request waits at most this long for a permit: it holds the lock of its family, for which
/// others wait 30 s.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// The budget of one token request.
#[derive(Clone, Copy)]
pub(super) struct TokenBudget<'a> {
    pub(super) budget: &'a Budget,
    pub(super) scheme: &'a Scheme,
    pub(super) job: &'a RefreshJob,
    pub(super) credentials: &'a NamedValues,
    pub(super) request: &'a TokenRequest,
    /// Unix milliseconds.
    pub(super) clock: fn() -> i64,
}

impl<'a> TokenBudget<'a> {
    fn permit_request(&self) -> PermitRequest<'a> {
        PermitRequest {
            budget_key: BudgetKey {
                scheme: self.scheme,
                // Of the API: tokens may come from another host, and the key is the same.
                host: &self.job.key.host,
                environment: &self.job.label.environment,
                account: &self.job.label.account,
                credentials: self.credentials,
            },
            method: self.request.method,
            path: self.request.path.as_literal().unwrap_or_default(),
            arrives_within: self.job.timeout,
            keeps_reserve: false,
        }
    }

    /// A permit, where a limit counts token requests. Waits for a short time.
    ///
    /// # Errors
    /// When there is none in time. Then nothing must be sent.
    pub(super) async fn acquire(&self) -> Result<Option<Permit>, RefreshError> {
        if !self.budget.is_enabled() {
            return Ok(None);
        }
        let request = self.permit_request();
        let mut left = MAX_WAIT;
        loop {
            let denied = match self.budget.acquire(&request).await? {
                PermitOutcome::Granted(permit) => return Ok(Some(permit)),
                PermitOutcome::NotCounted => return Ok(None),
                PermitOutcome::Denied(denied) => denied,
            };
            let free_in = Duration::from_millis(denied.free_in_ms.unsigned_abs());
            if matches!(denied.reason, DenialReason::Suspended(_)) || free_in > left {
                let error = BudgetError::new(&denied, &self.scheme.name, (self.clock)());
                return Err(error.into());
            }
            left -= free_in;
            tokio::time::sleep(free_in).await;
        }
    }

    /// Gives back the permit of a request of which no byte was sent.
    pub(super) async fn release(&self, permit: Option<&Permit>) {
        // If it fails, the slot stays taken until its window is over, which is safe.
        let _ = self.budget.release(permit).await;
    }

    /// Keeps what a response says of limits, for all calls with this key. Returns what the user
    /// should know of it.
    pub(super) async fn record(
        &self,
        permit: Option<&Permit>,
        response: &WireResponse,
        outcome: &ResponseOutcome,
    ) -> Option<String> {
        if !self.budget.is_enabled() {
            return None;
        }
        let request = self.permit_request();
        let mut observation = request.observe(response, (self.clock)());
        observation.pauses_key = true;
        if let ResponseOutcome::ApiError {
            kind, hint, remedy, ..
        } = outcome
        {
            observation.is_rate_limited = *kind == ErrorKind::RateLimit;
            let reason = || hint.clone().unwrap_or_else(|| kind.advice().to_owned());
            observation.suspension =
                (*remedy == Some(ErrorRemedy::Block)).then(|| (response.status, reason()));
        }
        let recorded = self
            .budget
            .record_response(&request, permit, &observation)
            .await;
        match (recorded, observation.wait_ms) {
            (Err(error), _) => Some(format!(
                "the limits in the response could not be stored: {error}"
            )),
            (Ok(_), Some(wait_ms)) => Some(format!(
                "the marketplace asks to wait {}: until then, no process that uses this store sends a call with this key",
                format_duration(wait_ms)
            )),
            (Ok(_), None) => None,
        }
    }
}
