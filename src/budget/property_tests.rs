//! Laws: for any sequence of tries no rolling window holds more calls than its limit allows,
//! whatever the clocks of people show and whenever a process is killed.

use super::forward_clock::ClockReading;
use super::hashed_permit_request::{AppliedLimit, BudgetLabels, HashedPermitRequest};
use super::limit_counter::LimitRule;
use super::limit_observation::{LimitHeaders, LimitObservation};
use super::rate_limiter::{Permit, RateLimiter};
use proptest::prelude::*;

/// What happens in one step, after `passed` milliseconds.
#[derive(Clone, Debug)]
struct ScheduledCall {
    elapsed: i64,
    /// The wall clock jumps by so much.
    jump: i64,
    /// The answer comes after this time; `None` when the process is killed before.
    response_after: Option<i64>,
    /// Where between leaving and answer the call arrives, in hundredths.
    arrives: i64,
    keeps_reserve: bool,
    remaining: Option<u32>,
}

const ARRIVES_WITHIN_MS: i64 = 30_000;

fn scheduled_call() -> impl Strategy<Value = ScheduledCall> {
    let elapsed = prop_oneof![0..50_i64, 0..3_000_i64, 0..40_000_i64];
    let jump = prop_oneof![4 => Just(0_i64), 1 => -100_000_000..100_000_000_i64];
    let answer = prop_oneof![3 => (0..200_i64).prop_map(Some), 1 => (0..ARRIVES_WITHIN_MS).prop_map(Some), 1 => Just(None)];
    let remaining = prop_oneof![5 => Just(None), 1 => (0..20_u32).prop_map(Some)];
    let parts = (elapsed, jump, answer, 0..=100_i64, any::<bool>(), remaining);
    parts.prop_map(
        |(elapsed, jump, answer, arrives, keeps_reserve, remaining)| ScheduledCall {
            elapsed,
            jump,
            response_after: answer,
            arrives,
            keeps_reserve,
            remaining,
        },
    )
}

fn permit_request(rules: &[LimitRule], keeps_reserve: bool) -> HashedPermitRequest {
    let limited = |(index, rule): (usize, &LimitRule)| AppliedLimit {
        limit: index.to_string(),
        subject: String::new(),
        account_label: String::new(),
        operation: String::new(),
        rule: rule.clone(),
    };
    let limits = rules.iter().enumerate().map(limited).collect();
    HashedPermitRequest {
        id: String::new(),
        labels: BudgetLabels::default(),
        limits,
        arrives_within_ms: ARRIVES_WITHIN_MS,
        keeps_reserve,
    }
}

/// The times at which calls arrive at the marketplace, by a clock that nobody sets.
fn arrivals(rules: &[LimitRule], steps: &[ScheduledCall]) -> Vec<i64> {
    let (mut time, mut wall) = (1_000_000_i64, 5_000_000_000_i64);
    let mut limiter = RateLimiter::new(ClockReading {
        wall,
        boot: Some(("boot".to_owned(), time)),
    });
    let mut arrived = Vec::new();
    let mut under_way: Vec<(i64, Permit, LimitObservation)> = Vec::new();
    for step in steps {
        (time, wall) = (time + step.elapsed, wall + step.elapsed + step.jump);
        let read = |at: i64| ClockReading {
            wall,
            boot: Some(("boot".to_owned(), at)),
        };
        let (arrived_responses, pending): (Vec<_>, Vec<_>) =
            under_way.into_iter().partition(|(at, ..)| *at <= time);
        under_way = pending;
        for (_, permit, observation) in arrived_responses {
            // A response is recorded when it is read, which can be late and never early.
            let now = limiter.advance_clock(read(time));
            limiter.record_response(&permit, &observation, now);
        }
        // As it is read back from the disk.
        limiter = RateLimiter::parse(&limiter.to_text().unwrap()).unwrap();
        let now = limiter.advance_clock(read(time));
        let request = permit_request(rules, step.keeps_reserve);
        if let Ok(permit) = limiter.acquire(&request, now) {
            let latest = step.response_after.unwrap_or(ARRIVES_WITHIN_MS);
            arrived.push(time + latest * step.arrives / 100);
            let report = LimitHeaders {
                rate: None,
                burst: None,
                remaining: step.remaining,
            };
            let observation = LimitObservation {
                limit_headers: vec![report; rules.len()],
                ..LimitObservation::default()
            };
            under_way.extend(
                step.response_after
                    .map(|answer| (time + answer, permit, observation)),
            );
        }
    }
    arrived.sort_unstable();
    arrived
}

/// No window that begins with a call holds more than `count`; a window ends just before its length
/// is over.
fn most_in_a_window(arrived: &[i64], per_ms: i64) -> usize {
    let windows = (0..arrived.len()).map(|first| {
        arrived[first..]
            .iter()
            .take_while(|at| **at < arrived[first] + per_ms)
            .count()
    });
    windows.max().unwrap_or(0)
}

fn rule() -> impl Strategy<Value = LimitRule> {
    let per_ms = prop_oneof![
        Just(1_000_i64),
        Just(20_000),
        Just(60_000),
        500..100_000_i64
    ];
    (1..12_u32, per_ms).prop_map(|(count, per_ms)| LimitRule {
        count,
        per_ms,
        burst: None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_rolling_window_holds_more_than_the_count(
        rules in prop::collection::vec(rule(), 1..4),
        steps in prop::collection::vec(scheduled_call(), 1..150),
    ) {
        let arrived = arrivals(&rules, &steps);
        for rule in &rules {
            prop_assert!(most_in_a_window(&arrived, rule.per_ms) <= rule.count as usize, "{rule:?}: {arrived:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Where a call arrives when it leaves, buckets for large counts hold it, too.
    #[test]
    fn a_large_count_is_held_by_its_bucket(count in 501..2_000_u32, steps in prop::collection::vec(0..60_i64, 1..2_500)) {
        let rule = LimitRule { count, per_ms: 20_000, burst: None };
        let steps = steps.iter().map(|elapsed| ScheduledCall {
            elapsed: *elapsed, jump: 0, response_after: Some(0), arrives: 0, keeps_reserve: false, remaining: None,
        });
        let arrived = arrivals(std::slice::from_ref(&rule), &steps.collect::<Vec<_>>());
        prop_assert!(most_in_a_window(&arrived, rule.per_ms) <= count as usize);
    }
}

#[test]
fn all_limits_or_none() {
    let rules = [
        LimitRule {
            count: 1,
            per_ms: 1_000,
            burst: None,
        },
        LimitRule {
            count: 5,
            per_ms: 60_000,
            burst: None,
        },
    ];
    let mut limiter = RateLimiter::new(ClockReading::default());
    let request = permit_request(&rules, false);
    assert!(limiter.acquire(&request, 10).is_ok());
    for at in 11..500 {
        assert!(
            limiter.acquire(&request, at).is_err(),
            "the first limit has none"
        );
    }
    assert_eq!(
        limiter.counters[1].used(500),
        1,
        "so the second one lost none"
    );
}
