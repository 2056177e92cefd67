//! Where calls of a scheme go: its own hosts, those that an environment or the command line puts in
//! their place, and the hosts that each account has of its own.

use super::access::{AccessEnvironment, AccessError, AccessResolver, AccountAccess};
use crate::credentials::{CredentialError, CredentialOwner, CredentialSources};
use crate::model::environment::{Account, ConfiguredHosts, DEFAULT_ACCOUNT};
use crate::model::scheme::{AccountHost, HostChoice, Scheme, SchemeHost};
use crate::sandbox::test_account;
use crate::value::Value;
use crate::wire::BaseUrl;

/// The hosts of one scheme as one account.
pub(super) struct CallHosts {
    /// That of the region.
    pub(super) base: BaseUrl,
    /// That of this very call.
    pub(super) call_base: BaseUrl,
    /// Every host that the account has of its own, by the scheme's name for it.
    pub(super) account_hosts: Vec<(String, BaseUrl)>,
}

impl CallHosts {
    /// Each address once.
    pub(super) fn addresses(&self) -> Vec<&BaseUrl> {
        let own = self.account_hosts.iter().map(|(_, base)| base);
        let mut all = vec![&self.base];
        for base in [&self.call_base].into_iter().chain(own) {
            if !all.contains(&base) {
                all.push(base);
            }
        }
        all
    }
}

impl<'w> AccessResolver<'w> {
    /// The hosts for an account whose requests go to `region`.
    ///
    /// # Errors
    /// When there is no such host, or the value of a credential gives none.
    pub(super) fn call_hosts(
        &self,
        scheme: &Scheme,
        region: &str,
        choice: &HostChoice,
        account: Option<&'w Account>,
    ) -> Result<CallHosts, AccessError> {
        let account_hosts = self.account_hosts(scheme, account)?;
        let call_region = choice.region_for(region).unwrap_or(region);
        let base = self.host_base(scheme, region, region, &account_hosts, account)?;
        let call_base = if call_region == region {
            base.clone()
        } else {
            self.host_base(scheme, call_region, region, &account_hosts, account)?
        };
        Ok(CallHosts {
            base,
            call_base,
            account_hosts,
        })
    }

    /// The hosts of the account, unless others are in their place. A host whose credential has no
    /// value is left out: not every call needs it.
    fn account_hosts(
        &self,
        scheme: &Scheme,
        account: Option<&'w Account>,
    ) -> Result<Vec<(String, BaseUrl)>, AccessError> {
        let (credentials, is_dry) = match &self.environment {
            AccessEnvironment::Sandbox(_) => return Ok(Vec::new()),
            AccessEnvironment::Configured { credentials, .. } => (credentials, false),
            AccessEnvironment::DryRun(credentials) => (credentials, true),
        };
        if self.configured_hosts(scheme).is_some() {
            return Ok(Vec::new());
        }
        let owner = self.owner(account);
        let mut hosts = Vec::new();
        for host in &scheme.hosts {
            let Some(own) = host.account_host() else {
                continue;
            };
            let mut value = host_value(credentials, scheme, own, owner)?;
            if value.is_none() && is_dry {
                // Nothing is sent: a test key is as good.
                let name = account.map_or(DEFAULT_ACCOUNT, |account| account.name.as_str());
                let test = test_account(scheme, name, account)?;
                let test = test.get(&own.credential).and_then(Value::as_str);
                value = test.map(str::to_owned);
            }
            if let Some(value) = value {
                hosts.push((host.region.clone(), own.base_url(&value)?));
            }
        }
        Ok(hosts)
    }

    fn host_base(
        &self,
        scheme: &Scheme,
        name: &str,
        region: &str,
        account_hosts: &[(String, BaseUrl)],
        account: Option<&'w Account>,
    ) -> Result<BaseUrl, AccessError> {
        if let Some(base) = self.replaced_base(scheme, name, region)? {
            return Ok(base);
        }
        let host = self.scheme_host(scheme, name)?;
        if let Some((_, base)) = account_hosts.iter().find(|(known, _)| known == name) {
            return Ok(base.clone());
        }
        match (host.account_host(), host.fixed_url()) {
            (Some(own), _) => Err(self.missing_host_value(scheme, own, account)),
            (None, Some(url)) => BaseUrl::parse(url).map_err(|_| self.no_host(scheme)),
            (None, None) => Err(self.no_host(scheme)),
        }
    }

    /// The address in place of a host of the scheme: that of the sandbox, or what the command line
    /// or the environment names.
    fn replaced_base(
        &self,
        scheme: &Scheme,
        name: &str,
        region: &str,
    ) -> Result<Option<BaseUrl>, AccessError> {
        let parse = |url: &str| BaseUrl::parse(url).map_err(|_| self.no_host(scheme));
        if let AccessEnvironment::Sandbox(origins) = &self.environment {
            let main = origins.base_url(scheme);
            let main = main.ok_or_else(|| self.no_host(scheme))?;
            let stands_for = scheme.main_host().map(|host| host.region.as_str());
            return match stands_for.filter(|_| name != region) {
                Some(stands_for) => self.beside(scheme, name, stands_for, &main).map(Some),
                None => Ok(Some(main)),
            };
        }
        match self.configured_hosts(scheme) {
            None => Ok(None),
            Some(ConfiguredHosts::One(host)) => {
                let base = parse(&host.name)?;
                self.beside(scheme, name, region, &base).map(Some)
            }
            Some(ConfiguredHosts::ByName(hosts)) => {
                let host = hosts.iter().find(|(known, _)| known == name);
                let (_, host) = host.ok_or_else(|| AccessError::UnnamedHost {
                    environment: self.name.clone(),
                    scheme: scheme.name.clone(),
                    host: name.to_owned(),
                })?;
                parse(&host.name).map(Some)
            }
        }
    }

    /// One address stands for all hosts of a scheme: for a host with another base path than the one
    /// that it stands for, it is the same origin with that path.
    fn beside(
        &self,
        scheme: &Scheme,
        name: &str,
        stands_for: &str,
        base: &BaseUrl,
    ) -> Result<BaseUrl, AccessError> {
        let path_of = |name: &str| {
            let host = scheme.host(name)?;
            BaseUrl::parse(&host.example_url()).ok()
        };
        match (path_of(stands_for), path_of(name)) {
            (Some(own), Some(wanted)) if own.path() != wanted.path() => wanted
                .with_origin(base.origin())
                .ok_or_else(|| self.no_host(scheme)),
            // The plain scheme has no hosts.
            _ => Ok(base.clone()),
        }
    }

    fn scheme_host<'s>(
        &self,
        scheme: &'s Scheme,
        name: &str,
    ) -> Result<&'s SchemeHost, AccessError> {
        scheme.host(name).ok_or_else(|| {
            if scheme.hosts.is_empty() {
                self.no_host(scheme)
            } else {
                AccessError::Region {
                    scheme: scheme.name.clone(),
                    region: name.to_owned(),
                }
            }
        })
    }

    fn missing_host_value(
        &self,
        scheme: &Scheme,
        host: &AccountHost,
        account: Option<&'w Account>,
    ) -> AccessError {
        CredentialError::missing(scheme, self.owner(account), &host.credential).into()
    }

    /// The base URL of another host of the scheme: token requests can go to another one than calls.
    ///
    /// # Errors
    /// When the scheme has no such host.
    pub(super) fn named_base(
        &self,
        scheme: &Scheme,
        name: &str,
        access: &AccountAccess,
    ) -> Result<BaseUrl, AccessError> {
        // The address that is in place of the host of the region is known already.
        match self.configured_hosts(scheme) {
            Some(ConfiguredHosts::ByName(_)) => {}
            None if !self.is_sandbox() => {}
            _ => {
                let host = self.scheme_host(scheme, name)?;
                let host = BaseUrl::parse(&host.example_url());
                let local = host
                    .ok()
                    .and_then(|host| host.with_origin(access.base.origin()));
                return local.ok_or_else(|| self.no_host(scheme));
            }
        }
        // For the message about a value that is missing.
        let accounts = self.workspace.accounts(&self.name, &scheme.name);
        let mut accounts = accounts.into_iter();
        let account = accounts.find(|account| account.name == access.account);
        self.host_base(scheme, name, &access.region, &access.account_hosts, account)
    }
}

/// The value of the credential in a host; it is not secret.
///
/// # Errors
/// When it is not in its form.
pub(crate) fn host_value(
    credentials: &CredentialSources,
    scheme: &Scheme,
    host: &AccountHost,
    owner: CredentialOwner<'_>,
) -> Result<Option<String>, CredentialError> {
    let value = credentials.find_public(scheme, &host.credential, owner)?;
    Ok(value.as_ref().and_then(Value::as_str).map(str::to_owned))
}
