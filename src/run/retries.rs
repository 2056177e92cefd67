//! How much trying again a run allows itself. A marketplace that has a fault is not helped by more calls, so retries are a
//! small part of all calls, and a host that keeps failing gets none for a while.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// As long as the calls and retries of a run are remembered.
const WINDOW: Duration = Duration::from_secs(60);
/// So many retries in a window are allowed in any case: a small run has too few calls for a share of them.
const FLOOR: usize = 10;
/// One retry for so many calls.
const SHARE: usize = 10;
/// So many failures in a row, and a host is left alone.
const IN_A_ROW: u32 = 5;
const REST: Duration = Duration::from_secs(30);

/// Why there is no other attempt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("not tried again: {IN_A_ROW} calls in a row to {host} failed, and it gets no retries for {} s", REST.as_secs())]
    Resting { host: String },
    #[error("not tried again: retries are at most a tenth of the calls of the last minute, or {FLOOR}")]
    Spent,
}

/// What a run has called and tried again.
#[derive(Default)]
pub struct Retries(RefCell<State>);

#[derive(Default)]
struct State {
    calls: Recent,
    retries: Recent,
    hosts: HashMap<String, Health>,
}

#[derive(Default)]
struct Health {
    failures_in_a_row: u32,
    rests_until: Option<Instant>,
}

/// A count by seconds, so that a fast run needs no more memory than a slow one.
#[derive(Default)]
struct Recent(VecDeque<(Instant, usize)>);

impl Recent {
    fn add(&mut self, now: Instant) {
        match self.0.back_mut() {
            Some((second, count)) if now.duration_since(*second) < Duration::from_secs(1) => *count += 1,
            _ => self.0.push_back((now, 1)),
        }
    }

    fn count(&mut self, now: Instant) -> usize {
        while self.0.front().is_some_and(|(second, _)| now.duration_since(*second) >= WINDOW) {
            self.0.pop_front();
        }
        self.0.iter().map(|(_, count)| count).sum()
    }
}

impl Retries {
    /// A call has ended as it can be expected to end.
    pub fn went_well(&self, host: &str, now: Instant) {
        let state = &mut *self.0.borrow_mut();
        state.calls.add(now);
        if let Some(health) = state.hosts.get_mut(host) {
            *health = Health::default();
        }
    }

    /// A call has failed in a way that another attempt may mend.
    pub fn failed(&self, host: &str, now: Instant) {
        let state = &mut *self.0.borrow_mut();
        state.calls.add(now);
        let health = state.hosts.entry(host.to_owned()).or_default();
        health.failures_in_a_row += 1;
        if health.failures_in_a_row >= IN_A_ROW {
            *health = Health { failures_in_a_row: 0, rests_until: Some(now + REST) };
        }
    }

    /// Takes one retry.
    ///
    /// # Errors
    /// When there is none.
    pub fn take(&self, host: &str, now: Instant) -> Result<(), Refusal> {
        let state = &mut *self.0.borrow_mut();
        if state.hosts.get(host).and_then(|health| health.rests_until).is_some_and(|until| now < until) {
            return Err(Refusal::Resting { host: host.to_owned() });
        }
        if state.retries.count(now) >= FLOOR.max(state.calls.count(now) / SHARE) {
            return Err(Refusal::Spent);
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
        let (retries, now) = (Retries::default(), Instant::now());
        let resting = Err(Refusal::Resting { host: "a".to_owned() });
        (0..4).for_each(|_| retries.failed("a", now));
        assert_eq!(retries.take("a", now), Ok(()));
        retries.went_well("a", now);
        (0..5).for_each(|_| retries.failed("a", now));
        assert_eq!(retries.take("a", now), resting);
        assert_eq!(retries.take("b", now), Ok(()));
        assert_eq!(retries.take("a", now + Duration::from_millis(29_999)), resting);
        assert_eq!(retries.take("a", now + REST), Ok(()));
    }

    #[test]
    fn retries_are_a_tenth_of_the_calls_of_the_last_minute() {
        let (retries, now) = (Retries::default(), Instant::now());
        let taken = |at| (0..1_000).take_while(|_| retries.take("a", at).is_ok()).count();
        assert_eq!(taken(now), FLOOR);
        (0..250).for_each(|_| retries.went_well("a", now));
        assert_eq!(taken(now), 25 - FLOOR);
        assert_eq!(taken(now + WINDOW), FLOOR);
    }
}
