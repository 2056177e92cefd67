//! Time in the spelling of a scheme, and back.

use crate::calendar::format_time;
use crate::model::scheme::{ClockFormat, SchemeClock};

/// A time that the format of a scheme's clock cannot express.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time {unix_ms} ms (Unix) cannot be written in the scheme's `clock.format`: {reason}")]
pub struct ClockFormatError {
    unix_ms: i64,
    reason: String,
}

/// `unix_ms` as the scheme writes it.
///
/// # Errors
/// When the time is outside of the years that a calendar format can write.
pub(crate) fn write_time(clock: &SchemeClock, unix_ms: i64) -> Result<String, ClockFormatError> {
    match &clock.format {
        ClockFormat::UnixSeconds => Ok(unix_ms.div_euclid(1_000).to_string()),
        ClockFormat::UnixMilliseconds => Ok(unix_ms.to_string()),
        ClockFormat::Strftime(format) => {
            format_time(unix_ms, format, clock.zone).map_err(|error| ClockFormatError {
                unix_ms,
                reason: error.to_string(),
            })
        }
    }
}

/// Unix milliseconds of a time in the scheme's spelling; `None` when it is not spelled so.
pub(crate) fn read_time(clock: &SchemeClock, text: &str) -> Option<i64> {
    read_time_as(clock, &clock.format, text)
}

/// The same for a marketplace that takes several spellings. Digits can be seconds or milliseconds:
/// the reading that lies nearest to now counts.
pub(super) fn read_accepted_time(clock: &SchemeClock, text: &str, now_ms: i64) -> Option<i64> {
    let accepted = clock.accepted.iter();
    let readings = accepted.filter_map(|format| read_time_as(clock, format, text));
    let own = read_time(clock, text);
    own.into_iter()
        .chain(readings)
        .min_by_key(|time| time.abs_diff(now_ms))
}

fn read_time_as(clock: &SchemeClock, format: &ClockFormat, text: &str) -> Option<i64> {
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<i64>().ok())
            .flatten()
    };
    match format {
        ClockFormat::UnixSeconds => digits(text)?.checked_mul(1_000),
        ClockFormat::UnixMilliseconds => digits(text),
        ClockFormat::Strftime(format) => {
            let parsed = jiff::fmt::strtime::BrokenDownTime::parse(format, text).ok()?;
            let local = parsed.to_datetime().ok()?;
            let offset = jiff::tz::Offset::from_seconds(clock.zone).ok()?;
            let time = offset.to_timestamp(local).ok()?.as_millisecond();
            // Only the one spelling that this format itself would write is accepted.
            (format_time(time, format, clock.zone).ok()? == text).then_some(time)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_time_reads_back_as_it_was_written() {
        let clock = |format| SchemeClock {
            format,
            accepted: Vec::new(),
            zone: 0,
            window: None,
            backdate: Duration::ZERO,
        };
        let coupang = clock(ClockFormat::Strftime("%y%m%dT%H%M%SZ".to_owned()));
        assert_eq!(
            write_time(&coupang, 1_751_534_130_000).unwrap(),
            "250703T091530Z"
        );
        assert_eq!(
            read_time(&coupang, "250703T091530Z"),
            Some(1_751_534_130_000)
        );
        assert_eq!(read_time(&coupang, "20250703T091530Z"), None);
        assert_eq!(
            read_time(&clock(ClockFormat::UnixSeconds), "12"),
            Some(12_000)
        );
        assert_eq!(read_time(&clock(ClockFormat::UnixMilliseconds), "-1"), None);
    }

    #[test]
    fn another_spelling_is_read_only_if_the_marketplace_takes_it() {
        let now = 1_751_534_130_000;
        let strict = SchemeClock {
            format: ClockFormat::UnixSeconds,
            accepted: Vec::new(),
            zone: 0,
            window: None,
            backdate: Duration::ZERO,
        };
        let lenient = SchemeClock {
            accepted: vec![
                ClockFormat::UnixMilliseconds,
                ClockFormat::Strftime("%Y-%m-%dT%H:%M:%SZ".to_owned()),
            ],
            ..strict.clone()
        };
        for text in ["1751534130", "1751534130000", "2025-07-03T09:15:30Z"] {
            assert_eq!(read_accepted_time(&lenient, text, now), Some(now), "{text}");
        }
        assert_eq!(read_accepted_time(&strict, "1751534130", now), Some(now));
        assert_eq!(
            read_accepted_time(&strict, "2025-07-03T09:15:30Z", now),
            None
        );
        assert_ne!(read_accepted_time(&strict, "1751534130000", now), Some(now));
    }
}
