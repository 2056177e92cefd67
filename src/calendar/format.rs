//! Times in a strftime format, and back.

use super::error::CalendarError;
use super::moment::moment_of_ms;
use super::zone::Zone;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

/// Unix milliseconds in a strftime format, so many seconds east of UTC.
///
/// # Errors
/// When the format is not one or the time is out of range.
pub(crate) fn format_time(unix_ms: i64, format: &str, east: i32) -> Result<String, CalendarError> {
    let time = moment_of_ms(unix_ms)?;
    let offset = Offset::from_seconds(east).map_err(|_| CalendarError::out_of_range())?;
    format_moment(&time.to_zoned(TimeZone::fixed(offset)), format)
}

/// A moment in a strftime format.
///
/// # Errors
/// When the format is not one.
pub(crate) fn format_moment(time: &Zoned, format: &str) -> Result<String, CalendarError> {
    strtime::format(format, time).map_err(|error| {
        let reason = format!("`{format}` is not a time format: {error}");
        CalendarError::new(reason).hint("write a format such as `%Y-%m-%dT%H:%M:%S`")
    })
}

/// The moment that a text in a strftime format means; `zone` is that of a text that names none.
///
/// # Errors
/// When the text is not in the format, or no zone is known.
pub(crate) fn parse_formatted(
    text: &str,
    format: &str,
    zone: Option<&Zone>,
) -> Result<Timestamp, CalendarError> {
    let wrong = |error: jiff::Error| {
        CalendarError::new(format!(
            "this is not a time in the format `{format}`: {error}"
        ))
    };
    let parsed = BrokenDownTime::parse(format, text).map_err(wrong)?;
    if names_zone(&parsed) {
        return parsed.to_timestamp().map_err(wrong);
    }
    let zone = zone.ok_or_else(|| without_zone(format))?;
    let local = parsed.to_datetime().map_err(wrong)?;
    let zoned = local.to_zoned(zone.0.clone());
    Ok(zoned
        .map_err(|_| CalendarError::out_of_range())?
        .timestamp())
}

fn names_zone(time: &BrokenDownTime) -> bool {
    time.offset().is_some() || time.iana_time_zone().is_some() || time.timestamp().is_some()
}

fn without_zone(format: &str) -> CalendarError {
    CalendarError::new(format!("`{format}` has no time zone"))
        .hint(format!("add one: `unix(\"{format}\", \"+09:00\")`"))
}

/// # Errors
/// When a format is not one.
pub(crate) fn check_format(format: &str) -> Result<(), CalendarError> {
    format_moment(&Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC), format).map(drop)
}

/// Whether a format, with a zone beside it or not, can be read back.
///
/// # Errors
/// When it is no format, holds no date, or names no zone where none is beside it.
pub(crate) fn check_parse_format(format: &str, has_zone: bool) -> Result<(), CalendarError> {
    // Any moment will do: it is written and read again.
    let text = format_moment(&Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC), format)?;
    let zone = has_zone.then(Zone::utc);
    parse_formatted(&text, format, zone.as_ref()).map(drop)
}
