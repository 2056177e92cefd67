//! The clock of a book. It only goes forward: what it adds to the last reading is what has passed
//! by the clock of this boot, which nobody can set, so that a wall clock that jumps neither frees a
//! slot too early nor keeps one too long. After a restart of the machine, and where there is no
//! such clock, the wall clock is all there is: one that went back adds nothing.

use serde::{Deserialize, Serialize};

/// What the clocks of a machine, or of a database, show at one moment, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClockReading {
    /// Since 1970; people and other programs can set it.
    pub(crate) wall: i64,
    /// Since the machine was started, time asleep included; with the name of that start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boot: Option<(String, i64)>,
}

/// The last reading, and what the book's own clock showed then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ForwardClock {
    at: i64,
    reading: ClockReading,
}

impl ForwardClock {
    /// A clock that begins at the wall clock's time.
    #[must_use]
    pub(super) fn new(reading: ClockReading) -> Self {
        Self {
            at: reading.wall,
            reading,
        }
    }

    /// What it shows at `reading`.
    #[must_use]
    pub(super) fn at(&self, reading: &ClockReading) -> i64 {
        self.at.saturating_add(elapsed(&self.reading, reading))
    }

    /// Sets it to `reading`, and gives what it shows then.
    pub(super) fn advance(&mut self, reading: ClockReading) -> i64 {
        self.at = self.at(&reading);
        self.reading = reading;
        self.at
    }
}

/// How much time lies between two readings; never less than nothing.
fn elapsed(before: &ClockReading, after: &ClockReading) -> i64 {
    let wall = after.wall.saturating_sub(before.wall).max(0);
    match (&before.boot, &after.boot) {
        (Some((old, then)), Some((new, now))) if old == new => now.saturating_sub(*then).max(0),
        // Since another start at least this one has passed.
        (Some(_), Some((_, now))) => wall.max(*now),
        _ => wall,
    }
}

/// The clocks of this machine; `wall` in Unix milliseconds.
#[must_use]
pub(super) fn read_machine_clocks(wall: i64) -> ClockReading {
    ClockReading {
        wall,
        boot: boot_id().zip(since_boot()),
    }
}

#[cfg(target_os = "linux")]
fn boot_id() -> Option<String> {
    static ID: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let read = || {
        Some(
            std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
                .ok()?
                .trim()
                .to_owned(),
        )
    };
    ID.get_or_init(read).clone()
}

#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no such clock")]
fn since_boot() -> Option<i64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Some(
        time.tv_sec
            .saturating_mul(1_000)
            .saturating_add(time.tv_nsec / 1_000_000),
    )
}

#[cfg(not(target_os = "linux"))]
fn boot_id() -> Option<String> {
    None
}

#[cfg(not(target_os = "linux"))]
fn since_boot() -> Option<i64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(wall: i64, boot: Option<(&str, i64)>) -> ClockReading {
        ClockReading {
            wall,
            boot: boot.map(|(id, at)| (id.to_owned(), at)),
        }
    }

    #[test]
    fn jumps_of_the_wall_clock_move_nothing_within_one_boot() {
        let mut clock = ForwardClock::new(reading(1_000_000, Some(("a", 50))));
        assert_eq!(
            clock.advance(reading(1_000_000 + 86_400_000, Some(("a", 60)))),
            1_000_010,
            "a day ahead"
        );
        assert_eq!(
            clock.advance(reading(5, Some(("a", 75)))),
            1_000_025,
            "and years back"
        );
    }

    #[test]
    fn after_a_restart_the_wall_clock_counts_but_never_backwards() {
        let clock = ForwardClock::new(reading(1_000_000, Some(("a", 50))));
        assert_eq!(clock.at(&reading(1_007_000, Some(("b", 3_000)))), 1_007_000);
        assert_eq!(
            clock.at(&reading(900_000, Some(("b", 3_000)))),
            1_003_000,
            "it went back: the time since the start is sure"
        );
        assert_eq!(
            ForwardClock::new(reading(500, None)).at(&reading(400, None)),
            500,
            "a time in the future is one of just now"
        );
    }

    #[test]
    fn this_machine_has_a_clock_that_goes_on() {
        let (first, second) = (read_machine_clocks(7), read_machine_clocks(7));
        assert!(ForwardClock::new(first).at(&second) >= 7);
        assert!(!cfg!(target_os = "linux") || second.boot.is_some());
    }
}
