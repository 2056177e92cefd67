//! The first and the last second of an hour, a day, a week, a month or a year, as the clocks of a
//! zone show it, and lists of dates.

use super::error::CalendarError;
use super::shift::Shift;
use super::zone::Zone;
use crate::diagnostic::did_you_mean;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp, Zoned};

/// The most dates of one list.
const MAX_DATES: i32 = 10_000;

/// What `start_of` and `end_of` cut a moment to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeriodUnit {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl PeriodUnit {
    pub(crate) fn parse(text: &str) -> Result<Self, CalendarError> {
        const NAMES: [&str; 5] = ["hour", "day", "week", "month", "year"];
        Ok(match text {
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "year" => Self::Year,
            _ => {
                let error = CalendarError::new(format!("`{text}` is not a unit"));
                return Err(match did_you_mean(text, NAMES) {
                    Some(hint) => error.hint(hint),
                    None => error,
                });
            }
        })
    }

    /// The first local time of the period that holds `local`; a week begins on Monday (ISO 8601).
    fn first(self, local: DateTime) -> Result<DateTime, jiff::Error> {
        let date = local.date();
        let date = match self {
            Self::Hour => return Ok(date.at(local.hour(), 0, 0, 0)),
            Self::Day => date,
            Self::Week => date
                .checked_sub(Span::new().days(i64::from(date.weekday().to_monday_zero_offset())))?,
            Self::Month => date.first_of_month(),
            Self::Year => date.first_of_year(),
        };
        Ok(date.at(0, 0, 0, 0))
    }

    fn len(self) -> Span {
        match self {
            Self::Hour => Span::new().hours(1),
            Self::Day => Span::new().days(1),
            Self::Week => Span::new().weeks(1),
            Self::Month => Span::new().months(1),
            Self::Year => Span::new().years(1),
        }
    }
}

/// Unix seconds of the first second of the period around `time`.
///
/// # Errors
/// When it is outside of the years that a calendar can write.
pub(crate) fn start_of(unit: PeriodUnit, time: &Zoned) -> Result<i64, CalendarError> {
    let first = unit.first(time.datetime());
    let first = first.map_err(|_| CalendarError::out_of_range())?;
    Ok(begin(time.time_zone(), first, Occurrence::First)?.as_second())
}

/// Unix seconds of the last second of the period around `time`.
///
/// # Errors
/// When it is outside of the years that a calendar can write.
pub(crate) fn end_of(unit: PeriodUnit, time: &Zoned) -> Result<i64, CalendarError> {
    let first = unit.first(time.datetime());
    let next = first.and_then(|first| first.checked_add(unit.len()));
    let next = next.map_err(|_| CalendarError::out_of_range())?;
    Ok(begin(time.time_zone(), next, Occurrence::Last)?.as_second() - 1)
}

/// Which of the moments that clocks show twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occurrence {
    First,
    Last,
}

/// The moment at which clocks show `local`, or the first one after it when they skip it.
fn begin(
    zone: &TimeZone,
    local: DateTime,
    occurrence: Occurrence,
) -> Result<Timestamp, CalendarError> {
    let out_of_range = |_| CalendarError::out_of_range();
    let offset = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Fold { before, .. } if occurrence == Occurrence::First => before,
        AmbiguousOffset::Fold { after, .. } => after,
        AmbiguousOffset::Gap { before, .. } => {
            // With the offset before the gap it is a moment at or after the change of the clocks.
            let inside = before.to_timestamp(local).map_err(out_of_range)?;
            let second = SignedDuration::from_secs(1);
            let after = inside.checked_add(second).map_err(out_of_range)?;
            let change = zone.preceding(after).next();
            return Ok(change.map_or(inside, |change| change.timestamp()));
        }
    };
    offset.to_timestamp(local).map_err(out_of_range)
}

/// The dates from `from` to `to` in `zone`, both included, as `2026-11-22`.
///
/// # Errors
/// When `from` is later than `to`, or the dates are too many.
pub(crate) fn date_range(
    time: Timestamp,
    from: Shift,
    to: Shift,
    zone: &Zone,
) -> Result<Vec<String>, CalendarError> {
    let date = |shift: Shift| Ok(shift.apply(time, zone)?.date());
    let (from, to): (Date, Date) = (date(from)?, date(to)?);
    let days = from.until(to).map_err(|_| CalendarError::out_of_range())?;
    let days = days.get_days();
    if days < 0 {
        return Err(CalendarError::new(format!(
            "the dates end on {to}, before they begin on {from}"
        ))
        .hint("write the earlier shift first: `date_range(\"-7d\", \"-1d\", ZONE)`"));
    }
    if days >= MAX_DATES {
        return Err(CalendarError::new(format!(
            "there are more than {MAX_DATES} dates from {from} to {to}"
        )));
    }
    Ok(from
        .series(Span::new().days(1))
        .take_while(|date| *date <= to)
        .map(|date| date.to_string())
        .collect())
}
