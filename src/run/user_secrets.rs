//! The values of `{{ secret.NAME }}` in a run. Recordings hold the names of secrets, so the sandbox
//! and a replay send the names as well: nobody needs a secret there.

use super::access::AccessEnvironment;
use crate::credentials::{CredentialError, missing_secret};
use crate::plan::SecretNames;
use crate::redact::Redactor;
use crate::render::{SECRET_ROOT, VariableLayer, VariableOrigin, VariableScope};
use crate::value::{ObjectMember, Value};

/// The secrets that the requests of a run use.
#[derive(Default)]
pub(crate) struct UserSecrets {
    /// Name → value.
    values: Vec<ObjectMember>,
    /// Name → what recordings hold.
    placeholders: Vec<ObjectMember>,
    /// The names that have no value.
    missing: Vec<String>,
    /// Nothing is sent, so that stand-ins replace those that are missing.
    is_dry_run: bool,
}

/// What recordings hold in the place of a secret.
fn placeholder(name: &str) -> String {
    format!("‹{SECRET_ROOT}.{name}›")
}

impl UserSecrets {
    /// # Errors
    /// When the value of one could not be hidden, or the keyring fails.
    pub(crate) fn resolve(
        names: &SecretNames,
        environment: &AccessEnvironment<'_>,
    ) -> Result<Self, CredentialError> {
        let mut secrets = Self {
            is_dry_run: matches!(environment, AccessEnvironment::DryRun(_)),
            ..Self::default()
        };
        for name in names.keys() {
            let value = match environment {
                AccessEnvironment::Sandbox(_) => Some(placeholder(name)),
                AccessEnvironment::Configured { credentials, .. }
                | AccessEnvironment::DryRun(credentials) => credentials
                    .user_secret(name)?
                    .map(|value| value.expose().clone()),
            };
            secrets.add(name, value);
        }
        Ok(secrets)
    }

    fn add(&mut self, name: &str, value: Option<String>) {
        let value = value.unwrap_or_else(|| {
            self.missing.push(name.to_owned());
            format!("missing-secret-{name}")
        });
        let shown = placeholder(name);
        self.values.push((name.into(), Value::from(value)));
        self.placeholders.push((name.into(), Value::from(shown)));
    }

    /// Replaces the secrets by their names in every output.
    pub(super) fn register(&self, redactor: &mut Redactor) {
        for (name, value) in &self.values {
            // In the sandbox and in a replay the value is the name already.
            if let Some(value) = value.as_str().filter(|value| *value != placeholder(name)) {
                redactor.add_secret(format!("{SECRET_ROOT}.{name}"), value);
            }
        }
    }

    /// The value of one.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let mut values = self.values.iter();
        let (_, value) = values.find(|(known, _)| known == name)?;
        value.to_plain_text()
    }

    /// Defines the variable `secret`.
    pub(super) fn define(&self, variables: &mut VariableScope) {
        if self.values.is_empty() {
            return;
        }
        let origin = VariableOrigin {
            layer: VariableLayer::BuiltIn,
            at: None,
        };
        variables.set_with_placeholders(
            SECRET_ROOT,
            Value::Object(self.values.clone()),
            Some(Value::Object(self.placeholders.clone())),
            origin,
        );
    }

    /// The names among some that have no value.
    pub(super) fn missing_of(&self, used: impl FnOnce() -> SecretNames) -> Vec<&str> {
        // Nearly always none is missing, and then no file is searched for the secrets that it uses.
        if self.missing.is_empty() {
            return Vec::new();
        }
        let used = used();
        let missing = self.missing.iter().filter(|name| used.contains_key(*name));
        missing.map(String::as_str).collect()
    }

    /// # Errors
    /// When one of them has no value, and a request is to be sent with it.
    pub(super) fn check(
        &self,
        environment: &str,
        used: impl FnOnce() -> SecretNames,
    ) -> Result<(), CredentialError> {
        if self.is_dry_run {
            return Ok(());
        }
        let missing = self.missing_of(used);
        if missing.is_empty() {
            return Ok(());
        }
        Err(missing_error(missing, environment))
    }
}

/// The error that names the variables to set.
pub(super) fn missing_error(missing: Vec<&str>, environment: &str) -> CredentialError {
    CredentialError::MissingSecrets {
        environment: environment.to_owned(),
        missing: missing.into_iter().map(missing_secret).collect(),
    }
}
