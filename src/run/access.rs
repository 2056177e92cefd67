//! As whom and where a request goes: account, credentials, host. Worked out once for each scheme
//! and account.

use crate::credentials::{
    CredentialError, CredentialNeeds, CredentialOwner, CredentialSources, suggested_variable,
};
use crate::diagnostic::{did_you_mean, join_names};
use crate::event::ErrorClass;
use crate::model::environment::{Account, DEFAULT_ACCOUNT};
use crate::model::scheme::{CredentialScope, Level, PLAIN_SCHEME, Scheme, Token};
use crate::model::workspace::Workspace;
use crate::sandbox::{SandboxOrigins, TestCredentialError, test_account};
use crate::sign::{NamedValues, members_used};
use crate::value::Value;
use crate::wire::BaseUrl;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Why a request cannot go anywhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error("{reason}")]
    Account {
        reason: String,
        hint: Option<String>,
    },
    #[error("the scheme `{scheme}` has no host `{region}`")]
    Region { scheme: String, region: String },
    #[error("the environment `{environment}` names no host for `{scheme}`")]
    NoHost { environment: String, scheme: String },
    #[error(transparent)]
    TestCredential(#[from] TestCredentialError),
    #[error("not trusted yet: {what}")]
    Untrusted { what: String, environment: String },
}

impl AccessError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Credential(CredentialError::Missing { missing, .. }) => {
                let lines = missing.iter().map(|missing| {
                    let about = missing
                        .description
                        .as_ref()
                        .map(|about| format!("   ({about})"))
                        .unwrap_or_default();
                    format!("  {}{about}", missing.variable)
                });
                Some(format!(
                    "set in the environment or in `.env`:\n{}",
                    lines.collect::<Vec<_>>().join("\n")
                ))
            }
            Self::Account { hint, .. } => hint.clone(),
            Self::NoHost {
                environment,
                scheme,
            } => Some(format!(
                "write in ingam.yaml: `envs: {{ {environment}: {{ hosts: {{ {scheme}: \"https://…\" }} }} }}`"
            )),
            Self::Untrusted { environment, .. } => Some(format!(
                "look at it, and then say so with `ingam trust --env {environment}`"
            )),
            _ => None,
        }
    }
}

/// One scheme as one account.
pub(crate) struct AccountAccess {
    pub(crate) account: String,
    /// The scheme's own name for the host, also where the environment names another.
    pub(crate) region: String,
    pub(crate) base: BaseUrl,
    pub(crate) credentials: NamedValues,
    /// Fields of tokens that were given like credentials; one with an access token is used as it
    /// is.
    pub(crate) given_token: NamedValues,
}

/// Says whether a scheme's secrets may go to a host, and in words why not.
pub(super) type TrustCheck<'w> = Box<dyn Fn(&Scheme, &BaseUrl) -> Result<(), String> + 'w>;

/// Where credentials and hosts come from in this run.
pub(crate) enum AccessEnvironment<'w> {
    /// Test keys, and the addresses that the sandbox listens on.
    Sandbox(SandboxOrigins),
    /// The user's own; `trusts` says whether something may get a secret, and why not.
    Configured {
        credentials: CredentialSources,
        trusts: TrustCheck<'w>,
    },
    /// Nothing is sent: keys are names of themselves where they are missing.
    DryRun(CredentialSources),
}

impl AccessEnvironment<'_> {
    /// Every secret that credentials hold, with the name it is shown by.
    #[must_use]
    pub(crate) fn secrets(&self, schemes: &[Arc<Scheme>]) -> Vec<(String, &str)> {
        match self {
            Self::Sandbox(_) => Vec::new(),
            Self::Configured { credentials, .. } | Self::DryRun(credentials) => {
                credentials.secrets(schemes)
            }
        }
    }
}

/// Everything that was worked out already.
pub(crate) struct AccessResolver<'w> {
    workspace: &'w Workspace,
    name: String,
    environment: AccessEnvironment<'w>,
    cache: RefCell<HashMap<(String, String, String), Rc<AccountAccess>>>,
    /// What templates see as `account`, by scheme and account.
    template_accounts: RefCell<HashMap<(String, String), Value>>,
}

impl<'w> AccessResolver<'w> {
    #[must_use]
    pub(crate) fn new(
        workspace: &'w Workspace,
        name: &str,
        environment: AccessEnvironment<'w>,
    ) -> Self {
        Self {
            workspace,
            name: name.to_owned(),
            environment,
            cache: RefCell::default(),
            template_accounts: RefCell::default(),
        }
    }

    /// # Errors
    /// When no account or more than one fits, a credential is missing, or there is no host.
    pub(crate) fn resolve_cached(
        &self,
        scheme: &Scheme,
        level: &Level,
        account: Option<&str>,
        on_new: &dyn Fn(&AccountAccess),
    ) -> Result<Rc<AccountAccess>, AccessError> {
        let key = (
            scheme.name.clone(),
            level.name.clone(),
            account.unwrap_or_default().to_owned(),
        );
        if let Some(known) = self.cache.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let access = Rc::new(self.resolve(scheme, level, account)?);
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
                _ => Err(AccessError::Account {
                    reason: format!(
                        "`{}` has the accounts {} in environment `{}`, and none is named",
                        scheme.name,
                        join_names(names(), "and"),
                        self.name
                    ),
                    hint: Some(
                        "write `account: NAME` in the file, or pass `--account NAME`".to_owned(),
                    ),
                }),
            };
        };
        if accounts.is_empty() && scheme.name == PLAIN_SCHEME {
            return Ok(None);
        }
        accounts
            .iter()
            .copied()
            .find(|account| account.name == named)
            .map(Some)
            .ok_or_else(|| AccessError::Account {
                reason: format!(
                    "`{}` has no account `{named}` in environment `{}`",
                    scheme.name, self.name
                ),
                hint: did_you_mean(named, names())
                    .or_else(|| Some("accounts stand under `envs` in ingam.yaml".to_owned())),
            })
    }

    /// As the application: an account, where one is given, need not be there yet.
    ///
    /// # Errors
    /// When a credential of the application is missing, or there is no host.
    pub(crate) fn app_access(
        &self,
        scheme: &Scheme,
        account: Option<&Account>,
    ) -> Result<AccountAccess, AccessError> {
        let open = scheme
            .levels
            .iter()
            .find(|level| level.token.is_none())
            .unwrap_or(&scheme.levels[scheme.default_level]);
        self.resolve_as(scheme, open, account)
    }

    fn resolve(
        &self,
        scheme: &Scheme,
        level: &Level,
        named: Option<&str>,
    ) -> Result<AccountAccess, AccessError> {
        self.resolve_as(scheme, level, self.account(scheme, named)?)
    }

    fn resolve_as(
        &self,
        scheme: &Scheme,
        level: &Level,
        account: Option<&Account>,
    ) -> Result<AccountAccess, AccessError> {
        let name = account
            .map_or(DEFAULT_ACCOUNT, |account| account.name.as_str())
            .to_owned();
        let region = self.region(scheme, account);
        let base = self.base(scheme, &region)?;
        let owner = CredentialOwner {
            environment: &self.name,
            account,
        };
        let needs = Self::required_values(scheme, level);
        let (credentials, given_token) = match &self.environment {
            AccessEnvironment::Sandbox(_) => {
                let values = test_account(scheme, &name, account)?;
                (values.clone(), values)
            }
            AccessEnvironment::Configured {
                credentials,
                trusts,
            } => {
                trusts(scheme, &base).map_err(|what| AccessError::Untrusted {
                    what,
                    environment: self.name.clone(),
                })?;
                credentials.resolve(scheme, owner, &needs)?
            }
            AccessEnvironment::DryRun(credentials) => {
                with_test_keys(credentials, scheme, owner, &needs, &name)?
            }
        };
        Ok(AccountAccess {
            account: name,
            region,
            base,
            credentials,
            given_token,
        })
    }

    /// The variable that brings a credential of an account.
    #[must_use]
    pub(crate) fn credential_variable(
        &self,
        scheme: &Scheme,
        named: Option<&str>,
        name: &str,
    ) -> String {
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

    /// What templates see as `account`. It demands nothing: what a template then misses, it says
    /// itself.
    #[must_use]
    pub(crate) fn template_account(&self, scheme: &Scheme, named: Option<&str>) -> Value {
        let key = (scheme.name.clone(), named.unwrap_or_default().to_owned());
        self.template_accounts
            .borrow_mut()
            .entry(key)
            .or_insert_with(|| self.resolve_template_account(scheme, named))
            .clone()
    }

    fn resolve_template_account(&self, scheme: &Scheme, named: Option<&str>) -> Value {
        let Ok(account) = self.account(scheme, named) else {
            return Value::Object(Vec::new());
        };
        let name = account.map_or(DEFAULT_ACCOUNT, |account| account.name.as_str());
        let owner = CredentialOwner {
            environment: &self.name,
            account,
        };
        let credentials = match &self.environment {
            // The sandbox did not start if this fails. A dry run reports it where the credentials of
            // a request are resolved.
            AccessEnvironment::Sandbox(_) => {
                test_account(scheme, name, account).unwrap_or_default()
            }
            AccessEnvironment::Configured { credentials, .. } => credentials
                .find_all(scheme, owner, &CredentialNeeds::default())
                .map(|found| found.credentials)
                .unwrap_or_default(),
            AccessEnvironment::DryRun(credentials) => {
                let found = credentials
                    .find_all(scheme, owner, &CredentialNeeds::default())
                    .map(|found| found.credentials);
                found.unwrap_or_else(|_| test_account(scheme, name, account).unwrap_or_default())
            }
        };
        template_account(scheme, name, account, &credentials)
    }

    /// What would be missing if the request were sent; for explanations.
    #[must_use]
    pub(crate) fn missing_credentials(
        &self,
        scheme: &Scheme,
        level: &Level,
        named: Option<&str>,
    ) -> Option<AccessError> {
        let AccessEnvironment::DryRun(credentials) = &self.environment else {
            return None;
        };
        let account = self.account(scheme, named).ok()?;
        let owner = CredentialOwner {
            environment: &self.name,
            account,
        };
        credentials
            .resolve(scheme, owner, &Self::required_values(scheme, level))
            .err()
            .map(AccessError::from)
    }

    /// Only what the level's templates use, and those of the request that issues its token.
    fn required_values(scheme: &Scheme, level: &Level) -> CredentialNeeds {
        let mut credentials = members_used(&level.procedure, "cred");
        let Some(token) = scheme.token_for_level(level) else {
            return CredentialNeeds {
                credentials,
                token: Vec::new(),
            };
        };
        // What a token is issued with is rarely a part of the level itself, so the scheme's own
        // word counts.
        if token.issue.is_some() {
            credentials.extend(
                scheme
                    .credentials
                    .iter()
                    .map(|credential| credential.name.clone()),
            );
        }
        for name in token
            .key_credentials
            .iter()
            .filter(|name| *name != "account")
        {
            credentials.push(name.clone());
        }
        let used = members_used(&level.procedure, "token");
        let fields = token
            .fields()
            .into_iter()
            .map(str::to_owned)
            .filter(|field| used.contains(field));
        CredentialNeeds {
            credentials,
            token: fields.collect(),
        }
    }

    /// An account's own region wins over the environment's.
    fn region(&self, scheme: &Scheme, account: Option<&Account>) -> String {
        let environment = self.workspace.environment(&self.name);
        let region = environment.and_then(|environment| {
            environment
                .regions
                .iter()
                .find(|(name, _)| *name == scheme.name)
        });
        let region = region.map_or("live", |(_, region)| region.name.as_str());
        account
            .and_then(|account| account.get("region"))
            .and_then(Value::as_str)
            .unwrap_or(region)
            .to_owned()
    }

    /// The host that an environment names itself, in place of all hosts of the scheme.
    fn configured_host(&self, scheme: &Scheme) -> Option<&str> {
        let environment = self.workspace.environment(&self.name)?;
        environment
            .hosts
            .iter()
            .find(|(name, _)| *name == scheme.name)
            .map(|(_, host)| host.name.as_str())
    }

    fn base(&self, scheme: &Scheme, region: &str) -> Result<BaseUrl, AccessError> {
        let no_host = || AccessError::NoHost {
            environment: self.name.clone(),
            scheme: scheme.name.clone(),
        };
        let parse = |url: &str| BaseUrl::parse(url).map_err(|_| no_host());
        if let AccessEnvironment::Sandbox(origins) = &self.environment {
            return origins.base_url(scheme).ok_or_else(no_host);
        }
        if let Some(host) = self.configured_host(scheme) {
            return parse(host);
        }
        match scheme.host(region) {
            Some(host) => parse(&host.url),
            None if scheme.hosts.is_empty() => Err(no_host()),
            None => Err(AccessError::Region {
                scheme: scheme.name.clone(),
                region: region.to_owned(),
            }),
        }
    }

    /// Where each request of a token goes, by the host that it names.
    ///
    /// # Errors
    /// When the scheme has no such host.
    pub(crate) fn token_request_bases(
        &self,
        scheme: &Scheme,
        token: &Token,
        base: &BaseUrl,
    ) -> Result<Vec<(Option<String>, String)>, AccessError> {
        let requests = [&token.issue, &token.exchange, &token.refresh]
            .into_iter()
            .flatten();
        requests
            .map(|request| {
                let base = self.region_base(scheme, request.host.as_deref(), base)?;
                Ok((request.host.clone(), base.as_str().to_owned()))
            })
            .collect()
    }

    /// The same environment's host for another region of the scheme: a token request may go
    /// elsewhere.
    ///
    /// # Errors
    /// When the scheme has no such region.
    pub(crate) fn region_base(
        &self,
        scheme: &Scheme,
        region: Option<&str>,
        base: &BaseUrl,
    ) -> Result<BaseUrl, AccessError> {
        let Some(region) = region else {
            return Ok(base.clone());
        };
        let unknown = || AccessError::Region {
            scheme: scheme.name.clone(),
            region: region.to_owned(),
        };
        let host =
            BaseUrl::parse(&scheme.host(region).ok_or_else(unknown)?.url).map_err(|_| unknown())?;
        // A host of the environment's own stands for every host of the scheme: nothing goes past
        // it.
        if matches!(self.environment, AccessEnvironment::Sandbox(_))
            || self.configured_host(scheme).is_some()
        {
            return host.with_origin(base.origin()).ok_or_else(unknown);
        }
        Ok(host)
    }
}

/// What a template may see of an account: its name, and what is not secret.
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
    for (key, value) in account
        .map(|account| account.values.as_slice())
        .unwrap_or_default()
    {
        if !members.iter().any(|(known, _)| known == key) {
            members.push((key.clone(), value.clone()));
        }
    }
    Value::Object(members)
}

/// When nothing is sent, a test key stands for each one that is missing.
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
        let stand_in = test
            .get(&missing.name)
            .cloned()
            .unwrap_or_else(|| Value::from(format!("missing-{}", missing.name)));
        values.set(&missing.name, stand_in);
    }
    Ok((values, token))
}

impl From<&AccessError> for ErrorClass {
    fn from(error: &AccessError) -> Self {
        match error {
            AccessError::Credential(_) | AccessError::Untrusted { .. } => Self::Credential,
            AccessError::Account { .. }
            | AccessError::Region { .. }
            | AccessError::NoHost { .. }
            | AccessError::TestCredential(_) => Self::File,
        }
    }
}
