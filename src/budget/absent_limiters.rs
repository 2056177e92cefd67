//! Which limiters have no state, so that a call that no limit counts need not look for it each time.
//! The time at which their folder last changed tells when to look again: a first state is a new file
//! in it. No credential is kept here, only hashes with keys of this process.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Two changes within the resolution of a file system's clock look like one. What is older than this
/// is no longer in doubt.
const CLOCK_RESOLUTION: Duration = Duration::from_secs(2);

/// When the folder of the limiters last changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FolderTime(SystemTime);

impl FolderTime {
    /// `None` if it cannot be known: then nothing is kept.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let changed = std::fs::metadata(folder).ok()?.modified().ok()?;
        Some(Self(changed))
    }

    /// Whether a change after it would show; `now_ms` is Unix time.
    fn is_settled(self, now_ms: i64) -> bool {
        let Ok(since) = self.0.duration_since(UNIX_EPOCH) else {
            return false;
        };
        let now = Duration::from_millis(u64::try_from(now_ms).unwrap_or(0));
        now.checked_sub(since)
            .is_some_and(|age| age > CLOCK_RESOLUTION)
    }
}

/// The limiters without state, as of one time of their folder.
#[derive(Default)]
pub(super) struct AbsentLimiters {
    hasher: RandomState,
    known: Mutex<Option<(FolderTime, HashSet<u64>)>>,
}

impl AbsentLimiters {
    /// Whether a limiter had no state when the folder was as it is now.
    pub(super) fn contains(&self, parts: &[String], time: Option<FolderTime>) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().is_some_and(|(known_time, absent)| {
            Some(*known_time) == time && absent.contains(&self.hasher.hash_one(parts))
        })
    }

    /// Keeps that a limiter had no state. `time` was read before its state was looked for.
    pub(super) fn insert(&self, parts: &[String], time: Option<FolderTime>, now_ms: i64) {
        let Some(time) = time.filter(|time| time.is_settled(now_ms)) else {
            return;
        };
        let hash = self.hasher.hash_one(parts);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.as_mut().filter(|(known_time, _)| *known_time == time) {
            Some((_, absent)) => {
                absent.insert(hash);
            }
            None => *known = Some((time, HashSet::from([hash]))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_000_000;

    fn time(ms: u64) -> FolderTime {
        FolderTime(UNIX_EPOCH + Duration::from_millis(ms))
    }

    fn parts(text: &str) -> Vec<String> {
        vec![text.to_owned()]
    }

    #[test]
    fn a_limiter_is_absent_until_its_folder_changes() {
        let absent = AbsentLimiters::default();
        absent.insert(&parts("a"), Some(time(500_000)), NOW_MS);
        assert!(absent.contains(&parts("a"), Some(time(500_000))));
        assert!(!absent.contains(&parts("b"), Some(time(500_000))));
        assert!(!absent.contains(&parts("a"), Some(time(500_001))));
        assert!(!absent.contains(&parts("a"), None));
    }

    #[test]
    fn nothing_is_kept_while_the_folder_may_still_change_at_the_same_time() {
        let absent = AbsentLimiters::default();
        // Just now, in the future, and before 1970.
        for at in [999_500, 2_000_000] {
            absent.insert(&parts("a"), Some(time(at)), NOW_MS);
            assert!(!absent.contains(&parts("a"), Some(time(at))), "{at}");
        }
        let early = Some(FolderTime(UNIX_EPOCH - Duration::from_secs(1)));
        absent.insert(&parts("a"), early, NOW_MS);
        assert!(!absent.contains(&parts("a"), early));
    }
}
