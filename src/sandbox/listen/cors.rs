//! Which pages of a browser may call the sandbox (the CORS protocol of the Fetch standard).

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Method};

const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// An origin that no browser sends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an origin")]
pub struct NotAnOrigin(pub String);

/// The origins of pages that may call the sandbox; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// # Errors
    /// When a text is not written as a browser sends it: protocol, host, and a port other than that
    /// of the protocol.
    pub fn parse(texts: &[String]) -> Result<Self, NotAnOrigin> {
        for text in texts {
            let origin = url::Url::parse(text).map(|url| url.origin().ascii_serialization());
            if origin.as_ref() != Ok(text) || !text.starts_with("http") {
                return Err(NotAnOrigin(text.clone()));
            }
        }
        Ok(Self(texts.to_vec()))
    }

    /// Whether a page of this origin may call the sandbox.
    #[must_use]
    pub(crate) fn allows(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }

    fn of_request<'h>(&self, headers: &'h HeaderMap) -> Option<&'h HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        origin
            .to_str()
            .is_ok_and(|origin| self.allows(origin))
            .then_some(origin)
    }

    /// The headers of the response to a preflight of an allowed page; `None` for any other request.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<HeaderMap> {
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD);
        let wanted = wanted.filter(|_| method == Method::OPTIONS)?;
        let mut allowed = self.response_headers(headers)?;
        allowed.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
        allowed.insert(ACCESS_CONTROL_ALLOW_METHODS, wanted.clone());
        // The names that are asked for: what a marketplace signs with, only its scheme knows.
        if let Some(names) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            allowed.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        // A page of the internet that calls this machine.
        if headers.contains_key(REQUEST_PRIVATE_NETWORK) {
            allowed.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
        }
        // The next sandbox on this port may allow other pages.
        allowed.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("0"));
        Some(allowed)
    }

    /// What a response to an allowed page has besides; `None` for any other request.
    pub(crate) fn response_headers(&self, headers: &HeaderMap) -> Option<HeaderMap> {
        let origin = self.of_request(headers)?;
        let mut allowed = HeaderMap::new();
        allowed.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        allowed.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
        allowed.insert(VARY, HeaderValue::from_static("Origin"));
        Some(allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_a_browser_sends_it() {
        for (text, is_origin) in [
            ("http://localhost:3000", true),
            ("https://shop.example", true),
            ("http://[::1]:3000", true),
            ("*", false),
            ("null", false),
            ("localhost:3000", false),
            ("http://localhost:3000/", false),
            ("http://localhost:80", false),
            ("http://LOCALHOST", false),
            ("http://user@localhost", false),
            ("file:///tmp/page.html", false),
            ("ftp://shop.example", false),
            ("", false),
        ] {
            let parsed = AllowedOrigins::parse(&[text.to_owned()]);
            assert_eq!(parsed.is_ok(), is_origin, "{text}");
        }
    }
}
