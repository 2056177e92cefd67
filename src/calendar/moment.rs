//! Reads moments: Unix numbers, RFC 3339 text and dates. It refuses numbers that could be anything
//! else, such as 20261122.

use super::error::CalendarError;
use super::zone::Zone;
use crate::value::{Number, Value};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

const WAY_OUT: &str = "write RFC 3339 text such as `2026-11-01T09:00:00+09:00`, a date such as `2026-11-01`, or Unix seconds or milliseconds";

/// A moment, or a local time that becomes one with a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CivilMoment {
    Moment(Timestamp),
    Local(DateTime),
}

impl CivilMoment {
    /// The moment, for which a local time needs a zone.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn in_zone(self, zone: Option<&Zone>) -> Result<Timestamp, CalendarError> {
        match (self, zone) {
            (Self::Moment(time), _) => Ok(time),
            (Self::Local(local), Some(zone)) => {
                let zoned = local.to_zoned(zone.0.clone());
                Ok(zoned
                    .map_err(|_| CalendarError::out_of_range())?
                    .timestamp())
            }
            (Self::Local(_), None) => {
                let reason = "this time has no time zone";
                Err(CalendarError::new(reason)
                    .hint("add an offset at the end, such as `+09:00` or `Z`"))
            }
        }
    }
}

/// The moment of Unix milliseconds.
///
/// # Errors
/// When it is outside of the years that a calendar can write.
pub(crate) fn moment_of_ms(unix_ms: i64) -> Result<Timestamp, CalendarError> {
    Timestamp::from_millisecond(unix_ms).map_err(|_| CalendarError::out_of_range())
}

/// A value as a moment or a local time: RFC 3339 text, the same without an offset, a date, or a Unix
/// number: seconds from 10^9 to below 10^11, milliseconds from 10^12 to below 10^14.
///
/// # Errors
/// When it is none of them.
pub(crate) fn read_moment(value: &Value) -> Result<CivilMoment, CalendarError> {
    match value {
        Value::Number(number) => read_unix_number(number).map(CivilMoment::Moment),
        Value::String(text) => read_text(text),
        other => Err(not_a_time(other.kind().with_article())),
    }
}

/// A value as a moment; text without an offset is an error.
///
/// # Errors
/// When it is no moment.
pub(crate) fn read_zoned_moment(value: &Value) -> Result<Timestamp, CalendarError> {
    read_moment(value)?.in_zone(None)
}

/// A time of the command line, in each spelling that a request or a log shows: RFC 3339 text, also
/// with a blank for the `T`; a date (in UTC); Unix seconds, milliseconds, microseconds or
/// nanoseconds; the basic form of ISO 8601, `20261122T090000Z`, also with two digits of the year; and
/// the form of HTTP headers (RFC 9110, section 5.6.7). A text of digits alone that is no Unix number,
/// such as 20261122, is none.
///
/// # Errors
/// When it is none of them.
pub(crate) fn parse_argument_time(text: &str) -> Result<Timestamp, CalendarError> {
    let number = Number::parse(text);
    let time = match number {
        Some(number) => read_unix_number(&number)
            .or_else(|_| read_small_units(&number))
            .map(CivilMoment::Moment),
        None => read_text(text).or_else(|error| {
            let other = read_basic_form(text).or_else(|| read_http_date(text));
            other.map(CivilMoment::Moment).ok_or(error)
        }),
    };
    // `2026-11-22`, and nothing behind it.
    let is_date = text.len() == 10 && text.parse::<Date>().is_ok();
    time?.in_zone(is_date.then(Zone::utc).as_ref())
}

/// Unix microseconds or nanoseconds; the smallest are those of the year 2001, as for the others.
fn read_small_units(number: &Number) -> Result<Timestamp, CalendarError> {
    const MICROSECONDS: std::ops::Range<i128> = 1_000_000_000_000_000..100_000_000_000_000_000;
    const NANOSECONDS: std::ops::Range<i128> =
        1_000_000_000_000_000_000..100_000_000_000_000_000_000;
    let wrong = || not_a_time("this number");
    let nanoseconds = match number.as_i128().ok_or_else(wrong)? {
        micros if MICROSECONDS.contains(&micros) => micros * 1_000,
        nanos if NANOSECONDS.contains(&nanos) => nanos,
        _ => return Err(wrong()),
    };
    Timestamp::from_nanosecond(nanoseconds).map_err(|_| wrong())
}

/// `20261122T090000Z` of AWS signatures, `261122T090000Z` of others.
fn read_basic_form(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(is_digits(date) && is_digits(time) && time.len() == 6) {
        return None;
    }
    let (year, day) = match date.len() {
        8 => (date[..4].to_owned(), &date[4..]),
        6 => (format!("20{}", &date[..2]), &date[2..]),
        _ => return None,
    };
    let text = format!(
        "{year}-{}-{}T{}:{}:{}Z",
        &day[..2],
        &day[2..],
        &time[..2],
        &time[2..4],
        &time[4..]
    );
    text.parse().ok()
}

/// `Sun, 22 Nov 2026 09:00:00 GMT`, as in the header `date` of a response.
fn read_http_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(parsed.timestamp())
}

/// Never with the value: it can come out of a response.
fn not_a_time(what: &str) -> CalendarError {
    CalendarError::new(format!("{what} is not a time")).hint(WAY_OUT)
}

fn read_text(text: &str) -> Result<CivilMoment, CalendarError> {
    let wrong = || not_a_time("this text");
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong()
            .hint("a text of digits is ambiguous: convert it with `number`, or give its format"));
    }
    // The parser accepts more than RFC 3339 has: weeks, signs of years, names of zones.
    let bytes = text.as_bytes();
    let has_date = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    if !has_date || text.contains('[') {
        return Err(wrong());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(CivilMoment::Moment(time));
    }
    let local = text.parse::<DateTime>().map_err(|_| wrong())?;
    Ok(CivilMoment::Local(local))
}

fn read_unix_number(number: &Number) -> Result<Timestamp, CalendarError> {
    const SECONDS: std::ops::Range<i128> = 1_000_000_000..100_000_000_000;
    const MILLISECONDS: std::ops::Range<i128> = 1_000_000_000_000..100_000_000_000_000;
    let wrong = || not_a_time("this number");
    let (whole, nanoseconds) = split_fraction(number).ok_or_else(wrong)?;
    let nanoseconds = if SECONDS.contains(&whole) {
        whole * 1_000_000_000 + nanoseconds
    } else if MILLISECONDS.contains(&whole) {
        whole * 1_000_000 + nanoseconds / 1_000
    } else {
        return Err(wrong());
    };
    Timestamp::from_nanosecond(nanoseconds).map_err(|_| wrong())
}

/// A number before its point, and the billionths behind it. None for one with an exponent that is
/// not whole.
fn split_fraction(number: &Number) -> Option<(i128, i128)> {
    if number.is_integer() {
        return Some((number.as_i128()?, 0));
    }
    let (whole, fraction) = number.as_str().split_once('.')?;
    let digits: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    Some((whole.parse().ok()?, digits.parse().ok()?))
}
