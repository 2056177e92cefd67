//! What a command gets of a response that it hands on, as `ingam call` does: the bytes as they were
//! received, or the same without what no output may show.

use crate::redact::RedactedText;
use bytes::Bytes;

/// A response that a command hands on.
pub(crate) struct DeliveredResponse {
    pub(crate) status: u16,
    /// For standard output.
    pub(crate) shown: DeliveredBody,
    /// For a file that the user names; `Err` if it holds a secret, with the names of its secrets.
    pub(crate) whole: Result<Bytes, Vec<String>>,
}

/// What may be shown of a body.
pub(crate) enum DeliveredBody {
    /// As it was received.
    Exact(Bytes),
    /// With names in the place of secrets, and pseudonyms in the place of personal data.
    Redacted {
        bytes: Bytes,
        /// Of the secrets, each once.
        secrets: Vec<String>,
        has_pseudonyms: bool,
    },
    /// Nothing of it may be shown, for this reason.
    Hidden(RedactedText),
}
