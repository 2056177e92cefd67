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
pub(super) fn read_time(clock: &SchemeClock, text: &str) -> Option<i64> {
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<i64>().ok())
            .flatten()
    };
    match &clock.format {
        ClockFormat::UnixSeconds => digits(text)?.checked_mul(1_000),
        ClockFormat::UnixMilliseconds => digits(text),
        ClockFormat::Strftime(format) => {
            let parsed = jiff::fmt::strtime::BrokenDownTime::parse(format, text).ok()?;
            let local = parsed.to_datetime().ok()?;
            let offset = jiff::tz::Offset::from_seconds(clock.zone).ok()?;
            let time = offset.to_timestamp(local).ok()?.as_millisecond();
            // Only the one spelling that the scheme itself would write is accepted.
            (write_time(clock, time).ok()? == text).then_some(time)
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
}
