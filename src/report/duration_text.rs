//! Times of a run as text for people, and as the milliseconds of a document.

use std::time::Duration;

/// A duration for people: `840 µs`, `12 ms`, `3.4 s`.
#[must_use]
pub(crate) fn format_duration(duration: Duration) -> String {
    match duration.as_micros() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        micros @ 10_000..1_000_000 => format!("{} ms", micros / 1_000),
        micros => format!(
            "{}.{:02} s",
            micros / 1_000_000,
            micros % 1_000_000 / 10_000
        ),
    }
}

/// The time of `ms` milliseconds, as documents have them.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "a document is written from durations, and `read_document` refuses all other times"
)]
pub(super) fn duration_from_ms(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1_000.0).expect("a time of a document is a duration")
}

/// Milliseconds with three decimals.
#[must_use]
pub(super) fn duration_to_ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let text = |micros| format_duration(Duration::from_micros(micros));
        assert_eq!(
            (text(840), text(1_240), text(12_345), text(3_456_000)),
            (
                "840 µs".into(),
                "1.2 ms".into(),
                "12 ms".into(),
                "3.45 s".into()
            )
        );
    }
}
