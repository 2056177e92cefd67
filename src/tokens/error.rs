//! Why a store cannot be used. No variant holds a token.

use crate::credentials::keyring::KeyringError;
use crate::database::DatabaseError;
use crate::host::RandomError;
use crate::private_file::PrivateFileError;
use std::path::PathBuf;
use std::time::Duration;

/// A text that names no place of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`INGAM_STORE` must be an absolute path of a folder, or `postgres://…`")]
pub struct InvalidStoreLocation;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("ingam found no folder for the tokens of this user: set HOME or INGAM_STORE")]
    NoFolder,
    #[error(transparent)]
    File(#[from] PrivateFileError),
    #[error("the record `{what}` is damaged: {reason}")]
    Corrupt { what: String, reason: String },
    #[error(
        "the store has no key, and without `--plain-store` ingam does not write tokens as plain text"
    )]
    NoKey,
    #[error("the store `{}` contains tokens, but its key is missing", .path.display())]
    KeyLost { path: PathBuf },
    #[error("the key of the store is not valid: {0}")]
    InvalidKey(String),
    #[error("{holder} is renewing the tokens, and did not finish within {} s", .waited.as_secs())]
    LockTimeout { holder: String, waited: Duration },
    #[error("the keyring of this machine cannot be used: {0}")]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("there was no space for the token response of `{id}`, so it was not stored")]
    InboxNotPrepared { id: String },
    #[error("another process wrote newer tokens at the same time; nothing was overwritten")]
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
            Self::Keyring(_) => "unlock the keyring, or set INGAM_STORE_KEY".to_owned(),
            Self::NoKey => "set INGAM_STORE_KEY to 32 random bytes (`openssl rand -base64 32`), with the same value on every machine that uses this store".to_owned(),
            Self::Corrupt { .. } => {
                "check that INGAM_STORE_KEY, or store.key in your settings, is the key that the record was written with. If it is, get new tokens with `ingam auth login`".to_owned()
            }
            Self::KeyLost { .. } => "restore store.key or INGAM_STORE_KEY, or delete the folder and run `ingam auth login`".to_owned(),
            Self::LockTimeout { .. } => "if that process hangs, stop it: this releases the lock".to_owned(),
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
