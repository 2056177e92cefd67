//! Which scheme a marketplace's own host belongs to, for the forward proxy.

use crate::model::scheme::{AccountHost, HostAddress, Scheme};
use url::Url;

/// Where a client of the proxy wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProxyTarget {
    pub(crate) is_https: bool,
    /// In small letters, without a dot at its end.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl ProxyTarget {
    /// `https://host`, and the port if it is not that of the protocol.
    pub(crate) fn origin(&self) -> String {
        let protocol = if self.is_https { "https" } else { "http" };
        if self.port == default_port(self.is_https) {
            format!("{protocol}://{}", self.host)
        } else {
            format!("{protocol}://{}:{}", self.host, self.port)
        }
    }

    /// Whether a `Host` header names it.
    pub(crate) fn is_named_by(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        host.strip_prefix(&self.host).is_some_and(|rest| {
            rest == format!(":{}", self.port)
                || rest.is_empty() && self.port == default_port(self.is_https)
        })
    }
}

pub(crate) const fn default_port(is_https: bool) -> u16 {
    if is_https { 443 } else { 80 }
}

/// A host of a scheme.
struct KnownHost {
    /// The place of its scheme in the list of those that are played.
    scheme: usize,
    address: KnownAddress,
    is_https: bool,
    port: u16,
    /// Without a slash at its end.
    base_path: String,
}

enum KnownAddress {
    Fixed(String),
    OfAccount(AccountHost),
}

/// The hosts of all schemes that are played.
pub(crate) struct KnownHosts(Vec<KnownHost>);

impl KnownHosts {
    pub(crate) fn of<'s>(schemes: impl Iterator<Item = &'s Scheme>) -> Self {
        let hosts = schemes.enumerate().flat_map(|(index, scheme)| {
            scheme.hosts.iter().filter_map(move |host| {
                let url = Url::parse(&host.example_url()).ok()?;
                let is_https = url.scheme() == "https";
                Some(KnownHost {
                    scheme: index,
                    address: match &host.address {
                        HostAddress::Fixed(_) => KnownAddress::Fixed(url.host_str()?.to_owned()),
                        HostAddress::OfAccount(host) => KnownAddress::OfAccount(host.clone()),
                    },
                    is_https,
                    port: url.port_or_known_default()?,
                    base_path: url.path().trim_end_matches('/').to_owned(),
                })
            })
        });
        Self(hosts.collect())
    }

    /// Whether it is a host of any scheme.
    pub(crate) fn contains(&self, target: &ProxyTarget) -> bool {
        self.0.iter().any(|known| known.is(target))
    }

    /// The schemes that have the host, and of those the ones whose base path is nearest to a path:
    /// one if the host belongs to one scheme.
    pub(crate) fn routes(&self, target: &ProxyTarget, path: &str) -> Vec<ProxyRoute<'_>> {
        let mut routes: Vec<ProxyRoute<'_>> = self
            .0
            .iter()
            .filter(|known| known.is(target) && is_path_below(path, &known.base_path))
            .map(|known| ProxyRoute {
                scheme: known.scheme,
                base_path: &known.base_path,
            })
            .collect();
        let longest = routes.iter().map(|route| route.base_path.len()).max();
        routes.retain(|route| Some(route.base_path.len()) == longest);
        routes.dedup_by_key(|route| route.scheme);
        routes
    }
}

/// The scheme that a call through the proxy is for.
pub(crate) struct ProxyRoute<'h> {
    /// The place of the scheme in the list of those that are played.
    pub(crate) scheme: usize,
    pub(crate) base_path: &'h str,
}

impl KnownHost {
    fn is(&self, target: &ProxyTarget) -> bool {
        let is_host = match &self.address {
            KnownAddress::Fixed(host) => *host == target.host,
            KnownAddress::OfAccount(host) => host.fits(&target.host),
        };
        is_host && self.is_https == target.is_https && self.port == target.port
    }
}

fn is_path_below(path: &str, base: &str) -> bool {
    path.strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// The domains that certificates are made for, so that a client of the proxy finds each host of
/// these schemes: of a host that each account has its own of, the part that all share.
#[must_use]
pub(crate) fn certificate_domains<'s>(schemes: impl Iterator<Item = &'s Scheme>) -> Vec<String> {
    let hosts = schemes.flat_map(|scheme| &scheme.hosts);
    let mut domains: Vec<String> = hosts
        .filter_map(|host| match &host.address {
            HostAddress::Fixed(url) => {
                let url = Url::parse(url).ok()?;
                match url.host()? {
                    url::Host::Domain(name) => Some(name.to_owned()),
                    // An address of the network is nobody's to play.
                    _ => None,
                }
            }
            HostAddress::OfAccount(host) => host.shared_domain().map(str::to_owned),
        })
        .collect();
    domains.sort();
    domains.dedup();
    domains
}
