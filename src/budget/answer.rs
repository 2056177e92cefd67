//! What an answer says of limits: `Retry-After` (RFC 9110, section 10.2.3) and the headers that a scheme names.

use crate::model::scheme::Limit;
use crate::wire::WireResponse;

/// Nobody is waited for longer than a day, in milliseconds.
pub const LONGEST: i64 = 86_400_000;
/// Clocks are read in whole milliseconds, and a timer may be a little early.
const EDGE: i64 = 50;

/// What was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// No call before so many milliseconds have passed.
    pub wait_ms: Option<i64>,
    /// It said more than a day.
    pub was_absurd: bool,
    /// For each limit that the call was counted by.
    pub reports: Vec<Report>,
    /// Too many calls.
    pub is_refusal: bool,
    /// All calls must stop: the status, and why in the words of the scheme.
    pub stop: Option<(u16, String)>,
}

/// Numbers of headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub rate: Option<u32>,
    pub burst: Option<u32>,
    pub remaining: Option<u32>,
}

impl Said {
    /// `wall_ms` is the time of this machine, for a date in an answer that has none of its own.
    #[must_use]
    pub fn read(response: &WireResponse, limits: &[&Limit], wall_ms: i64) -> Self {
        let wait = response.header("retry-after").and_then(|text| wait(text, response.header("date"), wall_ms));
        let wait_ms = wait.map(|wait| wait.saturating_add(EDGE).min(LONGEST));
        let reports = limits.iter().map(|limit| report(response, limit)).collect();
        Self { wait_ms, was_absurd: wait.is_some_and(|wait| wait > LONGEST), reports, is_refusal: false, stop: None }
    }

    /// Whether it changes anything.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.wait_ms.is_none()
            && !self.is_refusal
            && self.stop.is_none()
            && self.reports.iter().all(|one| *one == Report::default())
    }
}

/// A number of seconds, or a date, which counts from the answer's own date. What is neither is ignored.
fn wait(text: &str, date: Option<&str>, wall_ms: i64) -> Option<i64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse::<i64>().map_or(i64::MAX, |seconds| seconds.saturating_mul(1_000)));
    }
    let until = http_date(text)?;
    let from = date.and_then(http_date).unwrap_or(wall_ms);
    Some(until.saturating_sub(from).max(0))
}

/// In Unix milliseconds: the one form in use, and the two that RFC 9110, section 5.6.7 still demands.
fn http_date(text: &str) -> Option<i64> {
    if let Ok(date) = jiff::fmt::rfc2822::parse(text) {
        return Some(date.timestamp().as_millisecond());
    }
    let old = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let date = old.iter().find_map(|format| jiff::civil::DateTime::strptime(format, text).ok())?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

fn report(response: &WireResponse, limit: &Limit) -> Report {
    let number = |meaning: &str| {
        let (_, header) = limit.headers.iter().find(|(name, _)| name == meaning)?;
        let text = response.header(&header.to_ascii_lowercase())?.trim();
        // Some say `12, 12;w=1`, and some a fraction: the whole number in front counts.
        let digits = text.split(|letter: char| !letter.is_ascii_digit()).next()?;
        if text.starts_with('-') { Some(0) } else { digits.parse().ok() }
    };
    Report { rate: number("rate"), burst: number("burst"), remaining: number("remaining") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 784_111_777_000;

    #[test]
    fn seconds_and_all_three_forms_of_a_date_are_read() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(http_date(date), Some(NOW));
        assert_eq!(http_date("Sunday, 06-Nov-94 08:49:37 GMT"), Some(NOW));
        assert_eq!(http_date("Sun Nov  6 08:49:37 1994"), Some(NOW));
        assert_eq!(wait("120", None, 0), Some(120_000));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", Some(date), 5), Some(60_000), "by the answer's own clock");
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", None, NOW - 1_000), Some(61_000));
        assert_eq!(wait(date, None, NOW + 5_000), Some(0), "it is over");
        assert_eq!(wait("99999999999999999999999", None, 0), Some(i64::MAX));
        for nonsense in ["", "soon", "-5", "1.5", "12 s"] {
            assert_eq!(wait(nonsense, None, NOW), None, "{nonsense}");
        }
    }
}
