//! The keys that pushes are verified with: those of the environment, and every other one at hand,
//! which explain a wrong signature. They are used here and sent nowhere.

use crate::cli::command::session;
use crate::cli::command_error::CommandError;
use crate::credentials::{CredentialError, CredentialNeeds, CredentialOwner, CredentialSources};
use crate::diagnostic::did_you_mean;
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::environment::{Account, DEFAULT_ACCOUNT, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::redact::{Redactor, WeakSecret};
use crate::sandbox::test_account;
use crate::sign::{NamedValues, TestAccount, incoming_credentials};
use crate::value::Value;

pub(super) struct PushAccounts {
    pub(super) own: Vec<TestAccount>,
    /// Those of other environments and accounts.
    pub(super) others: Vec<TestAccount>,
    pub(super) redactor: Redactor,
}

impl PushAccounts {
    /// # Errors
    /// When a credential is missing that the webhooks use, or there is no such account.
    pub(super) fn collect(
        host: &HostContext,
        loaded: &LoadedWorkspace,
        scheme: &Scheme,
        webhooks: &[String],
        environment: &str,
        account: Option<&str>,
    ) -> Result<Self, CommandError> {
        let workspace = &loaded.workspace;
        let search = KeySearch {
            scheme,
            needs: needs(scheme, webhooks),
            sources: session::read_credentials(host, loaded)?,
        };
        let all = workspace.accounts(environment, &scheme.name);
        let chosen = chosen_accounts(scheme, environment, &all, account)?;
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for account in &chosen {
            own.push(search.required(environment, *account)?);
        }
        let rest = all
            .iter()
            .filter(|one| account.is_some_and(|name| one.name != name));
        for account in rest {
            others.extend(search.optional(environment, Some(account))?);
        }
        for other in workspace.other_environments(environment) {
            let accounts = workspace.accounts(other, &scheme.name);
            for account in &accounts {
                others.extend(search.optional(other, Some(account))?);
            }
            if accounts.is_empty() {
                others.extend(search.optional(other, None)?);
            }
        }
        let redactor = search.redactor(loaded, own.iter().chain(&others));
        Ok(Self {
            own,
            others,
            redactor,
        })
    }
}

/// The credentials that the steps of the webhooks use.
fn needs(scheme: &Scheme, webhooks: &[String]) -> CredentialNeeds {
    let webhooks = webhooks.iter().filter_map(|name| scheme.webhook(name));
    CredentialNeeds {
        credentials: webhooks
            .flat_map(|webhook| incoming_credentials(&webhook.signature))
            .collect(),
        token: Vec::new(),
    }
}

/// The named account, or all; one without a name if there are none.
fn chosen_accounts<'a>(
    scheme: &Scheme,
    environment: &str,
    all: &[&'a Account],
    named: Option<&str>,
) -> Result<Vec<Option<&'a Account>>, CommandError> {
    let Some(named) = named else {
        return Ok(if all.is_empty() {
            vec![None]
        } else {
            all.iter().map(|account| Some(*account)).collect()
        });
    };
    if let Some(account) = all.iter().find(|account| account.name == named) {
        return Ok(vec![Some(account)]);
    }
    let hint =
        did_you_mean(named, all.iter().map(|account| account.name.as_str())).unwrap_or_else(|| {
            "add it under `envs` in ingam.yaml, or choose another account".to_owned()
        });
    Err(CommandError::usage(format!(
        "`{}` has no account `{named}` in environment `{environment}`",
        scheme.name
    ))
    .hint(hint))
}

struct KeySearch<'a> {
    scheme: &'a Scheme,
    needs: CredentialNeeds,
    sources: CredentialSources,
}

impl KeySearch<'_> {
    fn required(
        &self,
        environment: &str,
        account: Option<&Account>,
    ) -> Result<TestAccount, CommandError> {
        let name = account.map_or(DEFAULT_ACCOUNT, |account| account.name.as_str());
        let owner = CredentialOwner {
            environment,
            account,
        };
        let credentials = if environment == SANDBOX_ENV {
            test_account(self.scheme, name, account)
                .map_err(|error| CommandError::file(error.to_string()))?
        } else {
            self.sources.resolve(self.scheme, owner, &self.needs)?.0
        };
        if let Some(missing) = self.missing(&credentials) {
            return Err(if environment == SANDBOX_ENV {
                CommandError::file(format!(
                    "the sandbox keys of `{}` have no `{missing}`, which signs its pushes",
                    self.scheme.name
                ))
                .hint("write it under `sandbox: keys` of the scheme, or at the account of environment sandbox in ingam.yaml")
            } else {
                CredentialError::missing(self.scheme, owner, missing).into()
            });
        }
        Ok(TestAccount {
            name: name.to_owned(),
            credentials,
        })
    }

    /// The first credential of the webhooks that has no value. A key that is optional for calls is
    /// none for pushes: everybody can sign with an empty one.
    fn missing(&self, credentials: &NamedValues) -> Option<&str> {
        let mut needed = self.needs.credentials.iter();
        let is_missing = |name: &&String| {
            let value = credentials.get(name).filter(|value| !value.is_null());
            let text = value.and_then(Value::to_plain_text);
            text.is_none_or(|text| text.is_empty())
        };
        needed.find(is_missing).map(String::as_str)
    }

    /// An account whose credentials are all there, named with its environment.
    fn optional(
        &self,
        environment: &str,
        account: Option<&Account>,
    ) -> Result<Option<TestAccount>, CommandError> {
        let is_complete = if environment == SANDBOX_ENV {
            let name = account.map_or(DEFAULT_ACCOUNT, |account| account.name.as_str());
            test_account(self.scheme, name, account)
                .is_ok_and(|credentials| self.missing(&credentials).is_none())
        } else {
            let owner = CredentialOwner {
                environment,
                account,
            };
            let found = self.sources.find_all(self.scheme, owner, &self.needs)?;
            found.missing.is_empty() && self.missing(&found.credentials).is_none()
        };
        if !is_complete {
            return Ok(None);
        }
        let found = self.required(environment, account)?;
        Ok(Some(TestAccount {
            name: format!("{} of environment {environment}", found.name),
            ..found
        }))
    }

    /// Every secret at hand, by its name.
    fn redactor<'k>(
        &self,
        loaded: &LoadedWorkspace,
        accounts: impl Iterator<Item = &'k TestAccount>,
    ) -> Redactor {
        let mut redactor = Redactor::default();
        let mut add = |name: String, value: &str| {
            // A word would be replaced in every output, and hides nothing.
            if WeakSecret::find(value).is_none() {
                redactor.add_secret(name, value);
            }
        };
        for (name, value) in self.sources.secrets(&loaded.workspace.schemes) {
            add(name, value);
        }
        for account in accounts {
            for (name, value) in account.credentials.iter() {
                let credential = self.scheme.credential(name);
                let is_public = credential.is_some_and(|credential| !credential.is_secret);
                if let Some(text) = value.expose().to_plain_text().filter(|_| !is_public) {
                    add(format!("cred.{name}"), &text);
                }
            }
        }
        redactor
    }
}
