//! What an answer says of limits: `Retry-After` and the headers that a scheme names.

use crate::model::scheme::RateLimit;
use crate::wire::WireResponse;

/// Nobody is waited for longer than a day, in milliseconds.
pub(crate) const MAX_WAIT_MS: i64 = 86_400_000;
/// Clocks are read in whole milliseconds, and a timer may be a little early.
const CLOCK_TOLERANCE_MS: i64 = 50;

/// What was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LimitObservation {
    /// No call before so many milliseconds have passed.
    pub(crate) wait_ms: Option<i64>,
    /// It said more than a day.
    pub(crate) is_wait_capped: bool,
    /// For each limit that the call was counted by.
    pub(crate) limit_headers: Vec<LimitHeaders>,
    /// Too many calls.
    pub(crate) is_rate_limited: bool,
    /// All calls must stop: the status, and why in the words of the scheme.
    pub(crate) suspension: Option<(u16, String)>,
}

/// Numbers of headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LimitHeaders {
    pub(crate) rate: Option<u32>,
    pub(crate) burst: Option<u32>,
    pub(crate) remaining: Option<u32>,
}

impl LimitObservation {
    /// `wall_ms` is the time of this machine, for a date in an answer that has none of its own.
    #[must_use]
    pub(crate) fn from_response(
        response: &WireResponse,
        limits: &[&RateLimit],
        wall_ms: i64,
    ) -> Self {
        let wait = response.retry_after_ms(wall_ms);
        let wait_ms = wait.map(|wait| wait.saturating_add(CLOCK_TOLERANCE_MS).min(MAX_WAIT_MS));
        let reports = limits
            .iter()
            .map(|limit| read_limit_headers(response, limit))
            .collect();
        Self {
            wait_ms,
            is_wait_capped: wait.is_some_and(|wait| wait > MAX_WAIT_MS),
            limit_headers: reports,
            is_rate_limited: false,
            suspension: None,
        }
    }

    /// Whether it changes anything.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.wait_ms.is_none()
            && !self.is_rate_limited
            && self.suspension.is_none()
            && self
                .limit_headers
                .iter()
                .all(|one| *one == LimitHeaders::default())
    }
}

fn read_limit_headers(response: &WireResponse, limit: &RateLimit) -> LimitHeaders {
    let number = |meaning: &str| {
        let (_, header) = limit.headers.iter().find(|(name, _)| name == meaning)?;
        let text = response.header(&header.to_ascii_lowercase())?.trim();
        // Some say `12, 12;w=1`, and some a fraction: the whole number in front counts.
        let digits = text.split(|letter: char| !letter.is_ascii_digit()).next()?;
        if text.starts_with('-') {
            Some(0)
        } else {
            digits.parse().ok()
        }
    };
    LimitHeaders {
        rate: number("rate"),
        burst: number("burst"),
        remaining: number("remaining"),
    }
}
