//! The keyring of the operating system: Keychain, Credential Manager, Secret Service. It is asked
//! last, for what was found nowhere else. The feature `keyring` can be left out; then nothing is in
//! it.

/// The name under which everything of ours lies there.
#[cfg(feature = "keyring")]
const SERVICE: &str = "ingam";

/// `None` where it is not there, or there is no keyring to ask: what is then missing, its user
/// says.
#[cfg(feature = "keyring")]
pub(crate) fn get(variable: &str) -> Option<String> {
    keyring::Entry::new(SERVICE, variable)
        .ok()?
        .get_password()
        .ok()
}

/// # Errors
/// In words, when there is no keyring or it does not take it.
#[cfg(feature = "keyring")]
pub(crate) fn set(variable: &str, value: &str) -> Result<(), String> {
    let entry = keyring::Entry::new(SERVICE, variable).map_err(|error| error.to_string())?;
    entry.set_password(value).map_err(|error| error.to_string())
}

#[cfg(not(feature = "keyring"))]
pub(crate) fn get(_: &str) -> Option<String> {
    None
}

/// # Errors
/// Always: this build has no keyring.
#[cfg(not(feature = "keyring"))]
pub(crate) fn set(_: &str, _: &str) -> Result<(), String> {
    Err("this build was made without the feature `keyring`".to_owned())
}
