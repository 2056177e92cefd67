//! One limit, counted. Small counts keep the times of their calls: such a log is exact in every rolling window. Buckets (a limit
//! with `burst`, or a large count) keep one number, by GCRA. Times are in milliseconds of the book's clock.

use crate::model::scheme::Limit;
use serde::{Deserialize, Serialize};

/// Up to this many calls a window, their times are kept.
const LOGGED: u32 = 500;
/// Of a bucket for a large count that names no burst: a tenth at once, and the rest evenly.
const SHARE_AT_ONCE: u32 = 10;
/// Undo calls have a tenth of a limit to themselves, and one of it where it is over five.
const SHARE_FOR_UNDO: u32 = 10;
const SMALL: u32 = 5;

/// How many calls, and how they are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub count: u32,
    pub per_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

impl Rule {
    #[must_use]
    pub fn of(limit: &Limit) -> Self {
        let per_ms = i64::try_from(limit.per.as_millis()).unwrap_or(i64::MAX / 4).max(1);
        Self { count: limit.count.max(1), per_ms, burst: limit.burst }
    }

    /// Calls can arrive closer together than they were sent: 5 s for a minute and more, less for less.
    #[must_use]
    pub fn margin(&self) -> i64 {
        (self.per_ms / 12).clamp(50, 5_000)
    }

    fn window(&self) -> i64 {
        self.per_ms.saturating_add(self.margin())
    }

    fn is_log(&self) -> bool {
        self.burst.is_none() && self.count <= LOGGED
    }

    /// How many at once, and how many in a window besides. Without a burst of the marketplace's own both together are the count,
    /// so that no rolling window holds more.
    fn bucket(&self) -> (u32, u32) {
        match self.burst {
            Some(burst) => (burst.max(1), self.count),
            None => {
                let at_once = (self.count / SHARE_AT_ONCE).max(1);
                (at_once, (self.count - at_once).max(1))
            }
        }
    }

    /// How many calls can be free at most.
    #[must_use]
    pub fn most(&self) -> u32 {
        if self.is_log() { self.count } else { self.bucket().0 }
    }

    /// How many of them are kept for undo calls.
    #[must_use]
    pub fn kept(&self) -> u32 {
        let most = self.most();
        if most > SMALL { (most / SHARE_FOR_UNDO).max(1) } else { 0 }
    }

    /// What a header of the marketplace says can only make it tighter.
    fn tightened(&self, rate: Option<u32>, burst: Option<u32>) -> Self {
        let count = rate.map_or(self.count, |rate| self.count.min(rate.max(1)));
        let burst = self.burst.map(|own| burst.map_or(own, |burst| own.min(burst.max(1))));
        Self { count, per_ms: self.per_ms, burst }
    }
}

/// What has been sent under one limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// Which limit, as the scheme has it.
    pub limit: String,
    /// What has a limit of its own: a hash of the account, the operation.
    pub whose: String,
    /// The same for people: an account, an operation, or nothing.
    #[serde(default)]
    pub about: String,
    #[serde(default)]
    pub operation: String,
    pub rule: Rule,
    /// When calls arrive at the latest, in order; a call that is under way stands in the future.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    log: Vec<i64>,
    /// Of a bucket: when it is full again, in microseconds.
    #[serde(default)]
    full_at: i64,
    /// Nothing before then: the marketplace has said so.
    #[serde(default)]
    pub paused_until: i64,
    #[serde(default)]
    pub refusals: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    burst: Option<u32>,
}

impl Counter {
    #[must_use]
    pub fn new(limit: &str, whose: &str, rule: Rule) -> Self {
        let (limit, whose, about, operation) = (limit.to_owned(), whose.to_owned(), String::new(), String::new());
        let (log, full_at, paused_until, refusals) = (Vec::new(), 0, 0, 0);
        Self { limit, whose, about, operation, rule, log, full_at, paused_until, refusals, rate: None, burst: None }
    }

    /// The rule, as tight as the marketplace says that it is.
    #[must_use]
    pub fn now(&self) -> Rule {
        self.rule.tightened(self.rate, self.burst)
    }

    /// Forgets what lies behind every window.
    pub fn prune(&mut self, now: i64) {
        let window = self.now().window();
        self.log.retain(|at| at.saturating_add(window) > now);
    }

    /// How many calls are counted.
    #[must_use]
    pub fn used(&self, now: i64) -> u32 {
        let rule = self.now();
        let used = if rule.is_log() {
            self.log.iter().filter(|at| at.saturating_add(rule.window()) > now).count().try_into().ok()
        } else {
            let owed = (self.full_at - micros(now)).max(0);
            u32::try_from(owed.saturating_add(interval(&rule) - 1) / interval(&rule)).ok()
        };
        used.unwrap_or(u32::MAX)
    }

    /// How many calls could be sent at once.
    #[must_use]
    pub fn left(&self, now: i64) -> u32 {
        if self.paused_until > now { 0 } else { self.now().most().saturating_sub(self.used(now)) }
    }

    /// When a call is free that leaves `kept` others; not after `now` when it is free at once. A call that is under way counts
    /// as if it had arrived now, since nobody knows better.
    #[must_use]
    pub fn free_at(&self, now: i64, kept: u32) -> i64 {
        if self.left(now) > kept {
            return now;
        }
        let rule = self.now();
        let usable = rule.most().saturating_sub(kept).max(1);
        let free = if rule.is_log() { self.log_free_at(&rule, now, usable) } else { self.bucket_free_at(&rule, usable) };
        // Never now: it is not free.
        free.max(self.paused_until).max(now + 1)
    }

    fn log_free_at(&self, rule: &Rule, now: i64, usable: u32) -> i64 {
        let usable = usize::try_from(usable).unwrap_or(usize::MAX);
        let leaves = self.log.len().checked_sub(usable).and_then(|index| self.log.get(index));
        leaves.map_or(now, |at| (*at).min(now).saturating_add(rule.window()))
    }

    fn bucket_free_at(&self, rule: &Rule, usable: u32) -> i64 {
        let room = interval(rule).saturating_mul(i64::from(usable) - 1);
        millis_up(self.full_at.saturating_sub(room))
    }

    /// Takes a slot for a call that arrives within `hold`; gives the mark by which it is known.
    pub fn take(&mut self, now: i64, hold: i64) -> i64 {
        let rule = self.now();
        if rule.is_log() {
            let at = now.saturating_add(hold);
            self.put(at);
            return at;
        }
        self.full_at = self.full_at.max(micros(now)).saturating_add(interval(&rule));
        now
    }

    fn put(&mut self, at: i64) {
        let place = self.log.partition_point(|other| *other <= at);
        self.log.insert(place, at);
    }

    fn remove(&mut self, mark: i64) -> bool {
        let found = self.log.binary_search(&mark);
        found.map(|index| self.log.remove(index)).is_ok()
    }

    /// The answer is there, so the call has arrived between `taken` and `now`. The margin covers what it can.
    pub fn settle(&mut self, mark: i64, taken: i64, now: i64) {
        if self.remove(mark) {
            self.put(taken.max(now.saturating_sub(self.now().margin())));
        }
    }

    /// Nothing has left.
    pub fn give_back(&mut self, mark: i64) {
        let rule = self.now();
        if !self.remove(mark) && !rule.is_log() {
            self.full_at = self.full_at.saturating_sub(interval(&rule));
        }
    }

    /// What the marketplace's headers say of it.
    pub fn believe(&mut self, now: i64, rate: Option<u32>, burst: Option<u32>, remaining: Option<u32>) {
        (self.rate, self.burst) = (rate.or(self.rate), burst.or(self.burst));
        let Some(remaining) = remaining else { return };
        for _ in remaining..self.left(now) {
            self.take(now, 0);
        }
    }

    /// No call before `until`.
    pub fn pause(&mut self, until: i64) {
        self.paused_until = self.paused_until.max(until);
    }

    /// What was said of it is forgotten; what was sent is not.
    pub fn clear(&mut self) {
        (self.paused_until, self.refusals, self.rate, self.burst) = (0, 0, None, None);
    }

    /// Whether it says nothing any more.
    #[must_use]
    pub fn is_idle(&self, now: i64) -> bool {
        self.paused_until <= now && self.refusals == 0 && self.left(now) == self.now().most()
    }
}

fn micros(ms: i64) -> i64 {
    ms.saturating_mul(1_000)
}

fn millis_up(micros: i64) -> i64 {
    micros.saturating_add(999).div_euclid(1_000)
}

/// Between two calls of a bucket, in microseconds.
fn interval(rule: &Rule) -> i64 {
    let (_, besides) = rule.bucket();
    micros(rule.window()).saturating_add(i64::from(besides) - 1) / i64::from(besides)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(count: u32, per_ms: i64, burst: Option<u32>) -> Counter {
        Counter::new("x", "", Rule { count, per_ms, burst })
    }

    #[test]
    fn ten_an_hour_is_never_eleven() {
        let mut counter = counter(10, 3_600_000, None);
        for at in 0..10 {
            assert_eq!(counter.free_at(at, 0), at);
            counter.take(at, 0);
        }
        assert_eq!((counter.left(10), counter.free_at(10, 0)), (0, 3_605_000), "the hour and the margin");
        assert_eq!(counter.free_at(3_604_999, 0), 3_605_000);
        assert_eq!(counter.free_at(3_605_000, 0), 3_605_000);
    }

    #[test]
    fn undo_calls_have_slots_of_their_own() {
        let mut counter = counter(10, 3_600_000, None);
        assert_eq!((counter.rule.kept(), Rule { count: 5, per_ms: 1, burst: None }.kept()), (1, 0));
        (0..9).for_each(|at| {
            counter.take(at, 0);
        });
        assert!(counter.free_at(9, 1) > 9, "nine are gone, and the tenth is kept");
        assert_eq!(counter.free_at(9, 0), 9, "for an undo it is free");
    }

    #[test]
    fn a_call_under_way_holds_its_slot_until_it_is_known_to_have_arrived() {
        let mut counter = counter(1, 20_000, None);
        let mark = counter.take(100, 30_000);
        assert_eq!(counter.left(40_000), 0, "its answer may still come");
        counter.settle(mark, 100, 9_000);
        assert_eq!(counter.free_at(9_000, 0), 9_000 + 20_000, "from its answer on, whole");
        let mark = counter.take(60_000, 30_000);
        counter.settle(mark, 60_000, 60_010);
        assert_eq!(counter.free_at(60_010, 0), 60_000 + 21_666, "a quick one by the margin");
        counter.give_back(60_000);
        assert_eq!(counter.free_at(60_010, 0), 60_010, "nothing had left");
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut counter = counter(2, 1_000, Some(4));
        for _ in 0..4 {
            assert_eq!(counter.free_at(5_000, 0), 5_000);
            counter.take(5_000, 0);
        }
        let next = counter.free_at(5_000, 0);
        assert_eq!((counter.left(5_000), next), (0, 5_542), "half a second and its margin");
        counter.take(next, 0);
        assert_eq!(counter.free_at(next, 0), 6_083, "by microseconds");
    }

    #[test]
    fn headers_make_a_limit_tighter_and_never_looser() {
        let mut log = counter(10, 60_000, None);
        log.believe(5, None, None, Some(99));
        assert_eq!(log.left(5), 10);
        log.believe(5, None, None, Some(3));
        assert_eq!(log.left(5), 3, "others have used the rest");
        log.believe(5, Some(8), None, Some(0));
        assert_eq!((log.left(5), log.now().count), (0, 8));
        let mut bucket = counter(2, 1_000, Some(4));
        bucket.believe(5, Some(9), Some(9), Some(1));
        assert_eq!((bucket.now(), bucket.left(5)), (Rule { count: 2, per_ms: 1_000, burst: Some(4) }, 1));
        bucket.believe(5, Some(1), Some(2), Some(0));
        assert_eq!((bucket.now(), bucket.left(5)), (Rule { count: 1, per_ms: 1_000, burst: Some(2) }, 0));
    }
}
