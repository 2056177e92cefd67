//! The proxies of this user: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. The client
//! reads them itself; here they are only read to name the proxy in an error.

use hyper_util::client::proxy::matcher::Matcher;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The variables of the process that name proxies.
#[derive(Clone)]
pub(crate) struct ProxyVariables(Arc<Matcher>);

impl Default for ProxyVariables {
    fn default() -> Self {
        Self::new(&BTreeMap::new())
    }
}

impl ProxyVariables {
    #[must_use]
    pub(crate) fn new(env: &BTreeMap<String, String>) -> Self {
        let first = |names: [&str; 2]| {
            let found = names.into_iter().find_map(|name| env.get(name));
            found.cloned().unwrap_or_default()
        };
        let matcher = Matcher::builder()
            .all(first(["ALL_PROXY", "all_proxy"]))
            .http(first(["HTTP_PROXY", "http_proxy"]))
            .https(first(["HTTPS_PROXY", "https_proxy"]))
            .no(first(["NO_PROXY", "no_proxy"]))
            .build();
        Self(Arc::new(matcher))
    }

    /// The proxy through which a URL is asked, without user and password.
    #[must_use]
    pub(super) fn proxy_of(&self, url: &str) -> Option<String> {
        let url: http::Uri = url.parse().ok()?;
        let intercept = self.0.intercept(&url)?;
        let proxy = intercept.uri();
        // Its user and password stand in front of the last `@`.
        let authority = proxy.authority()?.as_str();
        let host = authority.rsplit('@').next().unwrap_or_default();
        Some(format!("{}://{host}", proxy.scheme_str().unwrap_or("http")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let env = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            ProxyVariables::new(
                &pairs
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            )
        };
        let proxies = env(&[
            ("https_proxy", "http://me:secret@proxy.example:3128"),
            ("NO_PROXY", "localhost,.internal.example"),
        ]);
        assert_eq!(
            proxies.proxy_of("https://api.example.com").as_deref(),
            Some("http://proxy.example:3128")
        );
        assert_eq!(proxies.proxy_of("https://localhost:8443"), None);
        assert_eq!(proxies.proxy_of("https://a.internal.example"), None);
        assert_eq!(proxies.proxy_of("http://api.example.com"), None);
        assert_eq!(env(&[]).proxy_of("https://api.example.com"), None);
    }
}
