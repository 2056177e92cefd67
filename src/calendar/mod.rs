//! Moments, zones and calendars: shifts, the ends of days and months, times as text and back. The
//! rules of the zones are in the program. It refuses to read the clock, and to guess the zone of a
//! time that says none.

mod error;
mod format;
mod moment;
mod period;
mod shift;
mod zone;

pub(crate) use error::CalendarError;
pub(crate) use format::{
    check_format, check_parse_format, format_moment, format_time, parse_formatted,
};
pub(crate) use moment::{moment_of_ms, parse_argument_time, read_moment, read_zoned_moment};
pub(crate) use period::{PeriodUnit, date_range, end_of, start_of};
pub(crate) use shift::Shift;
pub(crate) use zone::{Zone, parse_offset};

#[cfg(test)]
mod tests;
