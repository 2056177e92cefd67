//! Passes a push on to the program that it is for, with the headers and the body that came.

use crate::transport::{TransportError, send_plain};
use crate::wire::BaseUrl;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, HeaderName};
use http_body_util::Full;
use std::time::{Duration, Instant};

/// How long the program may take. Marketplaces wait shorter.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(30);

/// Headers of one connection, which are not passed on (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Why pushes cannot be passed on to an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ForwardAddressError {
    #[error(transparent)]
    Url(#[from] crate::wire::BaseUrlError),
    #[error("`{0}` is not `http`: pushes are passed on unencrypted, to a program of this network")]
    NotPlain(String),
}

/// `http://127.0.0.1:3000`, or with a path, which then stands in the place of the one that came.
#[derive(Clone, Debug)]
pub(crate) struct ForwardAddress {
    base: BaseUrl,
    host: String,
    port: u16,
}

/// What became of a push that was passed on.
pub(super) struct ForwardedPush {
    pub(super) result: Result<http::Response<Bytes>, TransportError>,
    pub(super) took: Duration,
}

impl ForwardAddress {
    /// # Errors
    /// When it is no `http` address, or has a query.
    pub(crate) fn parse(text: &str) -> Result<Self, ForwardAddressError> {
        let base = BaseUrl::parse(text)?;
        if base.is_https() {
            return Err(ForwardAddressError::NotPlain(text.to_owned()));
        }
        let host = base.host().to_owned();
        let port = base.authority()[host.len()..]
            .trim_start_matches(':')
            .parse();
        Ok(Self {
            // Without one, the port of `http`; one that is none was refused above.
            port: port.unwrap_or(80),
            host,
            base,
        })
    }

    /// The path and query that a request to it has.
    fn target(&self, arrived: &str) -> String {
        if self.base.path().is_empty() {
            return arrived.to_owned();
        }
        match arrived.split_once('?') {
            Some((_, query)) => format!("{}?{query}", self.base.path()),
            None => self.base.path().to_owned(),
        }
    }

    pub(super) async fn send(
        &self,
        head: http::request::Parts,
        target: &str,
        body: Bytes,
    ) -> ForwardedPush {
        let started_at = Instant::now();
        let result = match self.request(head, target, body) {
            Ok(request) => send_plain((&self.host, self.port), request, FORWARD_TIMEOUT).await,
            Err(error) => Err(TransportError::Setup {
                reason: error.to_string(),
            }),
        };
        ForwardedPush {
            result,
            took: started_at.elapsed(),
        }
    }

    fn request(
        &self,
        mut head: http::request::Parts,
        target: &str,
        body: Bytes,
    ) -> Result<http::Request<Full<Bytes>>, http::Error> {
        head.uri = self.target(target).parse()?;
        head.headers = end_to_end(&head.headers);
        head.version = http::Version::HTTP_11;
        Ok(http::Request::from_parts(head, Full::new(body)))
    }
}

/// The headers that are not of one connection, in the order in which they came.
pub(super) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let is_kept = |name: &HeaderName| {
        !HOP_BY_HOP.contains(&name.as_str()) && !named.iter().any(|known| known == name.as_str())
    };
    // Not `remove`, which changes the order of the rest.
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| is_kept(name)) {
        kept.append(name.clone(), value.clone());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_address_stands_in_the_place_of_the_one_that_came() {
        let target = |address: &str| ForwardAddress::parse(address).unwrap().target("/push?a=1");
        assert_eq!(target("http://127.0.0.1:3000"), "/push?a=1");
        assert_eq!(target("http://127.0.0.1:3000/"), "/push?a=1");
        assert_eq!(target("http://app:3000/hooks/x"), "/hooks/x?a=1");
        for (address, host, port) in [
            ("http://localhost", "localhost", 80),
            ("http://[::1]:9", "[::1]", 9),
        ] {
            let parsed = ForwardAddress::parse(address).unwrap();
            assert_eq!((parsed.host.as_str(), parsed.port), (host, port));
        }
        for wrong in [
            "localhost:3000",
            "https://a",
            "http://a/?b",
            "http://u@a",
            "",
        ] {
            assert!(ForwardAddress::parse(wrong).is_err(), "{wrong}");
        }
    }
}
