//! Why a store cannot be used. No variant holds a token.

use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("there is no folder for the tokens of this user: set HOME, or INGAM_STORE")]
    NoFolder,
    #[error("the store `{}` can be read or changed by others (mode {mode:03o})", .path.display())]
    InsecureMode { path: PathBuf, mode: u32 },
    #[error("the store `{}` belongs to another user", .path.display())]
    NotOwned { path: PathBuf },
    #[error("the store `{}` is on a network file system, where locks do not hold", .path.display())]
    NetworkFileSystem { path: PathBuf },
    #[error("`{}` cannot be used: {reason}", .path.display())]
    Io { path: PathBuf, reason: String },
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
    #[error("another process has written newer tokens meanwhile; nothing was overwritten")]
    StaleRevision,
    #[error("`INGAM_STORE` is neither a folder nor `postgres://…`")]
    InvalidLocation,
    #[error("the database of the store: {0}")]
    Database(String),
    #[error("this build cannot use PostgreSQL: it was made without the feature `postgres`")]
    NoPostgres,
}

impl StoreError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::InsecureMode { path, .. } => {
                let mode = if path.is_dir() { "700" } else { "600" };
                format!("look whether somebody has read it, then `chmod {mode} {}`", path.display())
            }
            Self::NotOwned { .. } => "name a folder of your own in INGAM_STORE".to_owned(),
            Self::NetworkFileSystem { .. } => {
                "name a folder on a local disk in INGAM_STORE, or for several machines `postgres://…`".to_owned()
            }
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
            Self::NoKey | Self::InvalidKey(_) | Self::KeyLost { .. }
        )
    }
}
