//! Resolves the account, credentials and host of a request, once for each scheme, level and
//! account.

use super::given_host::{GivenHost, described_environment};
use super::network_route::NetworkSettings;
use crate::credentials::{
    CredentialError, CredentialNeeds, CredentialOwner, CredentialSources, KnownVariables,
    UnknownVariable, suggested_variable,
};
use crate::diagnostic::{did_you_mean, join_names};
use crate::model::environment::{Account, ConfiguredHosts, DEFAULT_ACCOUNT};
use crate::model::request::SpannedName;
use crate::model::scheme::{
    CredentialScope, HostChoice, HostValueError, Level, PLAIN_SCHEME, Scheme, Token,
};
use crate::model::workspace::Workspace;
use crate::sandbox::{SandboxOrigins, TestCredentialError, test_account};
use crate::sign::{NamedValues, members_used};
use crate::span::Span;
use crate::transport::Route;
use crate::value::Value;
use crate::wire::BaseUrl;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Why the account, the credentials or the host of a request cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccessError {
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error("{reason}")]
    Account {
        reason: String,
        hint: Option<String>,
    },
    #[error("the scheme `{scheme}` has no host `{region}`")]
    Region { scheme: String, region: String },
    #[error(
        "`region` of the account `{account}` in environment `{environment}` is not text: {value}"
    )]
    RegionNotText {
        account: String,
        environment: String,
        /// As JSON.
        value: String,
    },
    #[error("the environment `{environment}` has no host for `{scheme}`")]
    NoHost { environment: String, scheme: String },
    #[error("`hosts` of the environment `{environment}` has no `{host}` for `{scheme}`")]
    UnnamedHost {
        environment: String,
        scheme: String,
        host: String,
    },
    #[error(transparent)]
    HostValue(#[from] HostValueError),
    #[error(transparent)]
    TestCredential(#[from] TestCredentialError),
    #[error("{reason}")]
    Untrusted { reason: NotTrusted },
}

/// A host or scheme that the user has not allowed to get secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not trusted yet: {subject}")]
pub(crate) struct NotTrusted {
    pub subject: String,
    /// What to do.
    pub way_out: String,
}

impl AccessError {
    /// What to do.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Credential(error) => error.hint(),
            Self::Account { hint, .. } => hint.clone(),
            Self::RegionNotText { .. } => Some(
                "write the name of a host of the scheme, in quotes if it is a number: `ingam scheme show` lists the hosts"
                    .to_owned(),
            ),
            Self::NoHost {
                environment,
                scheme,
            } => Some(format!(
                "write in ingam.yaml: `envs: {{ {environment}: {{ hosts: {{ {scheme}: \"https://…\" }} }} }}`"
            )),
            Self::UnnamedHost { scheme, host, .. } => Some(format!(
                "the call goes to this host: add `{host}: \"https://…\"`, or write one address for all hosts: `{scheme}: \"https://…\"`"
            )),
            Self::Untrusted { reason } => Some(reason.way_out.clone()),
            _ => None,
        }
    }
}

/// One scheme as one account.
pub(crate) struct AccountAccess {
    pub(crate) account: String,
    /// The scheme's own name for the host, also where the environment names another.
    pub(crate) region: String,
    /// The address of that host.
    pub(crate) base: BaseUrl,
    /// The address that the calls go to; a level or a path can have another host.
    pub(crate) call_base: BaseUrl,
    /// The hosts that the account has of its own, by the scheme's name for them.
    pub(crate) account_hosts: Vec<(String, BaseUrl)>,
    pub(crate) route: Route,
    pub(crate) credentials: NamedValues,
    /// Fields of tokens that are configured like credentials. If it has an access token, requests
    /// are signed with it, and nothing is renewed.
    pub(crate) given_token: NamedValues,
}

impl AccountAccess {
    /// Whether requests go to the same hosts with both.
    #[must_use]
    pub(crate) fn is_at_hosts_of(&self, other: &Self) -> bool {
        self.base == other.base && self.account_hosts == other.account_hosts
    }
}

/// Where secrets of a scheme are to go.
#[derive(Clone, Copy)]
pub(crate) struct SecretDestination<'a> {
    pub(crate) scheme: &'a Scheme,
    /// The account's name.
    pub(crate) account: &'a str,
    pub(crate) base: &'a BaseUrl,
    /// A person is signing in, and sees the host: it may be one of the account's own, below the
    /// marketplace's domain.
    pub(crate) is_login: bool,
}

/// Whether a scheme's secrets may go to a host in this way; without a destination, whether requests
/// may go this way at all.
pub(super) type TrustCheck<'w> =
    Box<dyn Fn(Option<SecretDestination<'_>>, NetworkSettings<'_>) -> Result<(), NotTrusted> + 'w>;

/// Where credentials and hosts come from in this run.
pub(crate) enum AccessEnvironment<'w> {
    /// Test keys, and the addresses that the sandbox listens on.
    Sandbox(SandboxOrigins),
    /// The user's own credentials. `trusts` checks a host before any of them is read for it.
    Configured {
        credentials: CredentialSources,
        trusts: TrustCheck<'w>,
    },
    /// Nothing is sent: test keys replace the credentials that are missing.
    DryRun(CredentialSources),
}

impl AccessEnvironment<'_> {
    /// What the user should know about the files that credentials were read from.
    #[must_use]
    pub(crate) fn credential_warning(&self) -> Option<&str> {
        match self {
            Self::Sandbox(_) => None,
            Self::Configured { credentials, .. } | Self::DryRun(credentials) => {
                credentials.warning.as_deref()
            }
        }
    }

    /// Variables that look like the user's own and that nothing reads.
    #[must_use]
    pub(crate) fn unknown_variables(&self, known: &KnownVariables<'_>) -> Vec<UnknownVariable> {
        match self {
            Self::Sandbox(_) => Vec::new(),
            Self::Configured { credentials, .. } | Self::DryRun(credentials) => {
                known.find_unknown(credentials)
            }
        }
    }

    /// Every configured secret, with the name that replaces it in output.
    #[must_use]
    pub(crate) fn secrets(&self, schemes: &[Arc<Scheme>]) -> Vec<(String, &str)> {
        match self {
            Self::Sandbox(_) => Vec::new(),
            Self::Configured { credentials, .. } | Self::DryRun(credentials) => {
                let mut secrets = credentials.secrets(schemes);
                secrets.extend(credentials.all_user_secrets());
                secrets
            }
        }
    }
}

/// Scheme, level, account and host of a call.
type AccessKey = (String, String, String, HostChoice);

/// Resolves accesses, and keeps them for the run.
pub(crate) struct AccessResolver<'w> {
    pub(super) workspace: &'w Workspace,
    pub(super) name: String,
    pub(super) environment: AccessEnvironment<'w>,
    /// In place of every host of their schemes.
    given_hosts: Vec<GivenHost>,
    cache: RefCell<HashMap<AccessKey, Rc<AccountAccess>>>,
    /// The variable `account` of templates, by scheme and account.
    template_accounts: RefCell<HashMap<(String, String), Value>>,
}

impl<'w> AccessResolver<'w> {
    /// Whether every response comes from the sandbox.
    #[must_use]
    pub(crate) fn is_sandbox(&self) -> bool {
        matches!(self.environment, AccessEnvironment::Sandbox(_))
    }

    #[must_use]
    pub(crate) fn new(
        workspace: &'w Workspace,
        name: &str,
        environment: AccessEnvironment<'w>,
        given_hosts: Vec<GivenHost>,
    ) -> Self {
        Self {
            workspace,
            name: name.to_owned(),
            environment,
            given_hosts,
            cache: RefCell::default(),
            template_accounts: RefCell::default(),
        }
    }

    /// The environment as reports name it.
    #[must_use]
    pub(crate) fn described_environment(&self) -> String {
        described_environment(&self.name, &self.given_hosts)
    }

    /// The host that whoever runs it put in the place of those of a scheme.
    #[must_use]
    pub(crate) fn given_host(&self, scheme: &str) -> Option<&BaseUrl> {
        let given = self.given_hosts.iter().find(|given| given.scheme == scheme);
        given.map(|given| &given.base)
    }

    /// # Errors
    /// When no account or more than one fits, a credential is missing, or there is no host.
    pub(crate) fn resolve_cached(
        &self,
        (scheme, level, host): (&Scheme, &Level, &HostChoice),
        account: Option<&str>,
        on_new: &dyn Fn(&AccountAccess),
    ) -> Result<Rc<AccountAccess>, AccessError> {
        let key = (
            scheme.name.clone(),
            level.name.clone(),
            account.unwrap_or_default().to_owned(),
            host.clone(),
        );
        if let Some(known) = self.cache.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let account = self.account(scheme, account)?;
        let access = Rc::new(self.resolve_as(scheme, level, host, account, false)?);
        // Registers the secrets: before the first use, and once, since adding a secret to the
        // redactor costs more than a look-up here.
        on_new(&access);
        self.cache.borrow_mut().insert(key, Rc::clone(&access));
        Ok(access)
    }

    /// The account that a file or the command line names, or the only one there is.
    ///
    /// # Errors
    /// When the name is unknown, or none is named and there are several.
    pub(crate) fn account(
        &self,
        scheme: &Scheme,
        named: Option<&str>,
    ) -> Result<Option<&'w Account>, AccessError> {
        let accounts = self.workspace.accounts(&self.name, &scheme.name);
        let names = || accounts.iter().map(|account| account.name.as_str());
        let Some(named) = named else {
            return match accounts.as_slice() {
                [] => Ok(None),
                [only] => Ok(Some(only)),
                _ => Err(self.ambiguous_account(scheme, names())),
            };
        };
        // The account of a file holds for all its steps, and those of the plain scheme need none.
        if accounts.is_empty() && scheme.name == PLAIN_SCHEME {
            return Ok(None);
        }
        accounts
            .iter()
            .copied()
            .find(|account| account.name == named)
            .map(Some)
            .ok_or_else(|| self.unknown_account(scheme, named, names()))
    }

    fn unknown_account<'n>(
        &self,
        scheme: &Scheme,
        named: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> AccessError {
        AccessError::Account {
            reason: format!(
                "`{}` has no account `{named}` in environment `{}`",
                scheme.name, self.name
            ),
            hint: did_you_mean(named, names).or_else(|| {
                Some("add it under `envs` in ingam.yaml, or choose another account".to_owned())
            }),
        }
    }

    fn ambiguous_account<'n>(
        &self,
        scheme: &Scheme,
        names: impl Iterator<Item = &'n str>,
    ) -> AccessError {
        AccessError::Account {
            reason: format!(
                "`{}` has the accounts {} in environment `{}`, but the request chooses none",
                scheme.name,
                join_names(names, "and"),
                self.name
            ),
            hint: Some("write `account: NAME` in the file, or pass `--account NAME`".to_owned()),
        }
    }

    /// The access of the application itself: the account may not exist yet.
    ///
    /// # Errors
    /// When a credential of the application is missing, or there is no host.
    pub(crate) fn app_access(
        &self,
        scheme: &Scheme,
        account: Option<&'w Account>,
    ) -> Result<AccountAccess, AccessError> {
        let host = &HostChoice::OfRegion;
        self.resolve_as(scheme, open_level(scheme), host, account, false)
    }

    /// The same for signing in, where a host of the account need not be trusted yet. No secret may
    /// be sent with it before the person has authorized that account.
    ///
    /// # Errors
    /// When a credential of the application is missing, or there is no host.
    pub(crate) fn login_access(
        &self,
        scheme: &Scheme,
        account: Option<&'w Account>,
    ) -> Result<AccountAccess, AccessError> {
        let host = &HostChoice::OfRegion;
        self.resolve_as(scheme, open_level(scheme), host, account, true)
    }

    fn resolve_as(
        &self,
        scheme: &Scheme,
        level: &Level,
        host: &HostChoice,
        account: Option<&'w Account>,
        is_login: bool,
    ) -> Result<AccountAccess, AccessError> {
        let name = account
            .map_or(DEFAULT_ACCOUNT, |account| account.name.as_str())
            .to_owned();
        let region = self.region(scheme, account)?.to_owned();
        let hosts = self.call_hosts(scheme, &region, host, account)?;
        let owner = self.owner(account);
        let needs = Self::required_values(scheme, level);
        let network = self.network_settings(scheme, account, &hosts.call_base);
        let mut route = Route::default();
        let (credentials, given_token) = match &self.environment {
            AccessEnvironment::Sandbox(_) => {
                let values = test_account(scheme, &name, account)?;
                (values.clone(), values)
            }
            AccessEnvironment::Configured {
                credentials,
                trusts,
            } => {
                // Before the credentials are read: a workspace from a stranger can name any host.
                // Token requests go to hosts of a map that no call goes to.
                let named = self.addresses_of_map(scheme)?;
                for base in hosts.addresses().into_iter().chain(&named) {
                    let to = SecretDestination {
                        scheme,
                        account: &name,
                        base,
                        is_login,
                    };
                    trusts(Some(to), network)
                        .map_err(|reason| AccessError::Untrusted { reason })?;
                }
                route = network.route(scheme, owner, credentials, &self.workspace.root)?;
                credentials.resolve(scheme, owner, &needs)?
            }
            AccessEnvironment::DryRun(credentials) => {
                with_test_keys(credentials, scheme, owner, &needs, &name)?
            }
        };
        Ok(AccountAccess {
            account: name,
            region,
            base: hosts.base,
            call_base: hosts.call_base,
            account_hosts: hosts.account_hosts,
            route,
            credentials,
            given_token,
        })
    }

    /// The access to an address of a response, which gets nothing but the request: only the proxy
    /// of the environment is used for it.
    ///
    /// # Errors
    /// When the proxy is not trusted, or its password is missing.
    pub(crate) fn external(
        &self,
        scheme: &Scheme,
        base: &BaseUrl,
    ) -> Result<AccountAccess, AccessError> {
        let environment = self.workspace.environment(&self.name);
        let network = NetworkSettings {
            proxy: environment.and_then(|environment| environment.proxy.as_ref()),
            ..NetworkSettings::default()
        };
        let owner = CredentialOwner {
            environment: &self.name,
            account: None,
        };
        let mut route = Route::default();
        if let AccessEnvironment::Configured {
            credentials,
            trusts,
        } = &self.environment
        {
            trusts(None, network).map_err(|reason| AccessError::Untrusted { reason })?;
            route = network.route(scheme, owner, credentials, &self.workspace.root)?;
        }
        Ok(AccountAccess::external(base.clone(), route.for_address()))
    }

    /// How the host of a scheme is reached in this environment.
    fn network_settings(
        &self,
        scheme: &Scheme,
        account: Option<&'w Account>,
        base: &BaseUrl,
    ) -> NetworkSettings<'w> {
        let environment = self.workspace.environment(&self.name);
        let names_host = self.given_host(&scheme.name).is_none()
            && self.configured_hosts(scheme).is_some()
            && !self.workspace.is_scheme_host(base.host());
        let proxy = account.and_then(|account| account.proxy.as_ref());
        NetworkSettings::new(environment, proxy, names_host)
    }

    /// The environment variable that sets a credential of an account.
    #[must_use]
    pub(crate) fn credential_variable(
        &self,
        scheme: &Scheme,
        named: Option<&str>,
        name: &str,
    ) -> String {
        // An account that is not known has no variables of its own: then the variable that holds
        // for every account is the right advice.
        let account = self.account(scheme, named).ok().flatten();
        suggested_variable(
            scheme,
            CredentialOwner {
                environment: &self.name,
                account,
            },
            name,
        )
    }

    /// The environment variable that holds a credential of an account: the one in which it was found,
    /// else the one that sets it.
    #[must_use]
    pub(crate) fn holding_variable(
        &self,
        scheme: &Scheme,
        named: Option<&str>,
        name: &str,
    ) -> String {
        let owner = CredentialOwner {
            environment: &self.name,
            account: self.account(scheme, named).ok().flatten(),
        };
        let found = match &self.environment {
            AccessEnvironment::Configured { credentials, .. } => {
                credentials.found_variable(&scheme.name, owner, name)
            }
            _ => None,
        };
        found.unwrap_or_else(|| self.credential_variable(scheme, named, name))
    }

    /// The variable `account` of templates. An account that is unknown or not named is an empty
    /// object: not every template uses it, and [`Self::resolve_cached`] reports it.
    ///
    /// # Errors
    /// When a credential of the account cannot be read.
    pub(crate) fn template_account(
        &self,
        scheme: &Scheme,
        named: Option<&str>,
    ) -> Result<Value, AccessError> {
        let key = (scheme.name.clone(), named.unwrap_or_default().to_owned());
        if let Some(known) = self.template_accounts.borrow().get(&key) {
            return Ok(known.clone());
        }
        let account = self.resolve_template_account(scheme, named)?;
        self.template_accounts
            .borrow_mut()
            .insert(key, account.clone());
        Ok(account)
    }

    fn resolve_template_account(
        &self,
        scheme: &Scheme,
        named: Option<&str>,
    ) -> Result<Value, AccessError> {
        let Ok(account) = self.account(scheme, named) else {
            return Ok(Value::Object(Vec::new()));
        };
        let name = account.map_or(DEFAULT_ACCOUNT, |account| account.name.as_str());
        let owner = CredentialOwner {
            environment: &self.name,
            account,
        };
        let credentials = match &self.environment {
            AccessEnvironment::Sandbox(_) => test_account(scheme, name, account)?,
            AccessEnvironment::Configured { credentials, .. }
            | AccessEnvironment::DryRun(credentials) => {
                credentials
                    .find_all(scheme, owner, &CredentialNeeds::default())?
                    .credentials
            }
        };
        Ok(template_account(scheme, name, account, &credentials))
    }

    /// Fails if sending the request would fail for its credentials; for explanations, which use
    /// test keys instead.
    ///
    /// # Errors
    /// When a credential is missing or cannot be read.
    pub(crate) fn check_credentials(
        &self,
        scheme: &Scheme,
        level: &Level,
        named: Option<&str>,
    ) -> Result<(), AccessError> {
        let AccessEnvironment::DryRun(credentials) = &self.environment else {
            return Ok(());
        };
        let owner = CredentialOwner {
            environment: &self.name,
            account: self.account(scheme, named)?,
        };
        credentials.resolve(scheme, owner, &Self::required_values(scheme, level))?;
        Ok(())
    }

    /// The credentials and token fields that the level's templates use, and the credentials that
    /// issue its token.
    fn required_values(scheme: &Scheme, level: &Level) -> CredentialNeeds {
        let mut needs = CredentialNeeds {
            credentials: members_used(&level.procedure, "cred"),
            token: Vec::new(),
        };
        let Some(token) = scheme.token_for_level(level) else {
            return needs;
        };
        // The level's own templates rarely use the credentials that its token is issued with, so
        // all credentials of the scheme are required.
        if token.issue.is_some() {
            let names = scheme.credentials.iter().map(|own| own.name.clone());
            needs.credentials.extend(names);
        }
        let key_names = token.key_credentials.iter();
        needs
            .credentials
            .extend(key_names.filter(|name| *name != "account").cloned());
        let used = members_used(&level.procedure, "token");
        let fields = token.fields().into_iter().map(str::to_owned);
        needs.token = fields.filter(|field| used.contains(field)).collect();
        needs
    }

    /// The region of the account, else that of the environment, else `live`.
    fn region<'r>(
        &'r self,
        scheme: &Scheme,
        account: Option<&'r Account>,
    ) -> Result<&'r str, AccessError> {
        if let Some(account) = account
            && let Some(region) = account.get("region")
        {
            // Another region in its place could be the live one.
            return region.as_str().ok_or_else(|| AccessError::RegionNotText {
                account: account.name.clone(),
                environment: self.name.clone(),
                value: region.to_json(),
            });
        }
        let environment = self.workspace.environment(&self.name);
        let region = environment.and_then(|environment| {
            environment
                .regions
                .iter()
                .find(|(name, _)| *name == scheme.name)
        });
        Ok(region.map_or("live", |(_, region)| region.name.as_str()))
    }

    /// The host of the command line, or those that the environment names; they replace every host
    /// of the scheme.
    pub(super) fn configured_hosts(&self, scheme: &Scheme) -> Option<ConfiguredHosts> {
        if let Some(given) = self.given_host(&scheme.name) {
            return Some(ConfiguredHosts::One(SpannedName {
                name: given.as_str().to_owned(),
                at: Span::default(),
            }));
        }
        let environment = self.workspace.environment(&self.name)?;
        environment.configured_hosts(&scheme.name).cloned()
    }

    /// Every address that the environment has in the place of a host of the scheme, by its name.
    fn addresses_of_map(&self, scheme: &Scheme) -> Result<Vec<BaseUrl>, AccessError> {
        let Some(ConfiguredHosts::ByName(hosts)) = self.configured_hosts(scheme) else {
            return Ok(Vec::new());
        };
        let parse = |host: &SpannedName| {
            let base = BaseUrl::parse(&host.name);
            base.map_err(|_| self.no_host(scheme))
        };
        hosts.iter().map(|(_, host)| parse(host)).collect()
    }

    pub(super) fn no_host(&self, scheme: &Scheme) -> AccessError {
        AccessError::NoHost {
            environment: self.name.clone(),
            scheme: scheme.name.clone(),
        }
    }

    pub(super) fn owner(&self, account: Option<&'w Account>) -> CredentialOwner<'_> {
        CredentialOwner {
            environment: &self.name,
            account,
        }
    }

    /// The base URL of each token request of a scheme, by the label of its host.
    ///
    /// # Errors
    /// When the scheme has no such host.
    pub(crate) fn token_request_bases(
        &self,
        scheme: &Scheme,
        token: &Token,
        access: &AccountAccess,
    ) -> Result<Vec<(Option<String>, String)>, AccessError> {
        token
            .all_requests()
            .map(|request| {
                let host = request.host.region_for(&access.region);
                let base = self.region_base(scheme, host, access)?;
                Ok((request.host.label(), base.as_str().to_owned()))
            })
            .collect()
    }

    /// The base URL of another host of the scheme in this environment: token requests can go to
    /// another host than API requests.
    ///
    /// # Errors
    /// When the scheme has no such host, or the account has no value for it.
    pub(crate) fn region_base(
        &self,
        scheme: &Scheme,
        name: Option<&str>,
        access: &AccountAccess,
    ) -> Result<BaseUrl, AccessError> {
        match name {
            None => Ok(access.base.clone()),
            Some(name) => self.named_base(scheme, name, access),
        }
    }
}

/// The level of calls that need no token.
fn open_level(scheme: &Scheme) -> &Level {
    let mut levels = scheme.levels.iter();
    levels
        .find(|level| level.token.is_none())
        .unwrap_or(&scheme.levels[scheme.default_level])
}

/// The name of an account, its credentials that are not secret, and its other values.
fn template_account(
    scheme: &Scheme,
    name: &str,
    account: Option<&Account>,
    credentials: &NamedValues,
) -> Value {
    let mut members = vec![("name".into(), Value::from(name))];
    for credential in scheme
        .credentials
        .iter()
        .filter(|credential| !credential.is_secret && credential.scope == CredentialScope::Account)
    {
        if let Some(value) = credentials.get(&credential.name) {
            members.push((credential.name.as_str().into(), value.clone()));
        }
    }
    for (key, value) in account.iter().flat_map(|account| &account.values) {
        if !members.iter().any(|(known, _)| known == key) {
            members.push((key.clone(), value.clone()));
        }
    }
    Value::Object(members)
}

/// For a dry run: test keys replace the credentials that are missing.
fn with_test_keys(
    credentials: &CredentialSources,
    scheme: &Scheme,
    owner: CredentialOwner<'_>,
    needs: &CredentialNeeds,
    name: &str,
) -> Result<(NamedValues, NamedValues), AccessError> {
    let found = credentials.find_all(scheme, owner, needs)?;
    let (mut values, token) = (found.credentials, found.token);
    let test = test_account(scheme, name, owner.account)?;
    for missing in &found.missing {
        // Without a test key, a text that nobody takes for a real one in the output.
        let test_value = test
            .get(&missing.name)
            .cloned()
            .unwrap_or_else(|| Value::from(format!("missing-{}", missing.name)));
        values.set(&missing.name, test_value);
    }
    Ok((values, token))
}
