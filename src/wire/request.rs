//! The exact bytes of a signed request. Only `sign` creates one, and nothing changes it afterwards.

use super::url::BaseUrl;
use crate::method::Method;
use bytes::Bytes;
use url::{Position, Url};

/// A request whose bytes are signed and sent without a change.
#[derive(Clone)]
pub struct WireRequest {
    method: Method,
    base: BaseUrl,
    url: Url,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// Why a request cannot be sent exactly as it is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    #[error("`{written}` would be sent as `{sent}`")]
    Rewritten { written: String, sent: String },
    #[error("`{0}` is not a path")]
    NotAPath(String),
    #[error("the header `{0}` contains a character that is not allowed in a header")]
    InvalidHeader(String),
}

impl WireRequest {
    /// `target` is the path with the query, as in the request line; `headers` are all headers, in
    /// order. Their names get Title-Case (`X-Shop-Name`), which gateways that are particular
    /// expect; the others do not look at it (RFC 9110, section 5.1).
    ///
    /// # Errors
    /// When an HTTP client would send anything else.
    pub fn sealed(
        method: Method,
        base: &BaseUrl,
        target: &str,
        mut headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<Self, WireError> {
        let url = parse_exact_url(base, target)?;
        for (name, value) in &mut headers {
            // Values of templates reach headers: a line end in one would add a header that nobody
            // wrote and the signature does not cover.
            let fine =
                http::HeaderName::from_bytes(name.as_bytes()).is_ok() && is_header_value(value);
            if !fine {
                return Err(WireError::InvalidHeader(name.clone()));
            }
            set_title_case(name);
        }
        Ok(Self {
            method,
            base: base.clone(),
            url,
            headers,
            body,
        })
    }

    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    #[must_use]
    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Path and query, as in the request line.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.url[Position::BeforePath..Position::AfterQuery]
    }

    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    #[must_use]
    pub(crate) fn content_type(&self) -> Option<&str> {
        let mut named = self
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        named.next().map(|(_, value)| value.as_str())
    }

    /// The bytes of the request in HTTP/1.1.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.1\r\n", self.method, self.target()).into_bytes();
        for (name, value) in &self.headers {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
}

/// As the HTTP client spells it: the first letter, and each that follows a hyphen, is a capital.
fn set_title_case(name: &mut str) {
    let mut word_begins = true;
    for at in 0..name.len() {
        let letter = &mut name[at..=at];
        if word_begins {
            letter.make_ascii_uppercase();
        } else {
            letter.make_ascii_lowercase();
        }
        word_begins = letter == "-";
    }
}

/// Headers that follow from the host and the body, so that no file can set them.
pub(crate) const FRAMING_HEADERS: [&str; 4] =
    ["host", "content-length", "transfer-encoding", "connection"];

/// Checks that a target would be sent exactly as it is written, with any host.
///
/// # Errors
/// When an HTTP client would send anything else.
pub(crate) fn check_target(target: &str) -> Result<(), WireError> {
    if is_unreserved_path(target) {
        return Ok(());
    }
    // `.invalid` can never be a real host (RFC 2606, section 2): the base only completes the URL.
    let base = BaseUrl::parse("https://host.invalid")
        .map_err(|_| WireError::NotAPath(target.to_owned()))?;
    parse_exact_url(&base, target).map(|_| ())
}

/// A path of unreserved characters (RFC 3986) without dot segments: no client changes such a path.
fn is_unreserved_path(target: &str) -> bool {
    let is_unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'/' | b'.');
    target.starts_with('/') && !target.contains("/.") && target.bytes().all(is_unreserved)
}

/// The HTTP client sends what `Url` holds, so its spelling must equal the text that is signed.
fn parse_exact_url(base: &BaseUrl, target: &str) -> Result<Url, WireError> {
    match base.exact_url(target) {
        Some(url) => Ok(url),
        None => parse_whole_url(base, target),
    }
}

/// The same from the whole text, which tells what is wrong with a target.
fn parse_whole_url(base: &BaseUrl, target: &str) -> Result<Url, WireError> {
    let written = format!("{}{target}", base.origin());
    let url = Url::parse(&written).map_err(|_| WireError::NotAPath(target.to_owned()))?;
    let sent = &url[Position::BeforePath..Position::AfterQuery];
    if sent == target && url.fragment().is_none() && url.as_str().starts_with(base.origin()) {
        return Ok(url);
    }
    Err(WireError::Rewritten {
        written: target.to_owned(),
        sent: sent.to_owned(),
    })
}

/// Visible ASCII, blanks, tabs and UTF-8. No control characters, and no blanks at either end, which
/// some servers remove before they verify a signature.
#[must_use]
pub(crate) fn is_header_value(value: &str) -> bool {
    // Nearly every value is visible ASCII, and this check needs no decoding.
    let is_visible = value.bytes().all(|byte| byte.is_ascii_graphic());
    is_visible
        || value.trim() == value
            && !value
                .chars()
                .any(|letter| letter.is_control() && letter != '\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seal(target: &str) -> Result<WireRequest, WireError> {
        let base = BaseUrl::parse("https://api.example").unwrap();
        WireRequest::sealed(Method::Get, &base, target, Vec::new(), Bytes::new())
    }

    #[test]
    fn what_a_client_would_change_is_refused() {
        for target in [
            "/a/../b",
            "/a b",
            "/%2e%2e/b",
            "/가",
            "/x?a='",
            "/x?a=\"",
            "/a\\b",
            "/x#f",
            "//\u{7f}",
            "/x?a=<b>",
        ] {
            assert!(seal(target).is_err(), "{target}");
        }
        for target in [
            "/a/b",
            "/a/./b",
            "/a/..",
            "/.a",
            "/a//b",
            "/a.b/c_d~e-f",
            "/a%20b",
            "/가",
        ] {
            assert_eq!(
                check_target(target).is_ok(),
                seal(target).is_ok(),
                "{target}"
            );
        }
        for target in [
            "/",
            "/x?",
            "/x?a=%zz",
            "/x?a=%ea%B0",
            "//a",
            "/x?a=b+c&&d",
            "/a;b=c",
            "/x?a=~[]{}|^`",
        ] {
            assert_eq!(
                seal(target).map(|request| request.target().to_owned()),
                Ok(target.to_owned())
            );
        }
    }

    proptest! {
        #[test]
        fn a_target_in_parts_is_what_the_whole_url_is(
            target in r#"/?([a-z0-9._~가\\ /?&=+%;:@!*'"<>|^`{}#\[\]\t\n-]|%2[eE]|\.\./|\./){0,12}"#,
            base in prop::sample::select(vec![
                "https://api.example", "http://127.0.0.1:9000", "http://[::1]:80/base", "https://a.example/b/c",
            ]),
        ) {
            let base = BaseUrl::parse(base);
            prop_assume!(base.is_ok());
            let base = base.unwrap();
            if let Some(url) = base.exact_url(&target) {
                prop_assert_eq!(Ok(url), parse_whole_url(&base, &target));
            }
        }
    }

    #[test]
    fn a_plain_target_needs_no_whole_url() {
        let base = BaseUrl::parse("https://api.example/base").unwrap();
        let url = base.exact_url("/v2/items?limit=5&q=%EB%AC%B4").unwrap();
        assert_eq!(
            url.as_str(),
            "https://api.example/v2/items?limit=5&q=%EB%AC%B4"
        );
        assert_eq!(base.exact_url("/a/../b"), None);
        assert_eq!(base.exact_url("items"), None);
    }

    #[test]
    fn a_header_cannot_smuggle_another() {
        let base = BaseUrl::parse("https://api.example").unwrap();
        let with = |value: &str| {
            WireRequest::sealed(
                Method::Get,
                &base,
                "/",
                vec![("x".to_owned(), value.to_owned())],
                Bytes::new(),
            )
        };
        assert!(with("a\r\nb: c").is_err() && with("a\0").is_err() && with(" a").is_err());
        assert!(with("무선").is_ok());
    }
}
