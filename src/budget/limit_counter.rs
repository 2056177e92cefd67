//! The counter of one limit. A sliding window keeps the time of each call, which is exact in every
//! rolling window. A token bucket (a limit with `burst`, or a large count) keeps one number, by the
//! generic cell rate algorithm (GCRA, ITU-T I.371). Times are in milliseconds of the limiter's
//! clock.

use crate::model::scheme::RateLimit;
use serde::{Deserialize, Serialize};

/// The largest count for which the time of each call is kept. All of them are written at each call.
const MAX_LOGGED_CALLS: u32 = 500;
/// The burst of a bucket whose limit names none: a tenth of the count. The rest is spread evenly.
const BURST_DIVISOR: u32 = 10;
/// A tenth of each limit is reserved for undo calls: at least one slot if the limit is over five,
/// and none otherwise.
const UNDO_RESERVE_DIVISOR: u32 = 10;
const SMALL_LIMIT: u32 = 5;

/// How many calls are allowed in which time, and how they are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
            // A quarter, so that times can be added to it without an overflow.
            .unwrap_or(i64::MAX / 4)
            .max(1);
        Self {
            count: limit.count.max(1),
            per_ms,
            burst: limit.burst,
        }
    }

    /// How much closer together calls can arrive than they were sent: a twelfth of the window,
    /// between 50 ms and 5 s.
    #[must_use]
    pub(crate) fn arrival_margin_ms(&self) -> i64 {
        (self.per_ms / 12).clamp(50, 5_000)
    }

    fn window_ms(&self) -> i64 {
        // The marketplace counts arrivals. A call that was slow to arrive and a later one that was
        // fast are closer together there than here; the margin covers the difference.
        self.per_ms.saturating_add(self.arrival_margin_ms())
    }

    fn is_sliding_window(&self) -> bool {
        self.burst.is_none() && self.count <= MAX_LOGGED_CALLS
    }

    /// How many calls at once, and how many more in a window. If the scheme names no burst, both
    /// together are the count, so that no rolling window holds more.
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

    /// How many of them are reserved for undo calls.
    #[must_use]
    pub(crate) fn undo_reserve(&self) -> u32 {
        let most = self.capacity();
        if most > SMALL_LIMIT {
            (most / UNDO_RESERVE_DIVISOR).max(1)
        } else {
            0
        }
    }

    /// With the numbers of a response's headers, which can only make it stricter: a header that is
    /// wrong or means something else must not allow more calls than the scheme.
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

/// The calls that were sent under one limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitCounter {
    /// Which limit of the scheme.
    pub(crate) limit: String,
    /// The subject that is counted separately: a salted hash of the account and the operation, or
    /// empty.
    #[serde(alias = "whose")]
    pub(crate) subject: String,
    /// The same for display: an account or nothing.
    #[serde(alias = "about", default)]
    pub(crate) account_label: String,
    #[serde(default)]
    pub(crate) operation: String,
    pub(crate) rule: LimitRule,
    /// The latest time at which each call can arrive, sorted. A call under way is in the future.
    #[serde(alias = "log", default, skip_serializing_if = "Vec::is_empty")]
    arrivals: Vec<i64>,
    /// When the bucket is full again, in microseconds: the theoretical arrival time of GCRA.
    #[serde(alias = "full_at", default)]
    full_at_us: i64,
    /// No call before this time: the marketplace has asked for a pause.
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
    pub(crate) fn new(limit: &str, subject: &str, rule: LimitRule) -> Self {
        let (limit, subject, account_label, operation) = (
            limit.to_owned(),
            subject.to_owned(),
            String::new(),
            String::new(),
        );
        let (arrivals, full_at_us, paused_until, refusals) = (Vec::new(), 0, 0, 0);
        Self {
            limit,
            subject,
            account_label,
            operation,
            rule,
            arrivals,
            full_at_us,
            paused_until,
            refusals,
            reported_rate: None,
            reported_burst: None,
        }
    }

    /// The rule of the scheme, or a stricter one that the marketplace's headers have named.
    #[must_use]
    pub(crate) fn effective_rule(&self) -> LimitRule {
        self.rule.tightened(self.reported_rate, self.reported_burst)
    }

    /// Removes calls that no window holds any more.
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
                // Rounded up: a slot that is refilled in part is still taken.
                owed.saturating_add(call_interval_us(&rule) - 1) / call_interval_us(&rule),
            )
            .ok()
        };
        // More than a u32 holds is more than any limit allows.
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

    /// When a call is free that leaves `kept` others. `now`, if it is free at once.
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
        // Not `now`, because nothing is free now. A window that frees a slot in this millisecond
        // must not make the caller send.
        free.max(self.paused_until).max(now + 1)
    }

    fn window_free_at(&self, rule: &LimitRule, now: i64, usable: u32) -> i64 {
        let usable = usize::try_from(usable).unwrap_or(usize::MAX);
        // When this entry leaves the window, `usable - 1` calls are left in it.
        let leaving = self
            .arrivals
            .len()
            .checked_sub(usable)
            .and_then(|index| self.arrivals.get(index));
        // Entries of calls under way lie in the future. They are taken as arrived now: most arrive
        // much earlier than at their timeout, and the caller asks again before it sends.
        leaving.map_or(now, |at| (*at).min(now).saturating_add(rule.window_ms()))
    }

    fn bucket_free_at(&self, rule: &LimitRule, usable: u32) -> i64 {
        // GCRA: a call conforms while the bucket owes at most `usable - 1` intervals.
        let room = call_interval_us(rule).saturating_mul(i64::from(usable) - 1);
        to_millis_rounded_up(self.full_at_us.saturating_sub(room))
    }

    /// Takes a slot for a call that arrives within `hold` milliseconds. Returns the mark that
    /// identifies the slot for `record_arrival` and `release`.
    pub(crate) fn acquire(&mut self, now: i64, hold: i64) -> i64 {
        let rule = self.effective_rule();
        if rule.is_sliding_window() {
            // The latest time of arrival. If the process is killed, nobody corrects it, and the
            // slot is held for as long as the call can still arrive plus one window.
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
        // `window_free_at` and the binary search need the entries sorted.
        let place = self.arrivals.partition_point(|other| *other <= at);
        self.arrivals.insert(place, at);
    }

    fn remove_arrival(&mut self, mark: i64) -> bool {
        // Two calls can have the same mark. Their entries are equal, so either can be removed.
        let found = self.arrivals.binary_search(&mark);
        found.map(|index| self.arrivals.remove(index)).is_ok()
    }

    /// The response has arrived, so the call arrived between `taken` and `now`.
    pub(crate) fn record_arrival(&mut self, mark: i64, taken: i64, now: i64) {
        if self.remove_arrival(mark) {
            // The call arrived at the latest now. The window is longer by the margin, so an entry
            // at `now - margin` still holds the slot until one period after now.
            self.insert_arrival(
                taken.max(now.saturating_sub(self.effective_rule().arrival_margin_ms())),
            );
        }
    }

    /// Gives the slot back. Only for a call of which no byte was sent.
    pub(crate) fn release(&mut self, mark: i64) {
        let rule = self.effective_rule();
        // In a sliding window, a mark that is not found was removed with its window: there is
        // nothing to give back.
        if !self.remove_arrival(mark) && !rule.is_sliding_window() {
            self.full_at_us = self.full_at_us.saturating_sub(call_interval_us(&rule));
        }
    }

    /// Applies the numbers of the marketplace's headers.
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
        // The marketplace has fewer calls left than this counter: other programs use the same key.
        // The difference is counted as calls that arrived now. A larger number is ignored.
        for _ in remaining..self.available(now) {
            self.acquire(now, 0);
        }
    }

    /// No call before `until`.
    pub(crate) fn pause_until(&mut self, until: i64) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Forgets pauses and reported rates. The calls that were sent stay counted.
    pub(crate) fn clear(&mut self) {
        (
            self.paused_until,
            self.refusals,
            self.reported_rate,
            self.reported_burst,
        ) = (0, 0, None, None);
    }

    /// Whether the counter can be removed: it counts no call and is not paused. A rate that headers
    /// have reported is forgotten with it, and comes again with the next response.
    #[must_use]
    pub(crate) fn is_idle(&self, now: i64) -> bool {
        self.paused_until <= now
            && self.refusals == 0
            && self.available(now) == self.effective_rule().capacity()
    }
}

fn to_micros(ms: i64) -> i64 {
    // In whole milliseconds the interval of a limit of several thousand calls per second would be
    // 0.
    ms.saturating_mul(1_000)
}

fn to_millis_rounded_up(micros: i64) -> i64 {
    micros.saturating_add(999).div_euclid(1_000)
}

/// Between two calls of a bucket, in microseconds.
fn call_interval_us(rule: &LimitRule) -> i64 {
    let (_, refill) = rule.burst_and_refill();
    // Rounded up, so that no window holds a call too many.
    to_micros(rule.window_ms()).saturating_add(i64::from(refill) - 1) / i64::from(refill)
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
        assert_eq!(counter.available(40_000), 0, "its response may still come");
        counter.record_arrival(mark, 100, 9_000);
        assert_eq!(
            counter.free_at(9_000, 0),
            9_000 + 20_000,
            "from its response on, whole"
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
        let mut window = counter(10, 60_000, None);
        window.apply_limit_headers(5, None, None, Some(99));
        assert_eq!(window.available(5), 10);
        window.apply_limit_headers(5, None, None, Some(3));
        assert_eq!(window.available(5), 3, "others have used the rest");
        window.apply_limit_headers(5, Some(8), None, Some(0));
        assert_eq!((window.available(5), window.effective_rule().count), (0, 8));
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
