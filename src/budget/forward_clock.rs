//! The clock of a rate limiter. It only goes forward. Within one boot of the machine it advances
//! with the boot clock, which cannot be set, so a wall clock that jumps neither frees a slot too
//! early nor holds one too long. After a restart, and on systems without a boot clock, it advances
//! with the wall clock; a wall clock that went back adds nothing.

use crate::plain_file::read_plain_text;
use crate::platform;
use serde::{Deserialize, Serialize};

/// The clocks of a machine, or of a database, at one moment, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClockReading {
    /// Unix time. People and other programs can set it.
    pub(crate) wall: i64,
    /// The id of this boot, and the time since the machine was started, suspended time included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boot: Option<(String, i64)>,
}

/// The last reading, and the time of this clock at that reading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ForwardClock {
    at: i64,
    reading: ClockReading,
}

impl ForwardClock {
    /// A clock that starts at the time of the wall clock.
    #[must_use]
    pub(super) fn new(reading: ClockReading) -> Self {
        Self {
            at: reading.wall,
            reading,
        }
    }

    /// The time at `reading`.
    #[must_use]
    pub(super) fn at(&self, reading: &ClockReading) -> i64 {
        self.at.saturating_add(elapsed(&self.reading, reading))
    }

    /// Advances the clock to `reading`, and returns its time.
    pub(super) fn advance(&mut self, reading: ClockReading) -> i64 {
        self.at = self.at(&reading);
        self.reading = reading;
        self.at
    }
}

/// The time between two readings, at least 0.
fn elapsed(before: &ClockReading, after: &ClockReading) -> i64 {
    // At least 0, because another process may have stored a later reading in between.
    let wall = after.wall.saturating_sub(before.wall).max(0);
    match (&before.boot, &after.boot) {
        // The wall clock is ignored here: it can be set, for example by NTP at start-up.
        (Some((old, then)), Some((new, now))) if old == new => now.saturating_sub(*then).max(0),
        // Another boot: at least the time since this start has passed, even if the wall clock went
        // back. The boot clock starts at 0, so the times of two boots cannot be compared.
        (Some(_), Some((_, now))) => wall.max(*now),
        _ => wall,
    }
}

/// The clocks of this machine; `wall` in Unix milliseconds.
#[must_use]
pub(super) fn read_machine_clocks(wall: i64) -> ClockReading {
    ClockReading {
        wall,
        boot: boot_id().zip(platform::milliseconds_since_boot()),
    }
}

// Without an id (a container without /proc) the wall clock is used: a boot clock alone would not
// show that the machine was restarted.
fn boot_id() -> Option<String> {
    static ID: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let read = || {
        let text = read_plain_text(platform::boot_id_file()?, 1 << 10).ok()?;
        Some(text.trim().to_owned())
    };
    ID.get_or_init(read).clone()
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
