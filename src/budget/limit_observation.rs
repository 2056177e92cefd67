//! What a response says about limits: `Retry-After` and the headers that a scheme names.

use crate::model::scheme::RateLimit;
use crate::wire::WireResponse;

/// The longest pause that a marketplace can ask for: a day, in milliseconds. A wrong header must
/// not stop a key for years.
pub(crate) const MAX_WAIT_MS: i64 = 86_400_000;
/// Added to a pause, in milliseconds: clocks are read in whole milliseconds, and a timer can fire a
/// little early.
const CLOCK_TOLERANCE_MS: i64 = 50;

/// What a response says about limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LimitObservation {
    /// How many milliseconds to wait before the next call.
    pub(crate) wait_ms: Option<i64>,
    /// The response asked for more than a day.
    pub(crate) is_wait_capped: bool,
    /// One for each limit that counts the call.
    pub(crate) limit_headers: Vec<LimitHeaders>,
    /// The pause holds for every call with the key, also if a limit counts the call.
    pub(crate) pauses_key: bool,
    /// The response is a rate limit error.
    pub(crate) is_rate_limited: bool,
    /// All calls must stop: the HTTP status, and the hint of the scheme's error rule.
    pub(crate) suspension: Option<(u16, String)>,
}

/// The numbers of the rate limit headers. `None` if a header is missing or is no number: a header
/// can only make a limit stricter, so an unreadable one changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LimitHeaders {
    pub(crate) rate: Option<u32>,
    pub(crate) burst: Option<u32>,
    pub(crate) remaining: Option<u32>,
}

impl LimitObservation {
    /// `wall_ms` is the Unix time of this machine, for a `Retry-After` date in a response without a
    /// `Date` header.
    #[must_use]
    pub(crate) fn from_response(
        response: &WireResponse,
        limits: &[&RateLimit],
        wall_ms: i64,
    ) -> Self {
        let wait = response.retry_after_ms(wall_ms);
        let wait_ms = wait.map(|wait| wait.saturating_add(CLOCK_TOLERANCE_MS).min(MAX_WAIT_MS));
        let limit_headers = limits
            .iter()
            .map(|limit| read_limit_headers(response, limit))
            .collect();
        Self {
            wait_ms,
            is_wait_capped: wait.is_some_and(|wait| wait > MAX_WAIT_MS),
            limit_headers,
            pauses_key: false,
            is_rate_limited: false,
            suspension: None,
        }
    }

    /// Whether it changes nothing.
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
        // Some marketplaces send `12, 12;w=1`, and some a fraction: the integer at the start
        // counts.
        let digits = text.split(|letter: char| !letter.is_ascii_digit()).next()?;
        // A negative number of remaining calls means that the limit is exceeded.
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
