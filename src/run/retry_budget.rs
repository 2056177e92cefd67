//! Limits the retries of a run: more calls make the fault of a marketplace worse. Retries are a
//! small share of all calls, and a host that fails repeatedly gets none for a while.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// How long calls and retries are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Retries that a window always allows: a small run has too few calls for a share of them.
const MIN_RETRIES: usize = 10;
/// One retry is allowed for this many calls.
const CALLS_PER_RETRY: usize = 10;
/// After this many failures in a row, a host gets no retries for [`CIRCUIT_OPEN_TIME`].
const FAILURE_THRESHOLD: u32 = 5;
const CIRCUIT_OPEN_TIME: Duration = Duration::from_secs(30);

/// Why a call is not retried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RetryDenial {
    #[error("not retried: {FAILURE_THRESHOLD} calls in a row to {host} failed, so ingam does not retry calls to it for {} s", CIRCUIT_OPEN_TIME.as_secs())]
    CircuitOpen { host: String },
    #[error(
        "not retried: ingam retries at most a tenth of the calls of the last minute, or {MIN_RETRIES} calls"
    )]
    BudgetExhausted,
}

/// The calls and retries of a run.
#[derive(Default)]
pub(crate) struct RetryBudget(RefCell<RetryCounts>);

#[derive(Default)]
struct RetryCounts {
    calls: RecentCount,
    retries: RecentCount,
    hosts: HashMap<String, HostHealth>,
}

#[derive(Default)]
struct HostHealth {
    consecutive_failures: u32,
    open_until: Option<Instant>,
}

/// A count by seconds, so that a fast run needs no more memory than a slow one.
#[derive(Default)]
struct RecentCount(VecDeque<(Instant, usize)>);

impl RecentCount {
    fn add(&mut self, now: Instant) {
        match self.0.back_mut() {
            Some((second, count)) if now.duration_since(*second) < Duration::from_secs(1) => {
                *count += 1;
            }
            _ => self.0.push_back((now, 1)),
        }
    }

    fn count(&mut self, now: Instant) -> usize {
        while self
            .0
            .front()
            .is_some_and(|(second, _)| now.duration_since(*second) >= WINDOW)
        {
            self.0.pop_front();
        }
        self.0.iter().map(|(_, count)| count).sum()
    }
}

impl RetryBudget {
    /// Records a call that did not fail in a way that a retry could mend.
    pub(crate) fn record_success(&self, host: &str, now: Instant) {
        let state = &mut *self.0.borrow_mut();
        state.calls.add(now);
        if let Some(health) = state.hosts.get_mut(host) {
            *health = HostHealth::default();
        }
    }

    /// Records a call that failed in a way that a retry could mend.
    pub(crate) fn record_failure(&self, host: &str, now: Instant) {
        let state = &mut *self.0.borrow_mut();
        state.calls.add(now);
        let health = state.hosts.entry(host.to_owned()).or_default();
        health.consecutive_failures += 1;
        if health.consecutive_failures >= FAILURE_THRESHOLD {
            *health = HostHealth {
                // After the pause the host may fail this often again before the next one.
                consecutive_failures: 0,
                open_until: Some(now + CIRCUIT_OPEN_TIME),
            };
        }
    }

    /// Takes one retry.
    ///
    /// # Errors
    /// When none is left, or the host gets none.
    pub(crate) fn acquire(&self, host: &str, now: Instant) -> Result<(), RetryDenial> {
        let state = &mut *self.0.borrow_mut();
        if state
            .hosts
            .get(host)
            .and_then(|health| health.open_until)
            .is_some_and(|until| now < until)
        {
            return Err(RetryDenial::CircuitOpen {
                host: host.to_owned(),
            });
        }
        // After the check of the host, so that a refused retry is not counted.
        if state.retries.count(now) >= MIN_RETRIES.max(state.calls.count(now) / CALLS_PER_RETRY) {
            return Err(RetryDenial::BudgetExhausted);
        }
        state.retries.add(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_fails_five_times_in_a_row_is_left_alone_for_half_a_minute() {
        let (retries, now) = (RetryBudget::default(), Instant::now());
        let resting = Err(RetryDenial::CircuitOpen {
            host: "a".to_owned(),
        });
        (0..4).for_each(|_| retries.record_failure("a", now));
        assert_eq!(retries.acquire("a", now), Ok(()));
        retries.record_success("a", now);
        (0..5).for_each(|_| retries.record_failure("a", now));
        assert_eq!(retries.acquire("a", now), resting);
        assert_eq!(retries.acquire("b", now), Ok(()));
        assert_eq!(
            retries.acquire("a", now + Duration::from_millis(29_999)),
            resting
        );
        assert_eq!(retries.acquire("a", now + CIRCUIT_OPEN_TIME), Ok(()));
    }

    #[test]
    fn retries_are_a_tenth_of_the_calls_of_the_last_minute() {
        let (retries, now) = (RetryBudget::default(), Instant::now());
        let taken = |at| {
            (0..1_000)
                .take_while(|_| retries.acquire("a", at).is_ok())
                .count()
        };
        assert_eq!(taken(now), MIN_RETRIES);
        (0..250).for_each(|_| retries.record_success("a", now));
        assert_eq!(taken(now), 25 - MIN_RETRIES);
        assert_eq!(taken(now + WINDOW), MIN_RETRIES);
    }
}
