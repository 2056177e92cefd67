//! Zones: fixed offsets from UTC, and names of the IANA database. The database of the program is
//! used and never that of the machine, so that a file that is right on one machine is right on all.

use super::error::CalendarError;
use crate::diagnostic::similar_name_hint;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};
use std::sync::LazyLock;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Where and when clocks show which time.
#[derive(Clone, Debug)]
pub(crate) struct Zone(pub(super) TimeZone);

impl Zone {
    pub(crate) fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// So many seconds east of UTC; `None` if no zone is that far.
    pub(crate) fn of_offset(seconds: i32) -> Option<Self> {
        let offset = jiff::tz::Offset::from_seconds(seconds).ok()?;
        Some(Self(offset.to_time_zone()))
    }

    /// What clocks in the zone show at a moment.
    pub(crate) fn local(&self, time: Timestamp) -> Zoned {
        time.to_zoned(self.0.clone())
    }

    /// An offset such as `+09:00`, `UTC`, or an IANA name such as `Asia/Seoul`.
    ///
    /// # Errors
    /// When it is neither; the hint names what was probably meant.
    pub(crate) fn parse(text: &str) -> Result<Self, CalendarError> {
        if let Some(seconds) = parse_offset(text) {
            let offset =
                Offset::from_seconds(seconds).map_err(|_| CalendarError::out_of_range())?;
            return Ok(Self(TimeZone::fixed(offset)));
        }
        let found = DATABASE.get(text).ok();
        // The database ignores capitals; one spelling is enough.
        match found.filter(|zone| zone.iana_name() == Some(text)) {
            Some(zone) => Ok(Self(zone)),
            None => Err(unknown_zone(text, &DATABASE)),
        }
    }
}

fn unknown_zone(text: &str, database: &TimeZoneDatabase) -> CalendarError {
    let error = CalendarError::new(format!("`{text}` is not a time zone"));
    if let Some(offset) = probable_offset(text) {
        return error.hint(format!("did you mean `{offset}`?"));
    }
    let names: Vec<_> = database.available().collect();
    let names = || names.iter().map(jiff::tz::TimeZoneName::as_str);
    let place = text.replace(' ', "_");
    // `seoul` for `Asia/Seoul`: people know the place, not the continent.
    let of_place = names().find(|name| {
        let (_, last) = name.rsplit_once('/').unwrap_or(("", name));
        name.eq_ignore_ascii_case(&place) || last.eq_ignore_ascii_case(&place)
    });
    // `KST` is near to `EST`, and half a day away from it.
    let is_abbreviation =
        !text.contains('/') && !text.contains(|letter: char| letter.is_lowercase());
    let similar = || (!is_abbreviation).then(|| similar_name_hint(text, names()))?;
    let hint = of_place
        .map(|name| format!("did you mean `{name}`?"))
        .or_else(similar)
        .unwrap_or_else(|| {
            "write an offset such as `+09:00`, or a name such as `Asia/Seoul`".to_owned()
        });
    error.hint(hint)
}

/// The offset that another spelling of it means: `+9`, `+0900`, `GMT+9`, `UTC+09:00`.
fn probable_offset(text: &str) -> Option<String> {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let prefix = &text[..text.len() - rest.len()];
    if !["", "GMT", "UTC", "Z"].contains(&prefix) {
        return None;
    }
    let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let sign = if rest.starts_with('-') { '-' } else { '+' };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    let offset = format!("{sign}{hours:02}:{minutes:02}");
    parse_offset(&offset).is_some().then_some(offset)
}

/// Seconds east of UTC.
#[must_use]
pub(crate) fn parse_offset(text: &str) -> Option<i32> {
    if matches!(text, "UTC" | "Z") {
        return Some(0);
    }
    let (sign, rest) = text
        .strip_prefix('+')
        .map(|rest| (1, rest))
        .or_else(|| text.strip_prefix('-').map(|rest| (-1, rest)))?;
    let (hours, minutes) = rest.split_once(':')?;
    let number = |digits: &str, below: i32| {
        digits
            .parse::<i32>()
            .ok()
            // `parse` accepts a sign and a single digit, which would read `+9:5` as an offset.
            .filter(|value| digits.len() == 2 && (0..below).contains(value))
    };
    Some(sign * (number(hours, 24)? * 3_600 + number(minutes, 60)? * 60))
}
