//! What an answer says of limits: `Retry-After` and the headers that a scheme names.

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
        let wait = response.retry_after_ms(wall_ms);
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
