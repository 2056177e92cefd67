//! Counts of token requests, and the faults that a test has set. It refuses to decide which
//! response is lost: the token endpoint does.

use std::time::Duration;

/// What arrived, and how responses with tokens are delivered.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct TokenTraffic {
    /// Token requests that were received.
    pub(in crate::sandbox) token_requests: i64,
    /// This many responses still arrive before the first one is lost.
    pub(in crate::sandbox) deliver_before_loss: i64,
    /// This many responses are lost after those.
    pub(in crate::sandbox) responses_to_lose: i64,
    /// This many responses were lost so far.
    pub(in crate::sandbox) lost_responses: i64,
    /// Each response with a token is held back this long.
    pub(in crate::sandbox) response_delay: Duration,
}
