//! What came back, as it arrived; a packed body is unpacked.

use bytes::Bytes;
use std::time::Duration;

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct WireResponse {
    pub status: u16,
    /// Names in lower case, in the order received; a repeated header stands as often as it came.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Until the last byte was received; connecting is a part of it.
    pub latency: Duration,
}

impl WireResponse {
    /// The first header of that name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
