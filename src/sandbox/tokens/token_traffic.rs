//! Counts of token requests, and the faults that a test has set. It refuses to decide which
//! response is lost: the token endpoint does.

use std::time::Duration;

/// What arrived, and how responses with tokens are delivered.
#[derive(Debug, Default)]
pub(crate) struct TokenTraffic {
    /// Token requests that were received.
    pub(crate) token_requests: i64,
    /// This many responses still arrive before the first one is lost.
    pub(crate) deliver_before_loss: i64,
    /// This many responses are lost after those.
    pub(crate) responses_to_lose: i64,
    /// This many responses were lost so far.
    pub(crate) lost_responses: i64,
    /// Each response with a token is held back this long.
    pub(crate) response_delay: Duration,
}
