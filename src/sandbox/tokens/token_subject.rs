//! The subject of a token, and the test accounts of the sandbox.

use crate::model::environment::Account;
use crate::model::scheme::{Scheme, Token};
use crate::render::{RenderError, TemplateDialect, TemplateScope, render_tree};
use crate::sandbox::template_scope::SandboxScope;
use crate::sign::{NamedValues, TestAccount};
use crate::value::{ObjectMember, Value};
use std::borrow::Cow;

/// The credentials of one account, and nothing else.
pub(crate) struct AccountScope<'a>(pub &'a TestAccount);

impl TemplateScope for AccountScope<'_> {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        match path {
            ["cred", name] => self.0.credentials.get(name).map(Cow::Borrowed),
            _ => None,
        }
    }

    fn dialect(&self) -> TemplateDialect {
        TemplateDialect::Scheme
    }
}

/// A credential of a test account whose template cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the test credential `{credential}` of the scheme `{scheme}` cannot be created: {source}; correct its template under `sandbox` in the scheme"
)]
pub struct TestCredentialError {
    scheme: String,
    credential: String,
    source: RenderError,
}

/// The credentials of a test account: the scheme's test keys, overridden by the values of the
/// account.
///
/// # Errors
/// When a template under `sandbox.test_credentials` of the scheme cannot be rendered.
pub fn test_account(
    scheme: &Scheme,
    name: &str,
    account: Option<&Account>,
) -> Result<NamedValues, TestCredentialError> {
    let keys = scheme
        .sandbox
        .as_ref()
        .map(|sandbox| sandbox.test_credentials.as_slice())
        .unwrap_or_default();
    let names = SandboxScope::new().with("account", name);
    let mut values = NamedValues::default();
    for credential in &scheme.credentials {
        if let Some(default) = &credential.default {
            values.set(&credential.name, default.clone());
        }
    }
    for key in keys {
        // A key that is left out here would be refused later as unknown, far from its cause.
        let value = render_tree(&key.value, &names).map_err(|source| TestCredentialError {
            scheme: scheme.name.clone(),
            credential: key.name.to_string(),
            source,
        })?;
        values.set(&key.name, value.into_owned());
    }
    for (name, value) in account
        .map(|account| account.values.as_slice())
        .unwrap_or_default()
    {
        values.set(name, value.clone());
    }
    Ok(values)
}

/// The name of a token, and the values of the credentials that it is stored by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TokenSubject {
    pub(crate) token: String,
    pub(crate) ids: Vec<ObjectMember>,
}

impl TokenSubject {
    #[must_use]
    pub(crate) fn of(token: &Token, account: &TestAccount) -> Self {
        let ids = token
            .key_credentials
            .iter()
            .map(|name| (name.as_str().into(), subject_id(name, account)));
        Self {
            token: token.name.clone(),
            ids: ids.collect(),
        }
    }

    /// Whether the token is for this account.
    #[must_use]
    pub(crate) fn includes(&self, account: &TestAccount) -> bool {
        self.ids
            .iter()
            .all(|(name, value)| *value == subject_id(name, account))
    }
}

/// The value of a credential; the name of the account if it has none.
pub(super) fn subject_id(name: &str, account: &TestAccount) -> Value {
    account
        .credentials
        .get(name)
        .cloned()
        .unwrap_or_else(|| Value::from(account.name.as_str()))
}

/// Each subject of a token among the accounts, once.
#[must_use]
pub(crate) fn subjects_of(token: &Token, accounts: &[&TestAccount]) -> Vec<TokenSubject> {
    let mut owners = Vec::new();
    for account in accounts {
        let owner = TokenSubject::of(token, account);
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    owners
}

/// Credential → its values in these accounts, each once. Secrets are left out, since responses use
/// it.
#[must_use]
pub(crate) fn public_ids(scheme: &Scheme, accounts: &[&TestAccount]) -> Value {
    let open = scheme
        .credentials
        .iter()
        .filter(|credential| !credential.is_secret);
    Value::Object(
        open.map(|credential| {
            (
                credential.name.as_str().into(),
                distinct_values(&credential.name, accounts),
            )
        })
        .collect(),
    )
}

fn distinct_values(name: &str, accounts: &[&TestAccount]) -> Value {
    let mut values: Vec<Value> = Vec::new();
    for value in accounts
        .iter()
        .filter_map(|account| account.credentials.get(name))
    {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    Value::List(values)
}
