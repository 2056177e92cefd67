//! The program of the user that a call is made for, and what it gets of the response.

use super::stop::StopSignal;
use crate::transport::OpenBody;
use bytes::Bytes;
use http::HeaderMap;

/// The program that makes a call and gets its response.
pub(crate) struct CallClient {
    /// The body as it was written, which is sent so; the draft says what it means.
    pub(crate) body: Bytes,
    /// It no longer waits for the response.
    pub(crate) gone: StopSignal,
}

/// What is handed on of a response besides what the run itself looks at.
pub(super) struct OnwardResponse {
    pub(super) headers: HeaderMap,
    pub(super) rest: Option<OpenBody>,
}
