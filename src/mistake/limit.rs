//! How long one search may take: in trials, so that the same request gives the same answer on every
//! machine, and in time, so that nobody waits for a large body or an expensive hash.

use std::time::{Duration, Instant};

/// How long the finder searches for the mistake in one request.
pub(crate) const SEARCH_TIME: Duration = Duration::from_secs(5);
/// How many bytes are hashed for one request: some 100,000 signatures over a usual text.
const MAX_HASHED_BYTES: usize = 64 << 20;
/// What a signature costs besides its text, in bytes that are hashed.
const BYTES_PER_SIGNATURE: usize = 200;
/// How many signatures are verified with a public key.
const MAX_SLOW_TRIALS: usize = 3_000;
/// A bcrypt hash of the lowest cost takes as long as so many of them.
const BCRYPT_TRIALS: usize = 5;

pub(super) struct SearchLimit {
    pub(super) tried: usize,
    hashed_bytes: usize,
    slow_trials: usize,
    until: Option<Instant>,
    time: Duration,
    /// Why the search ended before everything was tried, as a sentence.
    reason: Option<String>,
}

impl SearchLimit {
    pub(super) fn new(time: Duration) -> Self {
        Self {
            tried: 0,
            hashed_bytes: 0,
            slow_trials: 0,
            // A time that no clock can write is no limit.
            until: Instant::now().checked_add(time),
            time,
            reason: None,
        }
    }

    /// Counts one signature over so many bytes; `false` if it must not be computed any more.
    pub(super) fn allows(&mut self, bytes: usize) -> bool {
        if self.is_over() {
            return false;
        }
        self.tried += 1;
        self.hashed_bytes = self
            .hashed_bytes
            .saturating_add(bytes)
            .saturating_add(BYTES_PER_SIGNATURE);
        if self.hashed_bytes > MAX_HASHED_BYTES {
            self.stop("signatures were computed");
        }
        true
    }

    /// Counts one bcrypt hash.
    pub(super) fn allows_bcrypt(&mut self) -> bool {
        self.allows_slow(BCRYPT_TRIALS)
    }

    /// Counts one check of a signature with a public key.
    pub(super) fn allows_verification(&mut self) -> bool {
        self.allows_slow(1)
    }

    fn allows_slow(&mut self, trials: usize) -> bool {
        if self.is_over() {
            return false;
        }
        self.tried += 1;
        self.slow_trials += trials;
        if self.slow_trials >= MAX_SLOW_TRIALS {
            self.stop("slow signatures were computed or verified");
        }
        true
    }

    /// Whether the search has to end.
    pub(super) fn is_over(&mut self) -> bool {
        if self.reason.is_some() {
            return true;
        }
        let is_late = self.until.is_some_and(|until| Instant::now() >= until);
        if is_late {
            let seconds = self.time.as_secs_f32();
            self.reason = Some(format!(
                "rare mistakes: the search was stopped after {seconds} s"
            ));
        }
        is_late
    }

    fn stop(&mut self, what: &str) {
        self.reason = Some(format!("rare mistakes: {} {what}", self.tried));
    }

    /// How many signatures were computed, and what was not tried.
    pub(super) fn into_parts(self) -> (usize, Vec<String>) {
        (self.tried, self.reason.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_ends_by_its_work() {
        let mut limit = SearchLimit::new(SEARCH_TIME);
        let mut count = 0;
        while limit.allows(1 << 20) {
            count += 1;
        }
        assert_eq!(count, 64);
        let (tried, left_out) = limit.into_parts();
        assert_eq!(
            (tried, left_out.join("")),
            (64, "rare mistakes: 64 signatures were computed".to_owned())
        );
    }

    #[test]
    fn a_search_ends_by_its_time() {
        let mut limit = SearchLimit::new(Duration::ZERO);
        assert!(!limit.allows(1));
        assert!(!limit.allows_bcrypt());
        let (tried, left_out) = limit.into_parts();
        assert_eq!(
            (tried, left_out.join("")),
            (
                0,
                "rare mistakes: the search was stopped after 0 s".to_owned()
            )
        );
    }

    #[test]
    fn slow_hashes_have_a_limit_of_their_own() {
        let mut limit = SearchLimit::new(SEARCH_TIME);
        let mut count = 0;
        while limit.allows_bcrypt() {
            count += 1;
        }
        assert_eq!(count, 600);
    }
}
