//! Formats ages and durations for output.

use std::time::Duration;

/// The age of a recording. `None` if its time is in the future.
#[must_use]
pub(crate) fn recording_age(recorded_ms: i64, now_ms: i64) -> Option<Duration> {
    // The clock of the machine that recorded may run a little ahead of this one.
    const CLOCK_SKEW_MS: i64 = 60_000;
    match now_ms.checked_sub(recorded_ms)? {
        age @ 0.. => u64::try_from(age).ok().map(Duration::from_millis),
        skew if skew >= -CLOCK_SKEW_MS => Some(Duration::ZERO),
        _ => None,
    }
}

/// The age of a file.
#[must_use]
pub(crate) fn human_age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// `3 h 59 m`, `over` if the time has passed, `unknown` if nobody said until when.
pub(crate) fn time_left(until_ms: Option<i64>, now: i64) -> String {
    match until_ms {
        None => "unknown".to_owned(),
        Some(until) if until <= now => "over".to_owned(),
        Some(until) => human_duration(until - now),
    }
}

pub(crate) fn time_ago(at_ms: i64, now: i64) -> String {
    // The time may come from another machine, whose clock runs ahead.
    format!("{} ago", human_duration((now - at_ms).max(0)))
}

/// The two largest units of a span in milliseconds.
fn human_duration(ms: i64) -> String {
    let seconds = ms / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} m {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} m"),
        (1..=9, ..) => format!("{days} d {hours} h"),
        _ => format!("{days} d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_two_units_at_most() {
        let spans = [0, 59_999, 61_000, 14_340_000, 90_000_000, 2_592_000_000].map(human_duration);
        assert_eq!(
            spans,
            ["0 s", "59 s", "1 m 1 s", "3 h 59 m", "1 d 1 h", "30 d"]
        );
        assert_eq!(
            (time_left(Some(5), 5), time_left(None, 0)),
            ("over".to_owned(), "unknown".to_owned())
        );
    }
    #[test]
    fn a_recording_from_the_future_has_no_age() {
        assert_eq!(recording_age(1_000, 3_000), Some(Duration::from_secs(2)));
        assert_eq!(recording_age(3_000, 1_000), Some(Duration::ZERO));
        assert_eq!(recording_age(100_000, 1_000), None);
        assert_eq!(recording_age(i64::MAX, i64::MIN), None);
    }
}
