//! The bytes of a body, in memory or in a file: their number, their hash, their beginning.

use crate::body_stream::StreamedBody;
use sha2::{Digest, Sha256};

/// The body of a response as it was received.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BodyBytes<'b> {
    Held(&'b [u8]),
    Streamed(&'b StreamedBody),
}

impl<'b> BodyBytes<'b> {
    #[must_use]
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Held(bytes) => bytes.len(),
            // Memory that is smaller than the file: larger than any number that fits.
            Self::Streamed(body) => usize::try_from(body.len()).unwrap_or(usize::MAX),
        }
    }

    #[must_use]
    pub(crate) fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The SHA-256 in lower-case hex.
    #[must_use]
    pub(crate) fn sha256(self) -> String {
        match self {
            Self::Held(bytes) => hex::encode(Sha256::digest(bytes)),
            Self::Streamed(body) => body.sha256().to_owned(),
        }
    }

    /// Whether it begins with these bytes; `None` where they cannot be read.
    #[must_use]
    pub(crate) fn starts_with(self, start: &[u8]) -> Option<bool> {
        match self {
            Self::Held(bytes) => Some(bytes.starts_with(start)),
            Self::Streamed(body) => body.starts_with(start).ok(),
        }
    }

    /// The beginning, for messages.
    #[must_use]
    pub(crate) fn head(self) -> &'b [u8] {
        match self {
            Self::Held(bytes) => bytes,
            Self::Streamed(body) => body.head(),
        }
    }
}
