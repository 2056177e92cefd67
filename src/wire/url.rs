//! A host with its base path: the part of a URL that scheme and environment own.

use std::fmt;
use std::sync::Arc;

/// Why a text is not the base URL of a host. Every message starts with the text as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    #[error("`{text}` is not a URL: {source}")]
    NotAUrl {
        text: String,
        source: ::url::ParseError,
    },
    #[error("`{0}` is neither `http` nor `https`")]
    Protocol(String),
    #[error("`{0}` names a user")]
    UserInfo(String),
    #[error("`{0}` has a query or a fragment")]
    QueryOrFragment(String),
    #[error("`{written}` would be sent as `{sent}`: write the latter")]
    Rewritten { written: String, sent: String },
}

/// `https://host:port/base`, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    text: String,
    /// Bytes of `https://`.
    scheme_len: usize,
    /// Bytes up to the base path.
    origin_len: usize,
    is_loopback: bool,
    /// Parsed once, for the URL of each request.
    origin_url: Arc<::url::Url>,
}

impl BaseUrl {
    /// # Errors
    /// When it is not `http` or `https`, names a user, has a query or a fragment, or would be
    /// rewritten by an HTTP client.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let url = ::url::Url::parse(text).map_err(|source| BaseUrlError::NotAUrl {
            text: text.to_owned(),
            source,
        })?;
        check_components(text, &url)?;
        let trimmed = text.trim_end_matches('/');
        let origin_len = url[..::url::Position::BeforePath].len();
        if url.as_str().trim_end_matches('/') != trimmed {
            // The host is signed as it is written here. If the parser spells it differently
            // (capital letters, a default port, dot segments), the marketplace would verify another
            // text.
            return Err(BaseUrlError::Rewritten {
                written: text.to_owned(),
                sent: url.into(),
            });
        }
        Ok(Self {
            text: trimmed.to_owned(),
            scheme_len: url.scheme().len() + 3,
            origin_len: origin_len.min(trimmed.len()),
            is_loopback: is_loopback(&url),
            origin_url: Arc::new(url),
        })
    }

    /// The URL of a target, where its parts alone say that a client would send it as it is written:
    /// to parse the host again with each request costs as much as all the rest of the URL.
    pub(super) fn exact_url(&self, target: &str) -> Option<::url::Url> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let mut url = (*self.origin_url).clone();
        url.set_path(path);
        url.set_query(query);
        let sent = &url[::url::Position::BeforePath..::url::Position::AfterQuery];
        (sent == target).then_some(url)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `https://host:port`
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.text[..self.origin_len]
    }

    /// `host:port`, as the `host` header has it.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.text[self.scheme_len..self.origin_len]
    }

    /// Without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.authority();
        match authority.rsplit_once(':') {
            // The colons inside of `[::1]` separate no port.
            Some((host, port)) if !port.ends_with(']') => host,
            _ => authority,
        }
    }

    /// The one that is named, or that of the protocol.
    #[must_use]
    pub(crate) fn port(&self) -> u16 {
        let named = &self.authority()[self.host().len()..];
        let default = if self.is_https() { 443 } else { 80 };
        // One that is no number was refused when the URL was read.
        named.trim_start_matches(':').parse().unwrap_or(default)
    }

    /// Empty, or begins with a slash and does not end with one.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.text[self.origin_len..]
    }

    #[must_use]
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// An address of this machine; the name `localhost` and everything in 127.0.0.0/8 and `[::1]`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The same base path at another origin, for the sandbox, which replaces a marketplace at a
    /// loopback address.
    #[must_use]
    pub fn with_origin(&self, origin: &str) -> Option<Self> {
        Self::parse(&format!("{origin}{}", self.path())).ok()
    }
}

/// # Errors
/// When the URL has another protocol than HTTP, or a part that a base URL must not have.
fn check_components(text: &str, url: &::url::Url) -> Result<(), BaseUrlError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BaseUrlError::Protocol(text.to_owned()));
    }
    // `https://known.example@evil.example` looks like one host and connects to another. The parser
    // drops an empty user (`https://@host`), so the text itself is searched as well.
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err(BaseUrlError::UserInfo(text.to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(BaseUrlError::QueryOrFragment(text.to_owned()));
    }
    Ok(())
}

/// Whether an origin (`http://host:port`) is of this machine, also with a default port, which
/// [`BaseUrl`] refuses because it would be signed as it is written.
#[must_use]
pub(crate) fn is_loopback_origin(text: &str) -> bool {
    ::url::Url::parse(text).is_ok_and(|url| {
        check_components(text, &url).is_ok() && url.path() == "/" && is_loopback(&url)
    })
}

fn is_loopback(url: &::url::Url) -> bool {
    match url.host() {
        // No other name, and no lookup: a name that resolves to 127.0.0.1 now can resolve to
        // another host when the request is sent.
        Some(::url::Host::Domain(name)) => name == "localhost",
        Some(::url::Host::Ipv4(address)) => address.is_loopback(),
        Some(::url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_taken_apart() {
        let url = BaseUrl::parse("https://api.commerce.naver.com/external").unwrap();
        assert_eq!(
            (url.origin(), url.authority(), url.path()),
            (
                "https://api.commerce.naver.com",
                "api.commerce.naver.com",
                "/external"
            )
        );
        let url = BaseUrl::parse("http://127.0.0.1:9000").unwrap();
        assert_eq!(
            (url.authority(), url.path(), url.is_loopback()),
            ("127.0.0.1:9000", "", true)
        );
    }

    #[test]
    fn what_hides_another_host_is_refused() {
        for text in [
            "ftp://a",
            "https://a@b",
            "https://user:pass@b",
            "https://a?x",
            "https://a#x",
            "a",
            "https://A.example",
            "https://a/../b",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
        for text in [
            "http://10.0.0.1",
            "http://localhost.example",
            "http://[::2]",
            "https://127.0.0.1.example",
        ] {
            assert!(!BaseUrl::parse(text).unwrap().is_loopback(), "{text}");
        }
    }
}
