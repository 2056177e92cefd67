//! The hosts of a scheme, fixed or with a credential of the account in them, and which of them a
//! call goes to.

use crate::span::Span;
use crate::wire::{BaseUrl, BaseUrlError, HostPattern, is_dns_label};
use std::fmt;

/// A place that secrets of the scheme may go to.
#[derive(Clone, Debug)]
pub struct SchemeHost {
    pub region: String,
    pub at: Span,
    pub address: HostAddress,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostAddress {
    /// Scheme, host and base path, without a slash at the end.
    Fixed(String),
    /// Each account has a host of its own.
    OfAccount(AccountHost),
}

/// `https://{{ cred.mall_id }}.cafe24api.com/api`: literal but for one credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountHost {
    /// The protocol and the labels before the value.
    pub before: String,
    /// An account credential that is not secret.
    pub credential: String,
    pub part: HostPart,
    /// The rest of the host, the port and the base path, without a slash at the end.
    pub after: String,
}

/// What a credential stands for in a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostPart {
    /// One label between two dots.
    Label,
    /// The whole host name.
    HostName,
}

/// Why the value of a credential gives no host. Every message starts with the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostValueError {
    #[error(
        "`{0}` is not one DNS label: use lower-case letters, digits and `-` inside, at most 63 of them"
    )]
    Label(String),
    #[error(
        "`{0}` is not a host name: use lower-case labels with dots between them, without protocol, port and path"
    )]
    HostName(String),
    #[error(transparent)]
    Address(#[from] BaseUrlError),
}

impl HostPart {
    /// # Errors
    /// When the value could lead anywhere else than to a host below the literal rest.
    pub fn check(self, value: &str) -> Result<(), HostValueError> {
        match self {
            Self::Label if is_dns_label(value) => Ok(()),
            Self::Label => Err(HostValueError::Label(value.to_owned())),
            Self::HostName if is_host_name(value) => Ok(()),
            Self::HostName => Err(HostValueError::HostName(value.to_owned())),
        }
    }
}

/// A name with at least two labels: no address, no name of this machine, no port.
fn is_host_name(value: &str) -> bool {
    let is_name = value.len() <= 253 && value.split('.').all(is_dns_label);
    // `HostPattern` refuses what a parser of URLs takes for an address, such as `0x7f.1`.
    is_name && HostPattern::parse(value).is_ok_and(|pattern| !pattern.is_loopback())
}

impl AccountHost {
    /// The base URL for a value of the credential.
    ///
    /// # Errors
    /// When the value gives no host.
    pub fn base_url(&self, value: &str) -> Result<BaseUrl, HostValueError> {
        self.part.check(value)?;
        Ok(BaseUrl::parse(&format!(
            "{}{value}{}",
            self.before, self.after
        ))?)
    }

    /// A base URL of no account, for what needs only the literal parts. The name is reserved
    /// (RFC 6761, section 6.4).
    #[must_use]
    pub fn example(&self) -> String {
        let value = match self.part {
            HostPart::Label => "account",
            HostPart::HostName => "account.invalid",
        };
        format!("{}{value}{}", self.before, self.after)
    }

    /// The domain that the hosts of all accounts are below; `None` where each has a whole name.
    #[must_use]
    pub fn shared_domain(&self) -> Option<&str> {
        let after = self.after.split(['/', ':']).next()?;
        let (_, domain) = after.split_once('.')?;
        (self.part == HostPart::Label).then_some(domain)
    }

    /// Whether a host name can be that of an account. Of a whole name nothing is known.
    #[must_use]
    pub fn fits(&self, host: &str) -> bool {
        let after = self.after.split(['/', ':']).next().unwrap_or_default();
        let before = self.before.rsplit('/').next().unwrap_or_default();
        self.part == HostPart::Label
            && host
                .strip_suffix(after)
                .and_then(|rest| rest.strip_prefix(before))
                .is_some_and(is_dns_label)
    }
}

impl SchemeHost {
    /// The base URL as text; of a host of accounts one that no account has.
    #[must_use]
    pub fn example_url(&self) -> String {
        match &self.address {
            HostAddress::Fixed(url) => url.clone(),
            HostAddress::OfAccount(host) => host.example(),
        }
    }

    /// The base URL, unless each account has its own.
    #[must_use]
    pub fn fixed_url(&self) -> Option<&str> {
        match &self.address {
            HostAddress::Fixed(url) => Some(url),
            HostAddress::OfAccount(_) => None,
        }
    }

    #[must_use]
    pub fn account_host(&self) -> Option<&AccountHost> {
        match &self.address {
            HostAddress::Fixed(_) => None,
            HostAddress::OfAccount(host) => Some(host),
        }
    }

    /// Whether a host name, without protocol, port and path, is one of this entry.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        match &self.address {
            HostAddress::Fixed(url) => host_name(url) == name,
            HostAddress::OfAccount(host) => host.fits(name),
        }
    }
}

/// As it is written.
impl fmt::Display for SchemeHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            HostAddress::Fixed(url) => f.write_str(url),
            HostAddress::OfAccount(host) => write!(
                f,
                "{}{{{{ cred.{} }}}}{}",
                host.before, host.credential, host.after
            ),
        }
    }
}

/// Without protocol, port and path.
fn host_name(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.split(':').next().unwrap_or(authority)
}

/// Which of a scheme's hosts something goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum HostChoice {
    /// That of the region.
    #[default]
    OfRegion,
    /// One of the scheme's own hosts.
    Fixed(String),
    /// By the region that requests go to.
    ByRegion(Vec<(String, String)>),
}

impl HostChoice {
    /// The host when requests go to `region`; `None` says that of the region itself.
    #[must_use]
    pub fn region_for(&self, region: &str) -> Option<&str> {
        match self {
            Self::OfRegion => None,
            Self::Fixed(host) => Some(host),
            Self::ByRegion(hosts) => hosts
                .iter()
                .find(|(from, _)| from == region)
                .map(|(_, to)| to.as_str()),
        }
    }

    /// What tells it from another choice of the same scheme: `auth`, `live=auth,test=test_auth`.
    /// `None` for the host of the region.
    #[must_use]
    pub fn label(&self) -> Option<String> {
        match self {
            Self::OfRegion => None,
            Self::Fixed(host) => Some(host.clone()),
            Self::ByRegion(hosts) => {
                let pairs: Vec<String> = hosts
                    .iter()
                    .map(|(from, to)| format!("{from}={to}"))
                    .collect();
                Some(pairs.join(","))
            }
        }
    }

    /// Every host that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let (one, several) = match self {
            Self::OfRegion => (None, None),
            Self::Fixed(host) => (Some(host), None),
            Self::ByRegion(hosts) => (None, Some(hosts)),
        };
        let several = several.into_iter().flatten().map(|(_, to)| to);
        one.into_iter().chain(several).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(part: HostPart, before: &str, after: &str) -> AccountHost {
        AccountHost {
            before: before.to_owned(),
            credential: "shop".to_owned(),
            part,
            after: after.to_owned(),
        }
    }

    #[test]
    fn a_label_leads_to_no_other_host() {
        let mall = host(HostPart::Label, "https://", ".mall.example:8443/api");
        let url = mall.base_url("my-shop1").unwrap();
        assert_eq!(url.as_str(), "https://my-shop1.mall.example:8443/api");
        for value in [
            "",
            "a.b",
            "a/",
            "evil.example/",
            "evil.example#",
            "evil.example?",
            "a@b",
            "a:80",
            "-a",
            "a-",
            "A",
            "a_b",
            "a b",
            "a%2e",
            "a\\",
            "무",
            "a\n",
            "a\0",
            &"a".repeat(64),
        ] {
            assert!(mall.base_url(value).is_err(), "{value:?}");
        }
        assert!(mall.base_url(&"a".repeat(63)).is_ok());
    }

    #[test]
    fn a_host_name_brings_no_port_path_user_or_address() {
        let store = host(HostPart::HostName, "https://", "/wp-json/wc/v3");
        let url = store.base_url("shop.example.co.kr").unwrap();
        assert_eq!(url.as_str(), "https://shop.example.co.kr/wp-json/wc/v3");
        for value in [
            "",
            "shop",
            "localhost",
            "127.0.0.1",
            "10.0.0.1",
            "0x7f.1",
            "2130706433",
            "[::1]",
            "a.example:8080",
            "a.example/x",
            "a.example?x",
            "a.example#x",
            "u@a.example",
            "u:p@a.example",
            "https://a.example",
            "a.example.",
            ".a.example",
            "a..example",
            "*.a.example",
            "A.example",
            "a b.example",
            "a\\.example",
            "무.example",
            "a.example\n",
            "a.%65xample",
        ] {
            assert!(store.base_url(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn the_hosts_of_accounts_are_known_by_their_domain() {
        let mall = host(HostPart::Label, "https://", ".mall.example/api");
        assert!(mall.fits("shop.mall.example"));
        for name in [
            "mall.example",
            "a.b.mall.example",
            "shop.mall.example.evil.test",
            "",
        ] {
            assert!(!mall.fits(name), "{name}");
        }
        assert!(!host(HostPart::HostName, "https://", "").fits("shop.example"));
    }
}
