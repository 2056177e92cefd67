//! Rate limiters of one run, in memory: for the sandbox inside the program, and for tests.

use super::forward_clock::read_machine_clocks;
use super::rate_limiter::{LimiterChange, LimiterUpdate, RateLimiter};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Limiters that end with the process.
#[derive(Default)]
pub(super) struct MemoryLimiters(Mutex<HashMap<String, RateLimiter>>);

impl MemoryLimiters {
    /// Changes one limiter; `wall_ms` is the Unix time of this machine.
    pub(super) fn update<T>(&self, id: &str, wall_ms: i64, change: LimiterChange<'_, T>) -> T {
        // A panic of another thread cannot leave a limiter half changed: a change takes all of its
        // slots or none, and does not call code that can panic in between.
        let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = read_machine_clocks(wall_ms);
        let limiter = limiters
            .entry(id.to_owned())
            .or_insert_with(|| RateLimiter::new(reading.clone()));
        let now = limiter.advance_clock(reading);
        match change(limiter, now) {
            LimiterUpdate::Changed(result) | LimiterUpdate::Unchanged(result) => result,
        }
    }
}
