//! Patterns for the hosts that a person allows: `*.review.example.com`, where `*` is one label.

use std::fmt;
use url::{Host, Url};

/// Why a text is no pattern for hosts. Every message starts with the text as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostPatternError {
    #[error("`{0}` is neither a host name nor a pattern such as `*.example.com`")]
    NotAHost(String),
    #[error(
        "`{0}` has a `*` in its last two labels: the pattern would match hosts of other owners"
    )]
    TooWide(String),
    #[error("`{0}` has a `*` next to other characters: `*` must be a whole label between dots")]
    PartialLabel(String),
    #[error("`{0}` is an IP address: use a host name")]
    IpAddress(String),
    #[error("`{0}` is plain `http`, which is allowed only for the loopback interface")]
    PlainHttp(String),
    #[error("`{0}` has no port between 1 and 65535")]
    Port(String),
}

/// Which hosts, at which protocol and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    /// As it was written.
    text: String,
    is_https: bool,
    /// `None` is any one label.
    labels: Vec<Option<String>>,
    port: PortPattern,
    is_loopback: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PortPattern {
    /// That of the protocol.
    Default,
    Exact(u16),
    Any,
}

impl HostPattern {
    /// `[https://]HOST[:PORT]`; for the loopback interface `http://` as well, and `*` as the port.
    ///
    /// # Errors
    /// When it is no host name, or so wide that it fits hosts of other owners.
    pub(crate) fn parse(text: &str) -> Result<Self, HostPatternError> {
        let written = || text.to_owned();
        let (is_https, rest) = match text.split_once("://") {
            None => (true, text),
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => return Err(HostPatternError::NotAHost(written())),
        };
        let (host, port) = split_port(rest);
        let is_loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let port = match port {
            None => PortPattern::Default,
            Some("*") if is_loopback => PortPattern::Any,
            Some(digits) => PortPattern::Exact(
                parse_port(digits).ok_or_else(|| HostPatternError::Port(written()))?,
            ),
        };
        if !is_https && !is_loopback {
            return Err(HostPatternError::PlainHttp(written()));
        }
        let labels = if is_loopback {
            vec![Some(host.to_owned())]
        } else {
            parse_labels(text, host)?
        };
        Ok(Self {
            text: written(),
            is_https,
            labels,
            port,
            is_loopback,
        })
    }

    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Whether it names another port than that of its protocol.
    #[must_use]
    pub(crate) fn names_port(&self) -> bool {
        self.port != PortPattern::Default
    }

    /// Whether protocol, host and port of a URL are those of the pattern.
    #[must_use]
    pub(crate) fn fits(&self, url: &Url) -> bool {
        let is_protocol = url.scheme() == if self.is_https { "https" } else { "http" };
        let is_port = match self.port {
            // `Url` keeps no port that is the default of its protocol.
            PortPattern::Default => url.port().is_none(),
            PortPattern::Exact(port) => url.port_or_known_default() == Some(port),
            PortPattern::Any => true,
        };
        is_protocol && is_port && self.fits_host(url)
    }

    fn fits_host(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Domain(name)) if !self.is_loopback => {
                let labels: Vec<&str> = name.split('.').collect();
                labels.len() == self.labels.len()
                    && labels.iter().zip(&self.labels).all(|(label, wanted)| {
                        !label.is_empty() && wanted.as_deref().is_none_or(|wanted| wanted == *label)
                    })
            }
            Some(_) if self.is_loopback => {
                url.host_str() == self.labels.first().and_then(Option::as_deref)
            }
            _ => false,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One label of a host name (RFC 1123, section 2.1), in lower case.
#[must_use]
pub(crate) fn is_dns_label(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && bytes.iter().all(|byte| is_letter(*byte) || *byte == b'-')
        && bytes.first().is_some_and(|byte| is_letter(*byte))
        && bytes.last().is_some_and(|byte| is_letter(*byte))
}

fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        // The colons inside of `[::1]` separate no port.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|port| is_number && *port != 0 && !digits.starts_with('0'))
}

fn parse_labels(text: &str, host: &str) -> Result<Vec<Option<String>>, HostPatternError> {
    let written = || text.to_owned();
    // What the parser of URLs makes of it: an address in any spelling, such as `0x7f.1`, is one.
    let probe = host.replace('*', "x");
    match Host::parse(&probe) {
        Ok(Host::Domain(name)) if name == probe => {}
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(HostPatternError::IpAddress(written())),
        Ok(Host::Domain(_)) | Err(_) => return Err(HostPatternError::NotAHost(written())),
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*'))
    };
    let labels: Vec<&str> = host.split('.').collect();
    if labels.len() < 2 || !labels.iter().all(|label| is_label(label)) {
        return Err(HostPatternError::NotAHost(written()));
    }
    if labels
        .iter()
        .any(|label| label.contains('*') && *label != "*")
    {
        return Err(HostPatternError::PartialLabel(written()));
    }
    // `*.com` fits everybody's hosts, and so does `api.*`.
    if labels[labels.len() - 2..].contains(&"*") {
        return Err(HostPatternError::TooWide(written()));
    }
    let labels = labels.into_iter();
    Ok(labels
        .map(|label| (label != "*").then(|| label.to_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, url: &str) -> bool {
        HostPattern::parse(pattern)
            .unwrap()
            .fits(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_star_is_one_label_and_nothing_else() {
        let pattern = "*.s3.example.com";
        assert!(fits(pattern, "https://bucket.s3.example.com/a?b"));
        for url in [
            "https://s3.example.com/",
            "https://a.b.s3.example.com/",
            "https://bucket.s3.example.com.evil.test/",
            "https://bucket-s3.example.com/",
            "http://bucket.s3.example.com/",
            "https://bucket.s3.example.com:8443/",
            "https://bucket.s3.example.com./",
            "https://.s3.example.com/",
        ] {
            assert!(!fits(pattern, url), "{url}");
        }
        assert!(fits(
            "https://a.example.com:8443",
            "https://a.example.com:8443/"
        ));
        assert!(!fits(
            "https://a.example.com:8443",
            "https://a.example.com/"
        ));
        assert!(fits("http://127.0.0.1:*", "http://127.0.0.1:4711/x"));
        assert!(fits("localhost:*", "https://localhost/x"));
        assert!(!fits("http://127.0.0.1:*", "http://127.0.0.2:4711/x"));
        assert!(fits("http://[::1]:*", "http://[::1]:4711/x"));
    }

    #[test]
    fn a_pattern_that_fits_hosts_of_others_is_none() {
        for text in [
            "*",
            "*.com",
            "*.*",
            "a.*",
            "a.b.*",
            "s3-*.example.com",
            "com",
            "",
            "127.0.0.2",
            "10.0.0.1",
            "0x7f.1",
            "[::2]",
            "2130706433",
            "a..b",
            ".a.b",
            "a.b.",
            "A.example.com",
            "a.example.com:*",
            "a.example.com:0",
            "a.example.com:080",
            "a.example.com:x",
            "a.example.com:65536",
            "http://a.example.com",
            "ftp://a.example.com",
            "a.b/c",
            "u@a.b",
            "a b.example.com",
            "무.example.com",
            "127.0.0.1:",
            "a.%65xample.com",
            "*.0x1",
        ] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
    }
}
