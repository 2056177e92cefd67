//! A host with its base path: the part of a URL that scheme and environment own.

use std::fmt;

/// `https://host:port/base`, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    text: String,
    /// Bytes of `https://`.
    scheme_len: usize,
    /// Bytes up to the base path.
    origin_len: usize,
    is_loopback: bool,
}

impl BaseUrl {
    /// # Errors
    /// In words, when it is not `http` or `https`, names a user, has a query or a fragment, or
    /// would be rewritten by an HTTP client.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url =
            ::url::Url::parse(text).map_err(|error| format!("`{text}` is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("`{text}` is neither `http` nor `https`"));
        }
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err(format!("`{text}` names a user"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("`{text}` has a query or a fragment"));
        }
        let trimmed = text.trim_end_matches('/');
        let origin_len = url[..::url::Position::BeforePath].len();
        if url.as_str().trim_end_matches('/') != trimmed {
            return Err(format!("`{text}` would be sent as `{url}`: write it so"));
        }
        Ok(Self {
            text: trimmed.to_owned(),
            scheme_len: url.scheme().len() + 3,
            origin_len: origin_len.min(trimmed.len()),
            is_loopback: is_loopback(&url),
        })
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

    /// The same host and base path at another origin; for the sandbox, which plays a marketplace at
    /// its own address.
    #[must_use]
    pub fn with_origin(&self, origin: &str) -> Option<Self> {
        Self::parse(&format!("{origin}{}", self.path())).ok()
    }
}

fn is_loopback(url: &::url::Url) -> bool {
    match url.host() {
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
