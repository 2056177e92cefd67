//! A request as another program has sent it.

use crate::method::Method;
use crate::sign::ReceivedRequest;
use crate::wire::BaseUrl;
use bytes::Bytes;

/// In which format a request was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportFormat {
    Curl,
    RawHttp,
    Har,
}

impl ImportFormat {
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Curl => "a curl command",
            Self::RawHttp => "raw HTTP",
            Self::Har => "an entry of a HAR file",
        }
    }
}

/// A request as another program has sent it.
#[derive(Clone, Debug)]
pub(crate) struct ImportedRequest {
    pub(crate) format: ImportFormat,
    pub(crate) method: Method,
    /// Protocol and host, such as `https://api.example`; `None` where the text names no host.
    pub(crate) origin: Option<String>,
    /// Path and query, as in the request line.
    pub(crate) target: String,
    /// In order, with names as they were written, and values without blanks at their ends.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// When it was sent, in Unix milliseconds, where the text says so.
    pub(crate) sent_at_ms: Option<i64>,
    /// What the text does not say, or what its sender would have done otherwise than it looks.
    pub(crate) notes: Vec<String>,
}

impl ImportedRequest {
    /// As the marketplace received it, at a base URL of the marketplace.
    #[must_use]
    pub(crate) fn received_at(&self, base: BaseUrl) -> ReceivedRequest {
        let headers = self.headers.iter();
        ReceivedRequest {
            method: self.method,
            target: self.target.clone(),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect(),
            body: self.body.clone(),
            base,
        }
    }

    #[must_use]
    pub(crate) fn path(&self) -> &str {
        let target = self.target.as_str();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// The raw query, without its `?`; empty if there is none.
    #[must_use]
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}
