//! Secrets of the way to a host: the key of a client certificate and the password of a proxy.

use super::hygiene::CredentialFault;
use super::network_variables::{PROXY_PASSWORD, TLS_KEY, TLS_KEY_FILE};
use super::resolution::{
    CredentialError, CredentialOwner, CredentialSources, MissingCredential, suggested_variable,
};
use crate::model::scheme::Scheme;
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_text};
use crate::secret::Secret;
use std::path::Path;

impl CredentialSources {
    /// The key of the client certificate, in PEM: `INGAM_<SCHEME>__TLS_KEY`, or the file that
    /// `…_FILE` names, relative to the root of the workspace.
    ///
    /// # Errors
    /// When it is required and missing, cannot be read, or is no key in PEM.
    pub(crate) fn client_key(
        &self,
        scheme: &Scheme,
        owner: CredentialOwner<'_>,
        root: &Path,
        is_required: bool,
    ) -> Result<Option<Secret<String>>, CredentialError> {
        if let Some((variable, key)) = self.find(&scheme.name, owner, TLS_KEY) {
            // A `.env` file has one line for each variable.
            let key = Secret::new(key.expose().replace("\\n", "\n"));
            return checked_key(&variable, key).map(Some);
        }
        if let Some((variable, path)) = self.find(&scheme.name, owner, TLS_KEY_FILE) {
            let path = root.join(path.expose());
            let text =
                read_plain_text(&path, MAX_TEXT_BYTES).map_err(|error| CredentialError::Io {
                    path,
                    reason: error.to_string(),
                })?;
            return checked_key(&variable, Secret::new(text)).map(Some);
        }
        if !is_required {
            return Ok(None);
        }
        Err(CredentialError::Missing {
            scheme: scheme.name.clone(),
            environment: owner.environment.to_owned(),
            missing: vec![MissingCredential {
                name: TLS_KEY.to_owned(),
                variable: suggested_variable(scheme, owner, TLS_KEY_FILE),
                description: Some("a file with the key of `client_cert`, in PEM".to_owned()),
                condition: None,
            }],
        })
    }

    /// The password of a proxy that needs one.
    ///
    /// # Errors
    /// When it is missing, or holds a character that nobody sees.
    pub(crate) fn proxy_password(
        &self,
        scheme: &Scheme,
        owner: CredentialOwner<'_>,
    ) -> Result<Secret<String>, CredentialError> {
        let Some(password) = self.variable(PROXY_PASSWORD) else {
            return Err(CredentialError::Missing {
                scheme: scheme.name.clone(),
                environment: owner.environment.to_owned(),
                missing: vec![MissingCredential {
                    name: "the password of its proxy".to_owned(),
                    variable: PROXY_PASSWORD.to_owned(),
                    description: None,
                    condition: None,
                }],
            });
        };
        match CredentialFault::find(password.expose(), false) {
            Some(fault) => Err(CredentialError::Unusable {
                variable: PROXY_PASSWORD.to_owned(),
                fault,
            }),
            None => Ok(password.clone()),
        }
    }
}

/// The text is that of a key, without a pass phrase: nobody could be asked for it.
fn checked_key(variable: &str, key: Secret<String>) -> Result<Secret<String>, CredentialError> {
    let text = key.expose();
    let reason = if text.contains("ENCRYPTED") {
        "contains a key with a passphrase: remove it with `openssl pkey -in FILE`"
    } else if !text.contains("PRIVATE KEY-----") {
        "contains no private key in PEM format, which begins with `-----BEGIN PRIVATE KEY-----`"
    } else {
        return Ok(key);
    };
    Err(CredentialError::NotAKey {
        variable: variable.to_owned(),
        reason: reason.to_owned(),
    })
}
