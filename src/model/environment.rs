//! Where requests go and as whom: a named set of hosts, accounts and variables.

use crate::model::request::{SpannedName, TemplateField};
use crate::span::Span;
use crate::value::{ObjectMember, Value};
use std::path::PathBuf;

/// The environment that is always there and needs nothing.
pub(crate) const SANDBOX_ENV: &str = "sandbox";

/// The hosts that schemes name themselves; it needs no entry in `ingam.yaml`.
pub(crate) const LIVE_ENV: &str = "live";

/// The account of a scheme for which none is named.
pub(crate) const DEFAULT_ACCOUNT: &str = "default";

/// In the place of an account's name: each of them.
pub(crate) const ALL_ACCOUNTS: &str = "all";

/// One entry of `envs` in `ingam.yaml`.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub name: String,
    /// The whole entry, from its name on.
    pub at: Span,
    pub vars: Vec<TemplateField>,
    /// Scheme → the name of one of its hosts.
    pub regions: Vec<(String, SpannedName)>,
    /// Scheme → its base URLs here.
    pub hosts: Vec<(String, ConfiguredHosts)>,
    pub tls: TlsSettings,
    pub proxy: Option<ProxyAddress>,
    /// The largest response, in bytes, where it says one.
    pub max_body: Option<u64>,
    /// Where it allows secrets to be sent without encryption.
    pub plain_http: Option<Span>,
    pub accounts: Vec<Account>,
    /// The list of accounts, if there is one.
    pub accounts_at: Option<Span>,
    pub refresh_policy: RefreshPolicy,
}

/// What an environment puts in the place of a scheme's hosts.
#[derive(Clone, Debug)]
pub enum ConfiguredHosts {
    /// One base URL for all of them.
    One(SpannedName),
    /// The scheme's name for a host → the base URL in its place.
    ByName(Vec<(String, SpannedName)>),
}

impl ConfiguredHosts {
    #[must_use]
    pub fn addresses(&self) -> Vec<&SpannedName> {
        match self {
            Self::One(host) => vec![host],
            Self::ByName(hosts) => hosts.iter().map(|(_, host)| host).collect(),
        }
    }
}

/// What it needs for TLS besides what this machine has.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// An authority for the hosts that the environment names itself.
    pub ca: Option<PemFile>,
    /// The certificate that shows who the client is.
    pub client_cert: Option<PemFile>,
}

/// Certificates of the workspace, read when it was loaded: what a person trusts is what is used.
#[derive(Clone, Debug)]
pub struct PemFile {
    pub path: PathBuf,
    pub at: Span,
    pub text: String,
}

/// `http://user@host:port`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyAddress {
    pub at: Span,
    /// Without the user.
    pub url: String,
    pub user: Option<String>,
    /// A password that stands in the file, which is an error; so that it is not shown.
    pub refused_password: Option<String>,
}

/// Whether a run renews tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefreshPolicy {
    #[default]
    Auto,
    /// Tokens are read, and somebody else renews them.
    Never,
}

impl RefreshPolicy {
    pub const WORDS: [(&'static str, Self); 2] = [("auto", Self::Auto), ("never", Self::Never)];
}

impl Environment {
    /// Its own proxy, and those of its accounts.
    pub fn proxies(&self) -> impl Iterator<Item = &ProxyAddress> {
        let accounts = self.accounts.iter().map(|account| &account.proxy);
        std::iter::once(&self.proxy).chain(accounts).flatten()
    }

    /// The hosts in place of those of a scheme.
    #[must_use]
    pub fn configured_hosts(&self, scheme: &str) -> Option<&ConfiguredHosts> {
        let mut hosts = self.hosts.iter();
        hosts
            .find(|(name, _)| name == scheme)
            .map(|(_, hosts)| hosts)
    }

    /// Scheme and base URL of every host that it names.
    pub fn host_addresses(&self) -> impl Iterator<Item = (&str, &SpannedName)> {
        self.hosts.iter().flat_map(|(scheme, hosts)| {
            hosts
                .addresses()
                .into_iter()
                .map(|address| (scheme.as_str(), address))
        })
    }

    /// Whether anything in it is about a scheme.
    #[must_use]
    pub fn names_scheme(&self, scheme: &str) -> bool {
        self.accounts.iter().any(|account| account.scheme == scheme)
            || self.configured_hosts(scheme).is_some()
            || self.regions.iter().any(|(name, _)| name == scheme)
    }
}

/// One shop or seller.
#[derive(Clone, Debug)]
pub struct Account {
    pub scheme: String,
    pub name: String,
    pub at: Span,
    /// In place of that of the environment.
    pub proxy: Option<ProxyAddress>,
    /// Its values that are not secret.
    pub values: Vec<ObjectMember>,
}

impl Account {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}
