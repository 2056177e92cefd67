//! Counts of token requests, and the faults that a test has set. It refuses to decide which
//! response is lost: the token endpoint does.

use std::time::Duration;

/// What arrived, and how responses with tokens are delivered.
#[derive(Debug, Default)]
pub(super) struct TokenTraffic {
    /// Token requests that were received.
    pub(super) token_requests: i64,
    /// This many responses still arrive before the first one is lost.
    pub(super) deliver_before_loss: i64,
    /// This many responses are lost after those.
    pub(super) responses_to_lose: i64,
    /// This many responses were lost so far.
    pub(super) lost_responses: i64,
    /// Each response with a token is held back this long.
    pub(super) response_delay: Duration,
}
