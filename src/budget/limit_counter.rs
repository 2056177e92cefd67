//! One limit, counted. Small counts keep the times of their calls: such a log is exact in every
//! rolling window. Buckets (a limit with `burst`, or a large count) keep one number, by GCRA. Times
//! are in milliseconds of the book's clock.

use crate::model::scheme::RateLimit;
use serde::{Deserialize, Serialize};

/// Up to this many calls a window, their times are kept.
const MAX_LOGGED_CALLS: u32 = 500;
/// Of a bucket for a large count that names no burst: a tenth at once, and the rest evenly.
const BURST_DIVISOR: u32 = 10;
/// Undo calls have a tenth of a limit to themselves, and one of it where it is over five.
const UNDO_RESERVE_DIVISOR: u32 = 10;
const SMALL_LIMIT: u32 = 5;

/// How many calls, and how they are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LimitRule {
    pub(crate) count: u32,
    pub(crate) per_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) burst: Option<u32>,
}

impl LimitRule {
    #[must_use]
    pub(crate) fn from_limit(limit: &RateLimit) -> Self {
        let per_ms = i64::try_from(limit.per.as_millis())
            .unwrap_or(i64::MAX / 4)
            .max(1);
        Self {
            count: limit.count.max(1),
            per_ms,
            burst: limit.burst,
        }
    }

    /// Calls can arrive closer together than they were sent: 5 s for a minute and more, less for
    /// less.
    #[must_use]
    pub(crate) fn arrival_margin_ms(&self) -> i64 {
        (self.per_ms / 12).clamp(50, 5_000)
    }

    fn window_ms(&self) -> i64 {
        self.per_ms.saturating_add(self.arrival_margin_ms())
    }

    fn is_sliding_window(&self) -> bool {
        self.burst.is_none() && self.count <= MAX_LOGGED_CALLS
    }

    /// How many at once, and how many in a window besides. Without a burst of the marketplace's own
    /// both together are the count, so that no rolling window holds more.
    fn burst_and_refill(&self) -> (u32, u32) {
        if let Some(burst) = self.burst {
            (burst.max(1), self.count)
        } else {
            let at_once = (self.count / BURST_DIVISOR).max(1);
            (at_once, (self.count - at_once).max(1))
        }
    }

    /// How many calls can be free at most.
    #[must_use]
    pub(crate) fn capacity(&self) -> u32 {
        if self.is_sliding_window() {
            self.count
        } else {
            self.burst_and_refill().0
        }
    }

    /// How many of them are kept for undo calls.
    #[must_use]
    pub(crate) fn undo_reserve(&self) -> u32 {
        let most = self.capacity();
        if most > SMALL_LIMIT {
            (most / UNDO_RESERVE_DIVISOR).max(1)
        } else {
            0
        }
    }

    /// What a header of the marketplace says can only make it tighter.
    fn tightened(&self, rate: Option<u32>, burst: Option<u32>) -> Self {
        let count = rate.map_or(self.count, |rate| self.count.min(rate.max(1)));
        let burst = self
            .burst
            .map(|own| burst.map_or(own, |burst| own.min(burst.max(1))));
        Self {
            count,
            per_ms: self.per_ms,
            burst,
        }
    }
}

/// What has been sent under one limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LimitCounter {
    /// Which limit, as the scheme has it.
    pub(crate) limit: String,
    /// What has a limit of its own: a hash of the account, the operation.
    #[serde(alias = "whose")]
    pub(crate) subject: String,
    /// The same for people: an account, an operation, or nothing.
    #[serde(alias = "about", default)]
    pub(crate) account_label: String,
    #[serde(default)]
    pub(crate) operation: String,
    pub(crate) rule: LimitRule,
    /// When calls arrive at the latest, in order; a call that is under way stands in the future.
    #[serde(alias = "log", default, skip_serializing_if = "Vec::is_empty")]
    arrivals: Vec<i64>,
    /// Of a bucket: when it is full again, in microseconds.
    #[serde(alias = "full_at", default)]
    full_at_us: i64,
    /// Nothing before then: the marketplace has said so.
    #[serde(default)]
    pub(crate) paused_until: i64,
    #[serde(default)]
    pub(crate) refusals: u32,
    #[serde(alias = "rate", default, skip_serializing_if = "Option::is_none")]
    reported_rate: Option<u32>,
    #[serde(alias = "burst", default, skip_serializing_if = "Option::is_none")]
    reported_burst: Option<u32>,
}

impl LimitCounter {
    #[must_use]
    pub(crate) fn new(limit: &str, whose: &str, rule: LimitRule) -> Self {
        let (limit, whose, about, operation) = (
            limit.to_owned(),
            whose.to_owned(),
            String::new(),
            String::new(),
        );
        let (log, full_at, paused_until, refusals) = (Vec::new(), 0, 0, 0);
        Self {
            limit,
            subject: whose,
            account_label: about,
            operation,
            rule,
            arrivals: log,
            full_at_us: full_at,
            paused_until,
            refusals,
            reported_rate: None,
            reported_burst: None,
        }
    }

    /// The rule, as tight as the marketplace says that it is.
    #[must_use]
    pub(crate) fn effective_rule(&self) -> LimitRule {
        self.rule.tightened(self.reported_rate, self.reported_burst)
    }

    /// Forgets what lies behind every window.
    pub(crate) fn prune(&mut self, now: i64) {
        let window = self.effective_rule().window_ms();
        self.arrivals.retain(|at| at.saturating_add(window) > now);
    }

    /// How many calls are counted.
    #[must_use]
    pub(crate) fn used(&self, now: i64) -> u32 {
        let rule = self.effective_rule();
        let used = if rule.is_sliding_window() {
            self.arrivals
                .iter()
                .filter(|at| at.saturating_add(rule.window_ms()) > now)
                .count()
                .try_into()
                .ok()
        } else {
            let owed = (self.full_at_us - to_micros(now)).max(0);
            u32::try_from(
                owed.saturating_add(call_interval_us(&rule) - 1) / call_interval_us(&rule),
            )
            .ok()
        };
        used.unwrap_or(u32::MAX)
    }

    /// How many calls could be sent at once.
    #[must_use]
    pub(crate) fn available(&self, now: i64) -> u32 {
        if self.paused_until > now {
            0
        } else {
            self.effective_rule()
                .capacity()
                .saturating_sub(self.used(now))
        }
    }

    /// When a call is free that leaves `kept` others; not after `now` when it is free at once. A
    /// call that is under way counts as if it had arrived now, since nobody knows better.
    #[must_use]
    pub(crate) fn free_at(&self, now: i64, kept: u32) -> i64 {
        if self.available(now) > kept {
            return now;
        }
        let rule = self.effective_rule();
        let usable = rule.capacity().saturating_sub(kept).max(1);
        let free = if rule.is_sliding_window() {
            self.window_free_at(&rule, now, usable)
        } else {
            self.bucket_free_at(&rule, usable)
        };
        // Never now: it is not free.
        free.max(self.paused_until).max(now + 1)
    }

    fn window_free_at(&self, rule: &LimitRule, now: i64, usable: u32) -> i64 {
        let usable = usize::try_from(usable).unwrap_or(usize::MAX);
        let leaves = self
            .arrivals
            .len()
            .checked_sub(usable)
            .and_then(|index| self.arrivals.get(index));
        leaves.map_or(now, |at| (*at).min(now).saturating_add(rule.window_ms()))
    }

    fn bucket_free_at(&self, rule: &LimitRule, usable: u32) -> i64 {
        let room = call_interval_us(rule).saturating_mul(i64::from(usable) - 1);
        to_millis_rounded_up(self.full_at_us.saturating_sub(room))
    }

    /// Takes a slot for a call that arrives within `hold`; gives the mark by which it is known.
    pub(crate) fn acquire(&mut self, now: i64, hold: i64) -> i64 {
        let rule = self.effective_rule();
        if rule.is_sliding_window() {
            let at = now.saturating_add(hold);
            self.insert_arrival(at);
            return at;
        }
        self.full_at_us = self
            .full_at_us
            .max(to_micros(now))
            .saturating_add(call_interval_us(&rule));
        now
    }

    fn insert_arrival(&mut self, at: i64) {
        let place = self.arrivals.partition_point(|other| *other <= at);
        self.arrivals.insert(place, at);
    }

    fn remove_arrival(&mut self, mark: i64) -> bool {
        let found = self.arrivals.binary_search(&mark);
        found.map(|index| self.arrivals.remove(index)).is_ok()
    }

    /// The answer is there, so the call has arrived between `taken` and `now`. The margin covers
    /// what it can.
    pub(crate) fn record_arrival(&mut self, mark: i64, taken: i64, now: i64) {
        if self.remove_arrival(mark) {
            self.insert_arrival(
                taken.max(now.saturating_sub(self.effective_rule().arrival_margin_ms())),
            );
        }
    }

    /// Nothing has left.
    pub(crate) fn release(&mut self, mark: i64) {
        let rule = self.effective_rule();
        if !self.remove_arrival(mark) && !rule.is_sliding_window() {
            self.full_at_us = self.full_at_us.saturating_sub(call_interval_us(&rule));
        }
    }

    /// What the marketplace's headers say of it.
    pub(crate) fn apply_limit_headers(
        &mut self,
        now: i64,
        rate: Option<u32>,
        burst: Option<u32>,
        remaining: Option<u32>,
    ) {
        (self.reported_rate, self.reported_burst) =
            (rate.or(self.reported_rate), burst.or(self.reported_burst));
        let Some(remaining) = remaining else { return };
        for _ in remaining..self.available(now) {
            self.acquire(now, 0);
        }
    }

    /// No call before `until`.
    pub(crate) fn pause_until(&mut self, until: i64) {
        self.paused_until = self.paused_until.max(until);
    }

    /// What was said of it is forgotten; what was sent is not.
    pub(crate) fn clear(&mut self) {
        (
            self.paused_until,
            self.refusals,
            self.reported_rate,
            self.reported_burst,
        ) = (0, 0, None, None);
    }

    /// Whether it says nothing any more.
    #[must_use]
    pub(crate) fn is_idle(&self, now: i64) -> bool {
        self.paused_until <= now
            && self.refusals == 0
            && self.available(now) == self.effective_rule().capacity()
    }
}

fn to_micros(ms: i64) -> i64 {
    ms.saturating_mul(1_000)
}

fn to_millis_rounded_up(micros: i64) -> i64 {
    micros.saturating_add(999).div_euclid(1_000)
}

/// Between two calls of a bucket, in microseconds.
fn call_interval_us(rule: &LimitRule) -> i64 {
    let (_, besides) = rule.burst_and_refill();
    to_micros(rule.window_ms()).saturating_add(i64::from(besides) - 1) / i64::from(besides)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(count: u32, per_ms: i64, burst: Option<u32>) -> LimitCounter {
        LimitCounter::new(
            "x",
            "",
            LimitRule {
                count,
                per_ms,
                burst,
            },
        )
    }

    #[test]
    fn ten_an_hour_is_never_eleven() {
        let mut counter = counter(10, 3_600_000, None);
        for at in 0..10 {
            assert_eq!(counter.free_at(at, 0), at);
            counter.acquire(at, 0);
        }
        assert_eq!(
            (counter.available(10), counter.free_at(10, 0)),
            (0, 3_605_000),
            "the hour and the margin"
        );
        assert_eq!(counter.free_at(3_604_999, 0), 3_605_000);
        assert_eq!(counter.free_at(3_605_000, 0), 3_605_000);
    }

    #[test]
    fn undo_calls_have_slots_of_their_own() {
        let mut counter = counter(10, 3_600_000, None);
        assert_eq!(
            (
                counter.rule.undo_reserve(),
                LimitRule {
                    count: 5,
                    per_ms: 1,
                    burst: None
                }
                .undo_reserve()
            ),
            (1, 0)
        );
        (0..9).for_each(|at| {
            counter.acquire(at, 0);
        });
        assert!(
            counter.free_at(9, 1) > 9,
            "nine are gone, and the tenth is kept"
        );
        assert_eq!(counter.free_at(9, 0), 9, "for an undo it is free");
    }

    #[test]
    fn a_call_under_way_holds_its_slot_until_it_is_known_to_have_arrived() {
        let mut counter = counter(1, 20_000, None);
        let mark = counter.acquire(100, 30_000);
        assert_eq!(counter.available(40_000), 0, "its answer may still come");
        counter.record_arrival(mark, 100, 9_000);
        assert_eq!(
            counter.free_at(9_000, 0),
            9_000 + 20_000,
            "from its answer on, whole"
        );
        let mark = counter.acquire(60_000, 30_000);
        counter.record_arrival(mark, 60_000, 60_010);
        assert_eq!(
            counter.free_at(60_010, 0),
            60_000 + 21_666,
            "a quick one by the margin"
        );
        counter.release(60_000);
        assert_eq!(counter.free_at(60_010, 0), 60_010, "nothing had left");
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut counter = counter(2, 1_000, Some(4));
        for _ in 0..4 {
            assert_eq!(counter.free_at(5_000, 0), 5_000);
            counter.acquire(5_000, 0);
        }
        let next = counter.free_at(5_000, 0);
        assert_eq!(
            (counter.available(5_000), next),
            (0, 5_542),
            "half a second and its margin"
        );
        counter.acquire(next, 0);
        assert_eq!(counter.free_at(next, 0), 6_083, "by microseconds");
    }

    #[test]
    fn headers_make_a_limit_tighter_and_never_looser() {
        let mut log = counter(10, 60_000, None);
        log.apply_limit_headers(5, None, None, Some(99));
        assert_eq!(log.available(5), 10);
        log.apply_limit_headers(5, None, None, Some(3));
        assert_eq!(log.available(5), 3, "others have used the rest");
        log.apply_limit_headers(5, Some(8), None, Some(0));
        assert_eq!((log.available(5), log.effective_rule().count), (0, 8));
        let mut bucket = counter(2, 1_000, Some(4));
        bucket.apply_limit_headers(5, Some(9), Some(9), Some(1));
        assert_eq!(
            (bucket.effective_rule(), bucket.available(5)),
            (
                LimitRule {
                    count: 2,
                    per_ms: 1_000,
                    burst: Some(4)
                },
                1
            )
        );
        bucket.apply_limit_headers(5, Some(1), Some(2), Some(0));
        assert_eq!(
            (bucket.effective_rule(), bucket.available(5)),
            (
                LimitRule {
                    count: 1,
                    per_ms: 1_000,
                    burst: Some(2)
                },
                0
            )
        );
    }
}
