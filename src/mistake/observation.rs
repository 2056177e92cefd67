//! Something that a request shows by itself. Each is certain.

use super::catalogue::MistakeCode as M;

/// Something that the request shows by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestObservation {
    pub code: M,
    /// Another mistake that looks the same.
    pub or: Option<M>,
    /// `query.sign`; empty for the request as a whole.
    pub location: String,
    /// A sentence without a full stop.
    pub text: String,
    pub way_out: String,
    /// It is about the value of the signature, which a proven mistake explains.
    pub is_about_signature: bool,
}

impl RequestObservation {
    pub(super) fn new(code: M, location: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            code,
            or: None,
            location: location.into(),
            text: text.into(),
            way_out: code.way_out().to_owned(),
            is_about_signature: false,
        }
    }

    pub(super) fn of_signature(code: M, location: &str, text: impl Into<String>) -> Self {
        Self {
            is_about_signature: true,
            ..Self::new(code, location, text)
        }
    }
}
