//! Retries a call where a retry can help and does no harm: a read after a fault of the network or
//! the marketplace, and a write of which nothing was sent or, by the scheme's rule for the very
//! response, nothing was carried out. Each attempt is signed anew.

use super::attempt::run_attempt;
use super::exchange::{Exchange, ExchangeContext, FailedAttempt, JudgedResponse, SendState};
use super::retry_budget::RetryDenial;
use super::step_error::StepError;
use crate::check::ResponseOutcome;
use crate::model::outcome::ErrorKind;
use crate::model::recording::RecordedRequest;
use crate::recording::ReplayError;
use crate::render::FreshValues;
use crate::transport::TransportError;
use crate::wire::Draft;
use std::time::{Duration, Instant};

/// The longest wait before the second attempt; it doubles for each attempt after it.
const BASE_BACKOFF: Duration = Duration::from_millis(200);
/// The longest wait without a `retry-after` header.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// If `retry-after` asks for a longer wait, the call is not retried.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// One call and its retries.
pub(super) struct Attempts<'a> {
    pub(super) call: &'a ExchangeContext<'a>,
    pub(super) max_attempts: u32,
    /// The call changes nothing.
    pub(super) is_read: bool,
    /// Whether the log says why a write is not sent again. A poll sends it again in any case.
    pub(super) explains_writes: bool,
    /// The request with placeholders, where it is matched with recordings.
    pub(super) unsigned: Option<&'a RecordedRequest>,
}

/// A fault that a retry can mend.
struct RetryableFault {
    attempt: FailedAttempt,
    /// Whether it is certain that the call changed nothing.
    no_effect: Option<NoEffect>,
    /// The wait that the marketplace asks for.
    retry_after: Option<Duration>,
}

/// Why it is certain that a call changed nothing.
#[derive(Clone, Copy, Debug)]
enum NoEffect {
    NotSent,
    /// By the scheme's rule for the response.
    NotExecuted,
}

/// Why a call is not retried.
#[derive(Debug, thiserror::Error)]
enum RetryStop {
    #[error(transparent)]
    Denied(#[from] RetryDenial),
    #[error("not retried: the marketplace asks to wait {} s, but ingam waits at most {} s", .0.as_secs(), MAX_RETRY_AFTER.as_secs())]
    WaitTooLong(Duration),
}

impl Attempts<'_> {
    /// Sends the call, with retries. Returns the last attempt; its log holds those before it.
    pub(super) async fn run(&self, draft: &Draft, fresh: FreshValues) -> Exchange {
        let mut exchange = run_attempt(self.call, draft, self.unsigned, fresh).await;
        let mut failed = Vec::new();
        let mut number = 1;
        while let Some((fault, wait)) = self.next_attempt(number, draft, &mut exchange)
            && self.call.context.pause(wait).await
        {
            let fresh = self.call.context.fresh_values();
            self.call.attempt.set(number + 1);
            let mut next = run_attempt(self.call, draft, self.unsigned, fresh).await;
            if let Err(StepError::Budget(denial)) = &next.result {
                // An attempt without a permit was none: the one before it was the last.
                let warnings = &mut exchange.log.warnings;
                warnings.push(format!("not retried: {denial}"));
                break;
            }
            // Only the log of the last attempt is returned.
            next.log.prepend_notes(exchange.log);
            failed.push(fault.attempt);
            exchange = next;
            number += 1;
        }
        exchange.log.attempts = failed;
        exchange
    }

    /// The fault to retry after, and how long to wait.
    fn next_attempt(
        &self,
        number: u32,
        draft: &Draft,
        exchange: &mut Exchange,
    ) -> Option<(RetryableFault, Duration)> {
        // Without a permit nothing was sent, which says nothing about the host.
        if matches!(exchange.result, Err(StepError::Budget(_))) {
            return None;
        }
        let fault = self.classify_fault(exchange);
        self.record_host_health(fault.is_some());
        let fault = fault?;
        // Only a read is repeated once something was sent (RFC 9110, section 9.2.2): a second
        // order is worse than a failed one.
        let may_repeat = self.is_read || fault.no_effect.is_some();
        if !may_repeat || number >= self.max_attempts {
            exchange
                .log
                .warnings
                .extend(self.write_note(number, &fault, draft));
            return None;
        }
        match self.next_wait(number, &fault) {
            Ok(wait) => Some((fault, wait)),
            Err(stop) => {
                exchange.log.warnings.push(stop.to_string());
                None
            }
        }
    }

    /// Why a write is not sent again.
    fn write_note(&self, number: u32, fault: &RetryableFault, draft: &Draft) -> Option<String> {
        if self.is_read || !self.explains_writes {
            return None;
        }
        let method = draft.method;
        let certain = match fault.no_effect {
            None => {
                return Some(format!(
                    "not retried: the marketplace may have processed this {method}; if it only reads, write `reads: true`"
                ));
            }
            Some(NoEffect::NotSent) => "no part of it was sent",
            Some(NoEffect::NotExecuted) => "the scheme guarantees that nothing was done",
        };
        (number == 1 && self.max_attempts == 1).then(|| {
            format!("not retried, although {certain}: `retry: {{ attempts: 3 }}` allows retries")
        })
    }

    /// Records how the host does; a replay sends nothing and records nothing.
    fn record_host_health(&self, has_failed: bool) {
        if self.is_replayed() {
            return;
        }
        let (retries, now) = (&self.call.context.state.retries, Instant::now());
        if has_failed {
            retries.record_failure(self.host(), now);
        } else {
            retries.record_success(self.host(), now);
        }
    }

    fn classify_fault(&self, exchange: &Exchange) -> Option<RetryableFault> {
        let log = &exchange.log;
        match &exchange.result {
            Ok(response) => self.response_fault(response),
            // A response stands in the log when a token had expired and the second request failed:
            // the first one was sent.
            Err(error) => network_fault(
                error,
                log.send_state == SendState::NotSent && log.response.is_none(),
            ),
        }
    }

    /// The scheme decides by its error rules, not by the status alone.
    fn response_fault(
        &self,
        JudgedResponse {
            response, outcome, ..
        }: &JudgedResponse,
    ) -> Option<RetryableFault> {
        let ResponseOutcome::ApiError {
            kind: kind @ (ErrorKind::RateLimit | ErrorKind::Server),
            had_no_effect,
            ..
        } = outcome
        else {
            return None;
        };
        // A redirect comes again: signed requests do not follow it.
        if (300..400).contains(&response.status) {
            return None;
        }
        let reason = format!("the response was {} ({kind})", response.status);
        let wait = response
            .retry_after_ms((self.call.context.environment.clock)())
            .map(|ms| Duration::from_millis(ms.unsigned_abs()));
        let attempt = FailedAttempt {
            status: Some(response.status),
            reason,
            latency: Some(response.latency),
        };
        Some(RetryableFault {
            attempt,
            no_effect: had_no_effect.then_some(NoEffect::NotExecuted),
            retry_after: wait,
        })
    }

    /// How long to wait before the next attempt.
    fn next_wait(&self, number: u32, fault: &RetryableFault) -> Result<Duration, RetryStop> {
        if self.is_replayed() {
            return Ok(Duration::ZERO);
        }
        let retry_after = fault.retry_after.unwrap_or(Duration::ZERO);
        if retry_after > MAX_RETRY_AFTER {
            return Err(RetryStop::WaitTooLong(retry_after));
        }
        self.call
            .context
            .state
            .retries
            .acquire(self.host(), Instant::now())?;
        Ok(retry_after.max(backoff(number, self.call.context.environment.rng.draw())))
    }

    fn host(&self) -> &str {
        self.call.access.call_base.authority()
    }

    fn is_replayed(&self) -> bool {
        self.call.context.state.recordings.is_replay()
    }
}

/// The fault of a call without a response, if a retry can mend it. A response that is not HTTP is
/// among these, since a connection that breaks looks the same.
fn network_fault(error: &StepError, is_unsent: bool) -> Option<RetryableFault> {
    let is_connect = matches!(error, StepError::Transport(error) if error.may_connect_later());
    let may_pass = match error {
        StepError::Transport(error) => {
            is_connect
                || matches!(
                    error,
                    TransportError::Timeout { .. }
                        | TransportError::Incomplete { .. }
                        | TransportError::UnreadableResponse { .. }
                )
        }
        StepError::Replay(ReplayError::ConnectionClosed) => true,
        _ => false,
    };
    let attempt = FailedAttempt {
        status: None,
        reason: error.to_string(),
        latency: None,
    };
    may_pass.then_some(RetryableFault {
        attempt,
        no_effect: (is_unsent && is_connect).then_some(NoEffect::NotSent),
        retry_after: None,
    })
}

/// Full jitter: a random wait up to a bound that doubles, so that clients that failed at the same
/// time do not retry at the same time.
fn backoff(number: u32, random: [u8; 16]) -> Duration {
    let bound = BASE_BACKOFF
        .saturating_mul(2_u32.saturating_pow(number.saturating_sub(1)))
        .min(MAX_BACKOFF);
    let [a, b, c, d, ..] = random;
    bound.mul_f64(f64::from(u32::from_le_bytes([a, b, c, d])) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds_and_are_anything_below() {
        let most = |number| backoff(number, [255; 16]);
        assert_eq!(
            [most(1), most(2), most(3)],
            [BASE_BACKOFF, BASE_BACKOFF * 2, BASE_BACKOFF * 4]
        );
        assert_eq!((most(10), most(4_000_000)), (MAX_BACKOFF, MAX_BACKOFF));
        assert_eq!(backoff(3, [0; 16]), Duration::ZERO);
        let waits: std::collections::HashSet<Duration> =
            (0..=255).map(|byte| backoff(3, [byte; 16])).collect();
        assert!(waits.len() > 200 && waits.iter().all(|wait| *wait <= BASE_BACKOFF * 4));
    }
}
