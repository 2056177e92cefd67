//! Secrets that belong to no scheme, such as the password of a test buyer: `INGAM_SECRET_<NAME>`,
//! from the places that credentials come from.

use super::hygiene::CredentialFault;
use super::keyring;
use super::resolution::{CredentialError, CredentialSources, MissingCredential};
use crate::model::credential_variable::{SECRET_PREFIX, secret_variable};
use crate::redact::WeakSecret;
use crate::secret::Secret;

impl CredentialSources {
    /// The value of `{{ secret.NAME }}`; `None` if no source has one.
    ///
    /// # Errors
    /// When the value could not be hidden, or the keyring fails.
    pub(crate) fn user_secret(
        &self,
        name: &str,
    ) -> Result<Option<Secret<String>>, CredentialError> {
        let variable = secret_variable(name);
        let found = self.sources().find_map(|source| {
            let value = source.get(&variable);
            value.filter(|value| !value.expose().is_empty()).cloned()
        });
        let value = match found {
            None => keyring::get(&variable)?,
            found => found,
        };
        let Some(value) = value else { return Ok(None) };
        match CredentialFault::find(value.expose(), true) {
            None => Ok(Some(value)),
            Some(fault) => Err(CredentialError::UnusableSecret { variable, fault }),
        }
    }

    /// Every secret of no scheme that a source holds, with the name that replaces it in output: a
    /// response can hold one that this run does not send. Exposed to the redactor.
    pub(crate) fn all_user_secrets(&self) -> impl Iterator<Item = (String, &str)> {
        let named = self.sources().flatten().filter_map(|(variable, value)| {
            let name = variable.strip_prefix(SECRET_PREFIX)?;
            Some((name, value.expose().as_str()))
        });
        named
            // A word would be replaced in every output; where it is needed it is refused.
            .filter(|(_, value)| WeakSecret::find(value).is_none())
            .map(|(name, value)| (format!("secret.{}", name.to_lowercase()), value))
    }
}

/// A secret that no source has, and the variable that would bring it.
#[must_use]
pub(crate) fn missing_secret(name: &str) -> MissingCredential {
    MissingCredential {
        name: format!("secret.{name}"),
        variable: secret_variable(name),
        description: None,
        condition: None,
    }
}
