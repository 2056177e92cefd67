//! Why a store cannot be used. No variant holds a token.

use crate::credentials::keyring::KeyringError;
use crate::database::DatabaseError;
use crate::host::RandomError;
use crate::private_file::PrivateFileError;
use std::path::PathBuf;
use std::time::Duration;

/// A text that names no place of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`INGAM_STORE` is neither an absolute folder nor `postgres://…`")]
pub struct InvalidStoreLocation;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("there is no folder for the tokens of this user: set HOME, or INGAM_STORE")]
    NoFolder,
    #[error(transparent)]
    File(#[from] PrivateFileError),
    #[error("the record `{what}` is broken: {reason}")]
    Corrupt { what: String, reason: String },
    #[error("the store has no key, and tokens are never written as plain text unasked")]
    NoKey,
    #[error("the store `{}` holds tokens, and its key is gone", .path.display())]
    KeyLost { path: PathBuf },
    #[error("the store's key is not one: {0}")]
    InvalidKey(String),
    #[error("the tokens are being renewed by {holder}, and were not free within {} s", .waited.as_secs())]
    LockTimeout { holder: String, waited: Duration },
    #[error("the keyring of this machine cannot be used: {0}")]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("no room was made for the token response of `{id}`, so it was not stored")]
    InboxNotPrepared { id: String },
    #[error("another process has written newer tokens meanwhile; nothing was overwritten")]
    StaleRevision,
    #[error(transparent)]
    Location(#[from] InvalidStoreLocation),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl StoreError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::File(error) => return error.hint(),
            Self::Keyring(_) => "unlock the keyring; or set INGAM_STORE_KEY".to_owned(),
            Self::NoKey => "set INGAM_STORE_KEY to 32 random bytes (`openssl rand -base64 32`), the same wherever this store is used".to_owned(),
            Self::Corrupt { .. } => {
                "is INGAM_STORE_KEY, or store.key in your settings, the one that it was written with? If so, `ingam auth login` makes a new one".to_owned()
            }
            Self::KeyLost { .. } => "bring back store.key or INGAM_STORE_KEY; or remove the folder, and log in again".to_owned(),
            Self::LockTimeout { .. } => "if that process hangs, stop it: the lock goes with it".to_owned(),
            _ => return None,
        })
    }

    /// Whether a person has to bring something before it can work.
    #[must_use]
    pub fn needs_user_action(&self) -> bool {
        matches!(
            self,
            Self::NoKey | Self::Keyring(_) | Self::InvalidKey(_) | Self::KeyLost { .. }
        )
    }
}
