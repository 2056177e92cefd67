//! Where requests go and as whom: a named set of hosts, accounts and variables.

use crate::model::request::{SpannedName, TemplateField};
use crate::span::Span;
use crate::value::{ObjectMember, Value};

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
    /// Scheme → a base URL of its own.
    pub hosts: Vec<(String, SpannedName)>,
    pub accounts: Vec<Account>,
    /// The list of accounts, if there is one.
    pub accounts_at: Option<Span>,
    pub refresh_policy: RefreshPolicy,
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
    /// Whether anything in it is about a scheme.
    #[must_use]
    pub fn names_scheme(&self, scheme: &str) -> bool {
        self.accounts.iter().any(|account| account.scheme == scheme)
            || self
                .hosts
                .iter()
                .chain(&self.regions)
                .any(|(name, _)| name == scheme)
    }
}

/// One shop or seller.
#[derive(Clone, Debug)]
pub struct Account {
    pub scheme: String,
    pub name: String,
    pub at: Span,
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
