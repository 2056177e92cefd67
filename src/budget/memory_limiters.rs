//! Books of one run: those of the sandbox inside the program, and of tests.

use super::forward_clock::read_machine_clocks;
use super::rate_limiter::RateLimiter;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Books that end with the process.
#[derive(Default)]
pub(super) struct MemoryLimiters(Mutex<HashMap<String, RateLimiter>>);

impl MemoryLimiters {
    /// Changes one; `wall_ms` is the time of this machine.
    pub(super) fn update(
        &self,
        id: &str,
        wall_ms: i64,
        act: &mut dyn FnMut(&mut RateLimiter, i64) -> bool,
    ) {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = read_machine_clocks(wall_ms);
        let book = books
            .entry(id.to_owned())
            .or_insert_with(|| RateLimiter::new(reading.clone()));
        let now = book.advance_clock(reading);
        act(book, now);
    }
}
