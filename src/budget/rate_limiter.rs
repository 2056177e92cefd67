//! The state of one application key at one marketplace: the counters of all its limits, the pauses
//! that the marketplace has asked for, and a suspension of all calls. A call acquires a permit of
//! every limit that counts it, or of none. Plain data: stores read and write it whole.

use super::forward_clock::{ClockReading, ForwardClock};
use super::hashed_permit_request::{AppliedLimit, BudgetLabels, HashedPermitRequest};
use super::limit_counter::{LimitCounter, LimitRule};
use super::limit_observation::{LimitObservation, MAX_WAIT_MS};
use super::state_error::LimiterStateError;
use serde::{Deserialize, Serialize};

/// The version of the stored format. Another version is refused.
const FORMAT_VERSION: u32 = 1;
/// The first pause after a rate limit response without `Retry-After`, if no limit counts the call.
const DEFAULT_BACKOFF_MS: i64 = 5_000;
/// The longest pause that the marketplace has not asked for: an hour.
const MAX_BACKOFF_MS: i64 = 3_600_000;

/// All limits of one application key.
// An unknown key is an error. It is from another version of ingam, and to ignore it can mean to
// forget counts or a suspension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateLimiter {
    format: u32,
    #[serde(alias = "about")]
    pub(crate) labels: BudgetLabels,
    clock: ForwardClock,
    pub(crate) counters: Vec<LimitCounter>,
    /// A pause for calls that no limit counts, in milliseconds of the limiter's clock.
    #[serde(default)]
    pub(crate) paused_until: i64,
    #[serde(default)]
    pub(crate) refusals: u32,
    #[serde(alias = "stopped", default, skip_serializing_if = "Option::is_none")]
    pub(crate) suspension: Option<Suspension>,
}

/// The marketplace has blocked the account. Calls are sent again only after `ingam budget clear`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suspension {
    /// Unix time in milliseconds, for display.
    pub(crate) wall_ms: i64,
    pub(crate) environment: String,
    pub(crate) account: String,
    pub(crate) status: u16,
    #[serde(alias = "why")]
    pub(crate) reason: String,
}

/// The slots that a call has taken.
#[derive(Clone, Debug)]
pub(crate) struct Permit {
    pub(crate) request: HashedPermitRequest,
    acquired_at: i64,
    /// One for each limit of the request, in the same order.
    marks: Vec<i64>,
}

impl Permit {
    /// For a call that no limit counts, whose response is recorded all the same.
    #[must_use]
    pub(crate) fn uncounted(request: HashedPermitRequest) -> Self {
        Self {
            request,
            acquired_at: 0,
            marks: Vec::new(),
        }
    }
}

/// There is no slot: why, and in how many milliseconds there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PermitDenied {
    pub(crate) reason: DenialReason,
    pub(crate) free_in_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DenialReason {
    /// The count of a limit is reached.
    LimitReached {
        rule: LimitRule,
        label: String,
    },
    /// The marketplace has asked for a pause.
    Paused,
    Suspended(Box<Suspension>),
}

/// Whether a change has modified a limiter.
pub(super) enum LimiterUpdate<T> {
    /// The state must be stored before the result is used: a permit is worth nothing before that.
    Changed(T),
    Unchanged(T),
}

/// A change to one limiter. It gets the limiter and the time of its clock in milliseconds.
pub(super) type LimiterChange<'c, T> =
    &'c mut (dyn FnMut(&mut RateLimiter, i64) -> LimiterUpdate<T> + Send);

impl RateLimiter {
    #[must_use]
    pub(crate) fn new(reading: ClockReading) -> Self {
        let (labels, clock, counters) = (
            BudgetLabels::default(),
            ForwardClock::new(reading),
            Vec::new(),
        );
        Self {
            format: FORMAT_VERSION,
            labels,
            clock,
            counters,
            paused_until: 0,
            refusals: 0,
            suspension: None,
        }
    }

    /// Reads stored state.
    ///
    /// # Errors
    /// When the text is not the state of a limiter, or has another format version.
    pub(crate) fn parse(text: &str) -> Result<Self, LimiterStateError> {
        let limiter: Self = serde_json::from_str(text)
            .map_err(|error| LimiterStateError::Invalid(error.to_string()))?;
        if limiter.format == FORMAT_VERSION {
            Ok(limiter)
        } else {
            Err(LimiterStateError::UnknownFormat {
                found: limiter.format,
                expected: FORMAT_VERSION,
            })
        }
    }

    /// The state as it is stored.
    ///
    /// # Errors
    /// When it cannot be encoded. An empty text must never be stored instead: in `PostgreSQL` an
    /// empty text means a new row, so counts and a suspension would be forgotten.
    pub(crate) fn to_text(&self) -> Result<String, LimiterStateError> {
        serde_json::to_string(self)
            .map_err(|error| LimiterStateError::Unencodable(error.to_string()))
    }

    /// The time of the limiter's clock in milliseconds.
    #[must_use]
    pub(crate) fn time_at(&self, reading: &ClockReading) -> i64 {
        self.clock.at(reading)
    }

    pub(crate) fn advance_clock(&mut self, reading: ClockReading) -> i64 {
        self.clock.advance(reading)
    }

    /// Takes a slot of every limit, or of none.
    ///
    /// # Errors
    /// When one of them has no slot.
    pub(crate) fn acquire(
        &mut self,
        request: &HashedPermitRequest,
        now: i64,
    ) -> Result<Permit, PermitDenied> {
        // All limits are looked at before the first slot is taken, so that a refusal costs nothing.
        self.peek(request, now)?;
        self.counters
            .iter_mut()
            .for_each(|counter| counter.prune(now));
        // The whole state is written at each call, so it must not grow with accounts that are no
        // longer used.
        self.counters.retain(|counter| !counter.is_idle(now));
        self.update_labels(request);
        let marks = request
            .limits
            .iter()
            .map(|limit| {
                self.counter_mut(limit)
                    .acquire(now, request.arrives_within_ms)
            })
            .collect();
        Ok(Permit {
            request: request.clone(),
            acquired_at: now,
            marks,
        })
    }

    /// Whether a call may be sent.
    ///
    /// # Errors
    /// When it may not: the reason that lasts longest.
    pub(crate) fn peek(&self, request: &HashedPermitRequest, now: i64) -> Result<(), PermitDenied> {
        if let Some(suspension) = &self.suspension {
            return Err(PermitDenied {
                reason: DenialReason::Suspended(Box::new(suspension.clone())),
                free_in_ms: MAX_WAIT_MS,
            });
        }
        let pause = (self.paused_until > now).then(|| PermitDenied {
            reason: DenialReason::Paused,
            free_in_ms: self.paused_until - now,
        });
        let refused = request
            .limits
            .iter()
            .filter_map(|limit| self.denial(limit, request.keeps_reserve, now))
            .chain(pause);
        refused
            // After a shorter wait the call would be refused again.
            .max_by_key(|refused| refused.free_in_ms)
            .map_or(Ok(()), Err)
    }

    fn denial(&self, limit: &AppliedLimit, keeps_reserve: bool, now: i64) -> Option<PermitDenied> {
        // Without a counter nothing is counted yet, so the call is free.
        let mut counter = self.find_counter(limit)?.clone();
        // The scheme may have changed since the last call: its rule of today decides.
        counter.rule = limit.rule.clone();
        let kept = if keeps_reserve {
            counter.effective_rule().undo_reserve()
        } else {
            0
        };
        let free_at = counter.free_at(now, kept);
        if free_at <= now {
            return None;
        }
        let reason = if counter.paused_until > now {
            DenialReason::Paused
        } else {
            DenialReason::LimitReached {
                rule: counter.effective_rule(),
                label: limit.label(),
            }
        };
        Some(PermitDenied {
            reason,
            free_in_ms: free_at - now,
        })
    }

    fn find_counter(&self, limit: &AppliedLimit) -> Option<&LimitCounter> {
        self.counters
            .iter()
            .find(|counter| counter.limit == limit.limit && counter.subject == limit.subject)
    }

    /// The counter of a limit, with today's rule of the scheme. It is created if there is none.
    fn counter_mut(&mut self, limit: &AppliedLimit) -> &mut LimitCounter {
        let is_it = |counter: &LimitCounter| {
            counter.limit == limit.limit && counter.subject == limit.subject
        };
        let found = self.counters.iter().position(is_it);
        let index = found.unwrap_or(self.counters.len());
        if found.is_none() {
            let mut counter = LimitCounter::new(&limit.limit, &limit.subject, limit.rule.clone());
            limit.account_label.clone_into(&mut counter.account_label);
            limit.operation.clone_into(&mut counter.operation);
            self.counters.push(counter);
        }
        let counter = &mut self.counters[index];
        counter.rule = limit.rule.clone();
        counter
    }

    fn update_labels(&mut self, request: &HashedPermitRequest) {
        let BudgetLabels {
            scheme,
            host,
            accounts,
        } = &request.labels;
        (self.labels.scheme, self.labels.host) = (scheme.clone(), host.clone());
        self.labels.accounts.extend(accounts.iter().cloned());
    }

    /// Gives the slots back. Only for a call of which no byte was sent.
    pub(crate) fn release(&mut self, permit: &Permit) {
        for (limit, mark) in permit.request.limits.iter().zip(&permit.marks) {
            self.counter_mut(limit).release(*mark);
        }
    }

    /// The response has arrived: corrects the time of arrival, and applies what it says of limits.
    pub(crate) fn record_response(
        &mut self,
        permit: &Permit,
        observation: &LimitObservation,
        now: i64,
    ) {
        self.update_labels(&permit.request);
        for (index, limit) in permit.request.limits.iter().enumerate() {
            let counter = self.counter_mut(limit);
            if let Some(mark) = permit.marks.get(index) {
                counter.record_arrival(*mark, permit.acquired_at, now);
            }
            if let Some(headers) = observation.limit_headers.get(index) {
                counter.apply_limit_headers(now, headers.rate, headers.burst, headers.remaining);
            }
        }
        self.count_refusals(permit, observation.is_rate_limited);
        if let Some(pause) = self.pause_after(permit, observation) {
            let until = now.saturating_add(pause);
            if permit.request.limits.is_empty() || observation.pauses_key {
                self.paused_until = self.paused_until.max(until);
            }
            for limit in &permit.request.limits {
                self.counter_mut(limit).pause_until(until);
            }
        }
    }

    /// How many calls like this one the strictest of its limits still allows now; `None` if none
    /// counts it.
    pub(super) fn calls_left(&self, request: &HashedPermitRequest, now: i64) -> Option<u32> {
        let counters = request
            .limits
            .iter()
            .filter_map(|limit| self.find_counter(limit));
        counters.map(|counter| counter.available(now)).min()
    }

    fn count_refusals(&mut self, permit: &Permit, is_refusal: bool) {
        let next = |refusals: u32| {
            if is_refusal {
                refusals.saturating_add(1)
            } else {
                0
            }
        };
        // Any other response ends the series, so the next pause begins with the shortest time
        // again.
        self.refusals = next(self.refusals);
        for limit in &permit.request.limits {
            let counter = self.counter_mut(limit);
            counter.refusals = next(counter.refusals);
        }
    }

    /// For how many milliseconds nothing is sent: the time that the marketplace names. If a rate
    /// limit response names none, the shortest window, doubled for each further one in a row.
    fn pause_after(&self, permit: &Permit, observation: &LimitObservation) -> Option<i64> {
        if observation.wait_ms.is_some() || !observation.is_rate_limited {
            return observation.wait_ms;
        }
        // Nothing says which limit was exceeded. The shortest window is the first guess, and the
        // doubling corrects one that is too short.
        let windows = permit.request.limits.iter().map(|limit| limit.rule.per_ms);
        let first = windows
            .min()
            .unwrap_or(DEFAULT_BACKOFF_MS)
            .clamp(1_000, MAX_BACKOFF_MS);
        let counted = permit
            .request
            .limits
            .iter()
            .filter_map(|limit| Some(self.find_counter(limit)?.refusals))
            .max();
        // At most 2^20 times: the shift must not overflow, and the pause is capped anyway.
        let doubled = counted.unwrap_or(self.refusals).saturating_sub(1).min(20);
        Some(first.saturating_mul(1 << doubled).min(MAX_BACKOFF_MS))
    }

    /// Stops all calls until `ingam budget clear`.
    pub(crate) fn suspend(&mut self, suspension: Suspension) {
        self.suspension = Some(suspension);
    }

    /// Ends the suspension and the pauses. Counts stay: the marketplace has counted those calls,
    /// too.
    pub(crate) fn clear(&mut self) {
        (self.paused_until, self.refusals, self.suspension) = (0, 0, None);
        self.counters.iter_mut().for_each(LimitCounter::clear);
    }

    /// Whether a pause or a suspension is in force.
    #[must_use]
    pub(crate) fn is_restricted(&self, now: i64) -> bool {
        self.suspension.is_some()
            || self.paused_until > now
            || self
                .counters
                .iter()
                .any(|counter| counter.paused_until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_state_of_another_shape_is_an_error_and_not_an_empty_limiter() {
        let text = RateLimiter::new(ClockReading::default()).to_text().unwrap();
        assert!(RateLimiter::parse(&text).is_ok());
        let with_key = text.replacen('{', "{\"suspended\":{},", 1);
        assert!(matches!(
            RateLimiter::parse(&with_key),
            Err(LimiterStateError::Invalid(reason)) if reason.contains("unknown field `suspended`")
        ));
        assert_eq!(
            RateLimiter::parse(&text.replace("\"format\":1", "\"format\":7")),
            Err(LimiterStateError::UnknownFormat {
                found: 7,
                expected: 1
            })
        );
    }
}
