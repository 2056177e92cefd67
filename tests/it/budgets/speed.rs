//! What counting costs: the same calls with and without a limit, in turns, the best of several
//! rounds.

use super::super::tokens::{figure, scaled};
use super::TestMarketplace;
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;

#[test]
fn counting_a_call_costs_less_than_a_millisecond() {
    let calls = scaled(400);
    let mall = TestMarketplace::new(
        "[{ match: { path: /counted }, rate: 100000/1h, burst: 50000, per: account }, { match: { path: /logged }, rate: 500/1m }]",
    );
    for name in ["free", "counted", "logged"] {
        mall.request(name, &format!("get: /{name}"), calls);
    }
    let took = |name: &str| {
        let begun = Instant::now();
        assert_eq!(mall.live(name, &[]).1, 0);
        begun.elapsed()
    };
    let fresh = || {
        // A log of 500 is filled up to `calls` in each round.
        let _ = std::fs::remove_dir_all(mall.budget_folder());
        took("logged")
    };
    let rounds: Vec<[Duration; 3]> = (0..ROUNDS)
        .map(|_| [took("free"), took("counted"), fresh()])
        .collect();
    let [free, counted, logged] =
        [0, 1, 2].map(|at| rounds.iter().map(|round| round[at]).min().unwrap());
    let each = |took: Duration| took.saturating_sub(free) / u32::try_from(calls).unwrap();
    figure(&format!(
        "a counted call costs {:?} in a bucket, {:?} in a log of up to {calls} calls",
        each(counted),
        each(logged)
    ));
    // Other work on the machine and a program that is not optimised are allowed for.
    let most = if cfg!(debug_assertions) { 10 } else { 1 };
    assert!(
        each(counted) < Duration::from_millis(most),
        "{:?}",
        each(counted)
    );
}
