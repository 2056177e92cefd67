//! An address that a response gave: where it may lead, and its parts as they are written.

use super::host_pattern::HostPattern;
use super::url::BaseUrl;
use url::{Host, Url};

/// Why an address is not asked. No text holds its query, which is signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExternalUrlError {
    #[error("the address is not a URL that begins with `https://`")]
    NotAUrl,
    #[error("the address contains a user")]
    UserInfo,
    #[error("the address has a fragment")]
    Fragment,
    #[error("the host `{0}` is an IP address or this machine")]
    IpAddress(String),
    #[error("the address would be called without encryption: `{0}`")]
    PlainHttp(String),
    #[error("the address has a port: `{0}`")]
    Port(String),
    #[error("`{host}` is not a host that `external` allows: {allowed}")]
    OtherHost { host: String, allowed: String },
    #[error("the address would be changed when it is sent")]
    Rewritten,
}

/// The address in parts. Joined they are the text, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternalUrl {
    pub(crate) base: BaseUrl,
    /// Begins with a slash.
    pub(crate) path: String,
    /// Without the `?`.
    pub(crate) query: String,
}

impl ExternalUrl {
    /// With no patterns any public host may be asked, with `https` at its usual port.
    ///
    /// # Errors
    /// When the text is no such address.
    pub(crate) fn parse(text: &str, patterns: &[HostPattern]) -> Result<Self, ExternalUrlError> {
        let url = Url::parse(text).map_err(|_| ExternalUrlError::NotAUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ExternalUrlError::NotAUrl);
        }
        let (origin, path, query) = split(text)?;
        let authority = origin.split_once("://").map_or("", |(_, rest)| rest);
        if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
            return Err(ExternalUrlError::UserInfo);
        }
        let base = BaseUrl::parse(origin).map_err(|_| ExternalUrlError::Rewritten)?;
        check_host(&url, &base, patterns)?;
        Ok(Self {
            base,
            path: path.to_owned(),
            query: query.to_owned(),
        })
    }
}

/// Origin, path and query of the text as it is written.
fn split(text: &str) -> Result<(&str, &str, &str), ExternalUrlError> {
    if text.contains('#') {
        return Err(ExternalUrlError::Fragment);
    }
    let start = text.find("://").ok_or(ExternalUrlError::NotAUrl)? + 3;
    let end = text[start..]
        .find(['/', '?'])
        .map_or(text.len(), |at| start + at);
    let (path, query) = match text[end..].split_once('?') {
        Some((path, query)) => (path, query),
        None => (&text[end..], ""),
    };
    // What the client sends for an address without a path.
    let path = if path.is_empty() { "/" } else { path };
    Ok((&text[..end], path, query))
}

fn check_host(url: &Url, base: &BaseUrl, patterns: &[HostPattern]) -> Result<(), ExternalUrlError> {
    if patterns.iter().any(|pattern| pattern.fits(url)) {
        return Ok(());
    }
    if base.is_loopback() || !matches!(url.host(), Some(Host::Domain(_))) {
        return Err(ExternalUrlError::IpAddress(base.host().to_owned()));
    }
    if !patterns.is_empty() {
        let allowed: Vec<String> = patterns
            .iter()
            .map(|pattern| format!("`{pattern}`"))
            .collect();
        return Err(ExternalUrlError::OtherHost {
            host: base.origin().to_owned(),
            allowed: allowed.join(", "),
        });
    }
    if !base.is_https() {
        return Err(ExternalUrlError::PlainHttp(base.origin().to_owned()));
    }
    if url.port().is_some() {
        return Err(ExternalUrlError::Port(base.authority().to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<HostPattern> {
        let texts = texts.iter();
        texts
            .map(|text| HostPattern::parse(text).unwrap())
            .collect()
    }

    #[test]
    fn an_address_is_taken_apart_without_a_change() {
        let text = "https://b.s3.example.com/a%2Fb/c+d?X-Amz-Signature=ab%2B&x=~";
        let url = ExternalUrl::parse(text, &patterns(&["*.s3.example.com"])).unwrap();
        assert_eq!(
            format!("{}{}?{}", url.base.origin(), url.path, url.query),
            text
        );
        let url = ExternalUrl::parse("https://a.example.com", &[]).unwrap();
        assert_eq!((url.path.as_str(), url.query.as_str()), ("/", ""));
        let url = ExternalUrl::parse("https://a.example.com?b", &[]).unwrap();
        assert_eq!((url.path.as_str(), url.query.as_str()), ("/", "b"));
    }

    /// Spellings of this machine, of its network, and of hosts that only look like the one that is
    /// allowed.
    #[test]
    fn no_spelling_of_a_private_address_is_asked() {
        let allowed = patterns(&["*.s3.example.com"]);
        let spellings = [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://127.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://017700000001/",
            "https://0x7f.1/",
            "https://127.0.0.1./",
            "https://0/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[fe80::1%25eth0]/",
            "https://10.0.0.1/",
            "https://10.1/",
            "https://192.168.1.1/",
            "https://3232235777/",
            "https://172.16.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://0xa9fea9fe/",
            "https://１２７.０.０.１/",
            "https://127。0。0。1/",
            "https://①②⑦.0.0.1/",
            "https://%31%32%37.0.0.1/",
            "https://b.s3.example.com@127.0.0.1/",
            "https://127.0.0.1#.s3.example.com/",
            "https://127.0.0.1\\.s3.example.com/",
            "https://127.0.0.1?.s3.example.com/",
            "https:127.0.0.1",
            "https:///127.0.0.1/",
            "http://b.s3.example.com/",
            "https://b.s3.example.com:8443/",
            "https://b.s3.example.com:80/",
            "https://localhost/",
            "https://localhost./",
            "https://LOCALHOST/",
            "https://b.s3.example.com./",
            "https://B.s3.example.com/",
            "//b.s3.example.com/",
            "/a",
            "",
            "b.s3.example.com/a",
            "file:///etc/passwd",
            "ftp://b.s3.example.com/",
            "https://b.s3.example.com/#x",
            "https://u:p@b.s3.example.com/",
            "https://b.s3.example.com.evil.test/",
            "https://evil.test/b.s3.example.com",
            "https://b\n.s3.example.com/",
            " https://b.s3.example.com/",
        ];
        for text in spellings {
            assert!(ExternalUrl::parse(text, &allowed).is_err(), "{text:?}");
        }
        // Without patterns, as a hop of a redirect.
        for text in &spellings[..39] {
            assert!(ExternalUrl::parse(text, &[]).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_loopback_pattern_allows_what_it_says() {
        let allowed = patterns(&["http://127.0.0.1:*"]);
        assert!(ExternalUrl::parse("http://127.0.0.1:4711/a?b", &allowed).is_ok());
        assert!(ExternalUrl::parse("http://127.0.0.2:4711/a?b", &allowed).is_err());
        assert!(ExternalUrl::parse("http://localhost:4711/a?b", &allowed).is_err());
    }
}
