//! Passes a push on to the program that it is for, with the headers and the body that came.

use crate::inbound::end_to_end;
use crate::transport::{TransportError, send_plain};
use crate::wire::BaseUrl;
use bytes::Bytes;
use http_body_util::Full;
use std::time::{Duration, Instant};

/// How long the program may take. Marketplaces wait shorter.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(30);

/// Why pushes cannot be passed on to an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ForwardAddressError {
    #[error(transparent)]
    Url(#[from] crate::wire::BaseUrlError),
    #[error("`{0}` is not `http`: ingam forwards pushes unencrypted, to a program in this network")]
    NotPlain(String),
}

/// `http://127.0.0.1:3000`, or with a path, which then stands in the place of the one that came.
#[derive(Clone, Debug)]
pub(crate) struct ForwardAddress {
    base: BaseUrl,
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
        Ok(Self { base })
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
            Ok(request) => {
                send_plain(
                    (self.base.host(), self.base.port()),
                    request,
                    FORWARD_TIMEOUT,
                )
                .await
            }
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
            assert_eq!((parsed.base.host(), parsed.base.port()), (host, port));
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
