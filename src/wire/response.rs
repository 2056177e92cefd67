//! What came back, as it arrived; a packed body is unpacked.

use crate::value::{JsonError, Value, parse};
use bytes::Bytes;
use std::sync::OnceLock;
use std::time::Duration;

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct WireResponse {
    pub status: u16,
    /// Names in lower case, in the order received; a repeated header stands as often as it came.
    pub headers: Vec<(String, String)>,
    body: Bytes,
    /// Until the last byte was received; connecting is a part of it.
    pub latency: Duration,
    /// The body, read at most once, whoever looks at it.
    json: OnceLock<Result<Value, JsonError>>,
}

impl WireResponse {
    #[must_use]
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Bytes, latency: Duration) -> Self {
        Self { status, headers, body, latency, json: OnceLock::new() }
    }

    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The same answer with another body.
    #[must_use]
    pub fn with_body(self, body: Bytes) -> Self {
        Self { body, json: OnceLock::new(), ..self }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<&Value, &JsonError> {
        self.json.get_or_init(|| parse(&self.body)).as_ref()
    }

    /// The first header of that name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
