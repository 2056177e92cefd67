//! An exchange as recordings, snapshots and redaction look at it.

use crate::model::recording::RecordedRequest;
use crate::model::redact_rule::RedactRule;
use crate::model::scheme::Scheme;
use crate::recording::RecordingKey;
use crate::wire::WireResponse;

/// One request and its response.
pub(crate) struct ObservedExchange<'m> {
    pub(crate) recording_key: &'m RecordingKey,
    pub(crate) scheme: &'m Scheme,
    pub(crate) request: &'m RecordedRequest,
    pub(crate) response: &'m WireResponse,
    /// Response headers that the file asserts or captures, in lower case.
    pub(crate) inspected_headers: &'m [String],
    /// The rules of the file itself.
    pub(crate) redact_rules: &'m [RedactRule],
    /// How many rounds the `for_each` of the step has.
    pub(crate) rounds: Option<u32>,
}
