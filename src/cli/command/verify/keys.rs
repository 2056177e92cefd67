//! The keys that a signature is computed with again: those of the account, and every other one at
//! hand, because a key of another environment is a usual mistake. They are used here and sent
//! nowhere.

use super::sent_values::sent_credential;
use super::suspect::SuspectChoice;
use crate::cli::command::session;
use crate::cli::command_error::CommandError;
use crate::credentials::{
    CredentialError, CredentialNeeds, CredentialOwner, CredentialSources, FoundCredentials,
};
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::mistake::called_procedure;
use crate::model::environment::{Account, DEFAULT_ACCOUNT, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::sandbox::test_account;
use crate::sign::{TestAccount, members_used};
use crate::value::Value;

/// Keys, those of the account first.
pub(super) struct KeysAtHand {
    /// Those of another environment have its name in theirs.
    pub(super) accounts: Vec<TestAccount>,
    pub(super) sources: CredentialSources,
    /// What the account lacks.
    pub(super) missing: Option<CredentialError>,
}

impl KeysAtHand {
    /// # Errors
    /// When credentials cannot be read.
    pub(super) fn collect(
        host: &HostContext,
        loaded: &LoadedWorkspace,
        choice: &SuspectChoice,
    ) -> Result<Self, CommandError> {
        let scheme = &choice.matched.scheme;
        let workspace = &loaded.workspace;
        let sources = session::read_credentials(host, loaded)?;
        let mut keys = Self {
            accounts: Vec::new(),
            sources,
            missing: None,
        };
        let own = workspace.accounts(&choice.environment, &scheme.name);
        let is_named = |account: &&Account| choice.account.as_ref() == Some(&account.name);
        let named = own.iter().copied().filter(is_named);
        let rest = own.iter().copied().filter(|account| !is_named(account));
        let mut missing = Vec::new();
        for account in named.chain(rest) {
            missing.extend(keys.add(scheme, choice, &choice.environment, Some(account))?);
        }
        if own.is_empty() {
            missing.extend(keys.add(scheme, choice, &choice.environment, None)?);
        }
        // A complete account is enough: the request says which one it is.
        if missing.len() == own.len().max(1) {
            keys.missing = missing.into_iter().next();
        }
        // A key of a host that the scheme names, such as `test`, can be at hand without a line in
        // ingam.yaml.
        let hosts = scheme.hosts.iter().map(|host| host.region.as_str());
        let mut others = workspace.other_environments(&choice.environment);
        let hosts: Vec<&str> = hosts
            .filter(|host| *host != choice.environment && !others.contains(host))
            .collect();
        others.extend(hosts);
        for environment in others {
            let accounts = workspace.accounts(environment, &scheme.name);
            for account in &accounts {
                keys.add_other(scheme, choice, environment, Some(account))?;
            }
            if accounts.is_empty() {
                keys.add_other(scheme, choice, environment, None)?;
            }
        }
        Ok(keys)
    }

    /// Adds an account of the environment; what it lacks.
    fn add(
        &mut self,
        scheme: &Scheme,
        choice: &SuspectChoice,
        environment: &str,
        account: Option<&Account>,
    ) -> Result<Option<CredentialError>, CommandError> {
        let name = account.map_or(DEFAULT_ACCOUNT, |account| account.name.as_str());
        if environment == SANDBOX_ENV {
            let credentials = test_account(scheme, name, account)
                .map_err(|error| CommandError::file(error.to_string()))?;
            self.accounts.push(TestAccount {
                name: name.to_owned(),
                credentials,
            });
            return Ok(None);
        }
        let found = self.find(scheme, choice, environment, account)?;
        let missing = (!found.missing.is_empty()).then(|| CredentialError::Missing {
            scheme: scheme.name.clone(),
            environment: environment.to_owned(),
            missing: found.missing.clone(),
        });
        self.accounts.push(joined(name.to_owned(), found));
        Ok(missing)
    }

    /// Adds an account of another environment, if all its credentials are there.
    fn add_other(
        &mut self,
        scheme: &Scheme,
        choice: &SuspectChoice,
        environment: &str,
        account: Option<&Account>,
    ) -> Result<(), CommandError> {
        let before = self.accounts.len();
        let missing = self.add(scheme, choice, environment, account)?;
        let Some(added) = self.accounts.get_mut(before) else {
            return Ok(());
        };
        added.name = format!("{} of environment {environment}", added.name);
        let known = self.accounts[..before].iter();
        let is_known = self
            .accounts
            .get(before)
            .is_some_and(|added| known.into_iter().any(|known| has_same_values(known, added)));
        if missing.is_some() || is_known {
            self.accounts.truncate(before);
        }
        Ok(())
    }

    fn find(
        &self,
        scheme: &Scheme,
        choice: &SuspectChoice,
        environment: &str,
        account: Option<&Account>,
    ) -> Result<FoundCredentials, CommandError> {
        let received = choice.imported.received_at(choice.matched.base.clone());
        let (procedure, _) = called_procedure(scheme, choice.level.as_deref(), &received);
        let tokens = scheme.tokens.iter().flat_map(|token| token.fields());
        let needs = CredentialNeeds {
            credentials: members_used(procedure, "cred"),
            token: tokens.map(str::to_owned).collect(),
        };
        let owner = CredentialOwner {
            environment,
            account,
        };
        let mut found = self.sources.find_all(scheme, owner, &needs)?;
        // An id stands in the request. With it, the secret alone is enough.
        found.missing.retain(|missing| {
            let sent = sent_credential(choice, &missing.name);
            let is_missing = sent.is_none();
            if let Some(sent) = sent {
                found.credentials.set(&missing.name, Value::from(sent));
            }
            is_missing
        });
        Ok(found)
    }
}

fn joined(name: String, found: FoundCredentials) -> TestAccount {
    let mut credentials = found.credentials;
    for (name, value) in found.token.iter() {
        credentials.set(name, value.expose().clone());
    }
    TestAccount { name, credentials }
}

fn has_same_values(left: &TestAccount, right: &TestAccount) -> bool {
    let mut values = right.credentials.iter();
    values.all(|(name, value)| left.credentials.get(name) == Some(value.expose()))
}
