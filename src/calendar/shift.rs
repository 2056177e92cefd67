//! A distance in time, such as `-1d` or `+1mo12h`.

use super::error::CalendarError;
use super::zone::Zone;
use jiff::{Span, Timestamp, Zoned};

/// Large to small, the longest name first: `mo` would be read as `m` and an `o`.
const UNITS: [&str; 7] = ["y", "mo", "w", "d", "h", "m", "s"];
const FORM: &str = "write a sign, then numbers with units from large to small: `-1d`, `+1mo`, `-2h30m`; the units are y, mo, w, d, h, m and s";

/// How far a moment is moved. Years, months, weeks and days are those of a calendar; hours, minutes
/// and seconds are exact.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shift(Span);

impl Shift {
    pub(crate) fn parse(text: &str) -> Result<Self, CalendarError> {
        let wrong = |reason: String| CalendarError::new(reason).hint(FORM);
        let (sign, mut rest) = match text.as_bytes().first() {
            Some(b'+') => (1, &text[1..]),
            Some(b'-') => (-1, &text[1..]),
            Some(b'0'..=b'9') => {
                let reason = format!("`{text}` is a shift without a sign");
                return Err(CalendarError::new(reason).hint(format!(
                    "write `-{text}` for the past or `+{text}` for the future"
                )));
            }
            _ => return Err(wrong(format!("`{text}` is not a shift"))),
        };
        if rest.is_empty() {
            return Err(wrong(format!("`{text}` is not a shift")));
        }
        let (mut span, mut next_unit) = (Span::new(), 0);
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: Option<i64> = rest[..digits].parse().ok();
            let number = number.ok_or_else(|| {
                wrong(format!(
                    "`{text}` is not a shift: a number is missing before `{rest}`"
                ))
            })?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, after) = rest.split_at(letters);
            let index = UNITS.iter().position(|known| *known == unit);
            let index = index.ok_or_else(|| wrong(unknown_unit(text, unit, rest)))?;
            if index < next_unit {
                return Err(wrong(format!(
                    "`{text}` is not a shift: `{unit}` follows a smaller unit or appears twice"
                )));
            }
            span = add_unit(span, unit, sign * number)
                .map_err(|_| CalendarError::new(format!("`{text}` is too large")))?;
            (next_unit, rest) = (index + 1, after);
        }
        Ok(Self(span))
    }

    /// The moment so far from `time`, as a clock in `zone` counts days, weeks, months and years. A
    /// local time that a clock skips is moved on by what it skips; of one that it shows twice, it
    /// is the first (RFC 5545, section 3.3.5).
    ///
    /// # Errors
    /// When the moment is outside of the years that a calendar can write.
    pub(crate) fn apply(self, time: Timestamp, zone: &Zone) -> Result<Zoned, CalendarError> {
        zone.local(time)
            .checked_add(self.0)
            .map_err(|_| CalendarError::out_of_range())
    }
}

fn unknown_unit(text: &str, unit: &str, rest: &str) -> String {
    if unit.is_empty() {
        let number_only = rest.is_empty();
        let what = if number_only { "the end" } else { rest };
        return format!("`{text}` is not a shift: a unit is missing before {what}");
    }
    format!("`{text}` is not a shift: `{unit}` is not a unit")
}

fn add_unit(span: Span, unit: &str, number: i64) -> Result<Span, jiff::Error> {
    match unit {
        "y" => span.try_years(number),
        "mo" => span.try_months(number),
        "w" => span.try_weeks(number),
        "d" => span.try_days(number),
        "h" => span.try_hours(number),
        "m" => span.try_minutes(number),
        _ => span.try_seconds(number),
    }
}
