//! The keyring of the operating system: Keychain, Credential Manager, Secret Service. It is asked
//! last, for what was found nowhere else. Without the feature `keyring` it is empty.

use crate::secret::Secret;

/// The name under which ingam's entries are stored.
#[cfg(feature = "keyring")]
const SERVICE: &str = "ingam";

/// Why the keyring cannot be read or written. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    #[error("the keyring has no readable entry `{variable}`: {reason}")]
    Failed { variable: String, reason: String },
    #[error("this build of ingam lacks the feature `keyring`")]
    NotBuiltIn,
}

/// `None` if there is no such entry, or no keyring on this machine.
///
/// # Errors
/// If the keyring is locked, denies access or holds an entry that is no text.
#[cfg(feature = "keyring")]
pub(crate) fn get(variable: &str) -> Result<Option<Secret<String>>, KeyringError> {
    use keyring::Error;
    match keyring::Entry::new(SERVICE, variable).and_then(|entry| entry.get_password()) {
        Ok(value) => Ok(Some(Secret::new(value))),
        // A machine without a keyring cannot hold an entry, so nothing is hidden by going on.
        Err(Error::NoEntry | Error::NoDefaultStore) => Ok(None),
        Err(error) => Err(failed(variable, &error)),
    }
}

/// # Errors
/// If there is no keyring, or it does not accept the value.
#[cfg(feature = "keyring")]
pub(crate) fn set(variable: &str, value: &Secret<String>) -> Result<(), KeyringError> {
    keyring::Entry::new(SERVICE, variable)
        .and_then(|entry| entry.set_password(value.expose()))
        .map_err(|error| failed(variable, &error))
}

#[cfg(feature = "keyring")]
fn failed(variable: &str, error: &keyring::Error) -> KeyringError {
    KeyringError::Failed {
        variable: variable.to_owned(),
        // The text names the kind of fault only: the bytes of an entry are in no `Display`.
        reason: error.to_string(),
    }
}

/// # Errors
/// Never: without a keyring there is no entry. It has the signature of the other build.
#[cfg(not(feature = "keyring"))]
#[expect(clippy::unnecessary_wraps, reason = "the signature of the other build")]
pub(crate) fn get(_: &str) -> Result<Option<Secret<String>>, KeyringError> {
    Ok(None)
}

/// # Errors
/// Always: this build has no keyring.
#[cfg(not(feature = "keyring"))]
pub(crate) fn set(_: &str, _: &Secret<String>) -> Result<(), KeyringError> {
    Err(KeyringError::NotBuiltIn)
}
