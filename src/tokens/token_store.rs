//! The narrow interface behind which the stores of tokens stand: read, list, lock; and under the
//! lock read, write, remove, and an inbox for the raw answer.

use super::envelope::{RecordEnvelope, StoreKey};
use super::error::{InvalidStoreLocation, StoreError};
use super::family_record::{FamilyKey, FamilyRecord};
use super::file_store::{FileLock, FileStore, has_sealed_records, load_or_create_key};
use super::memory_store::{MemoryLock, MemoryStore};
#[cfg(feature = "postgres")]
use super::postgres_store::{PostgresLock, PostgresStore};
use super::recovered_response::RecoveredResponse;
use super::response_file::response_paths;
use crate::credentials::keyring;
#[cfg(not(feature = "postgres"))]
use crate::database::DatabaseError;
use crate::host::{ClockAndRng, RandomSource};
use crate::secret::{Secret, exposed_for_sealing};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for another process that renews the same chain.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(30);

/// Where chains are kept and how.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoreConfig {
    pub location: StoreLocation,
    pub key: Option<StoreKey>,
    /// Where the key is read from when none is given.
    pub key_file: Option<PathBuf>,
    /// Records are written as plain text.
    pub plaintext: bool,
    /// Where responses are kept on this machine until they are in a database. `None` if the user
    /// has no folder for state.
    pub inbox_folder: Option<PathBuf>,
}

/// The name of the key in the environment and in the keyring.
const STORE_KEY_NAME: &str = "INGAM_STORE_KEY";

impl StoreConfig {
    /// The key that was given, that of the file, or that of the keyring. For a folder one is made
    /// where there is none: in the keyring, or in the file where there is no keyring.
    ///
    /// # Errors
    /// When the file is not safe or holds no key, or a new one cannot be kept.
    pub fn load_or_create_key(&self, rng: RandomSource) -> Result<Option<StoreKey>, StoreError> {
        if self.key.is_some() {
            return Ok(self.key.clone());
        }
        let in_file = self
            .key_file
            .as_ref()
            .map(|path| load_or_create_key(path, None))
            .transpose()?
            .flatten();
        let found = match in_file {
            Some(key) => Some(key),
            None => key_in_keyring()?,
        };
        if found.is_some() || self.plaintext {
            return Ok(found);
        }
        match &self.location {
            StoreLocation::Folder(folder) => self.create_key(folder, rng).map(Some),
            // A team shares its key by other means: one that this machine made up would open
            // nothing.
            StoreLocation::Postgres(_) => Ok(None),
        }
    }

    /// The files of responses on this machine that are not in the database yet. Only for a message:
    /// a folder that cannot be read has none.
    #[must_use]
    pub(crate) fn kept_responses(&self) -> Vec<PathBuf> {
        let (StoreLocation::Postgres(_), Some(folder)) = (&self.location, &self.inbox_folder)
        else {
            return Vec::new();
        };
        response_paths(folder, "").unwrap_or_default()
    }

    fn create_key(&self, folder: &Path, rng: RandomSource) -> Result<StoreKey, StoreError> {
        // Beside sealed records a new key would hide that the old one is lost.
        if has_sealed_records(folder)? {
            return Err(StoreError::KeyLost {
                path: folder.to_owned(),
            });
        }
        let fresh = StoreKey::generate(rng)?;
        let key = match (
            keyring::set(STORE_KEY_NAME, &fresh.to_text()),
            &self.key_file,
        ) {
            // Read again: of two processes that write at once, both must go on with the same key.
            (Ok(()), _) => key_in_keyring()?,
            (Err(_), Some(path)) => load_or_create_key(path, Some(&fresh))?,
            (Err(error), None) => return Err(error.into()),
        };
        key.ok_or(StoreError::NoKey)
    }
}

/// # Errors
/// If the keyring cannot be read, or its entry is no key: a new key must not overwrite it.
fn key_in_keyring() -> Result<Option<StoreKey>, StoreError> {
    keyring::get(STORE_KEY_NAME)?
        .map(|text| parse_keyring_entry(text.expose()))
        .transpose()
}

fn parse_keyring_entry(text: &str) -> Result<StoreKey, StoreError> {
    StoreKey::parse(text).ok_or_else(|| {
        StoreError::InvalidKey(format!(
            "the entry `{STORE_KEY_NAME}` of the keyring is not a key"
        ))
    })
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreLocation {
    Folder(PathBuf),
    /// A connection URL; it can hold a password.
    Postgres(#[serde(with = "exposed_for_sealing")] Secret<String>),
}

impl StoreLocation {
    /// Of `INGAM_STORE`.
    ///
    /// # Errors
    /// When it is neither an absolute folder nor a database.
    pub fn parse(text: &str) -> Result<Self, InvalidStoreLocation> {
        match text {
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres(Secret::from(url)))
            }
            other if other.contains("://") => Err(InvalidStoreLocation),
            folder if PathBuf::from(folder).is_absolute() => Ok(Self::Folder(folder.into())),
            _ => Err(InvalidStoreLocation),
        }
    }
}

/// Keeps chains of tokens.
#[derive(Clone)]
pub enum TokenStore {
    Memory(MemoryStore),
    File(FileStore),
    #[cfg(feature = "postgres")]
    Postgres(PostgresStore),
}

#[cfg_attr(
    not(feature = "postgres"),
    expect(clippy::unused_async, reason = "the signatures of the other build")
)]
impl TokenStore {
    /// # Errors
    /// When the folder is not safe, or the database cannot be reached.
    pub async fn open(
        config: &StoreConfig,
        clock_and_rng: ClockAndRng,
    ) -> Result<Self, StoreError> {
        let envelope = RecordEnvelope::new(
            config.load_or_create_key(clock_and_rng.rng)?,
            config.plaintext,
            clock_and_rng.rng,
        );
        match &config.location {
            StoreLocation::Folder(folder) => FileStore::open(folder, envelope).map(Self::File),
            #[cfg(feature = "postgres")]
            StoreLocation::Postgres(url) => {
                let folder = config.inbox_folder.as_deref();
                PostgresStore::open(url.expose(), envelope, clock_and_rng, folder)
                    .await
                    .map(Self::Postgres)
            }
            #[cfg(not(feature = "postgres"))]
            StoreLocation::Postgres(_) => Err(DatabaseError::NotBuiltIn.into()),
        }
    }

    /// Whether it can go away while this machine works: then a write is retried for minutes.
    #[must_use]
    pub(crate) fn is_remote(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
            _ => false,
        }
    }

    /// Puts the responses that earlier processes left on this machine into the store.
    pub(crate) async fn recover_local_responses(&self) -> Vec<RecoveredResponse> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.recover_local_responses().await,
            _ => Vec::new(),
        }
    }

    /// How far the store's clock is ahead of this machine's, in milliseconds: the ends of tokens
    /// are by the store's clock.
    #[must_use]
    pub fn clock_offset_ms(&self) -> i64 {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.clock_offset_ms(),
            _ => 0,
        }
    }

    /// # Errors
    /// When a record is there and cannot be read: a broken record is not a missing one.
    pub async fn read(&self, key: &FamilyKey) -> Result<Option<FamilyRecord>, StoreError> {
        match self {
            Self::Memory(store) => Ok(store.read(key)),
            Self::File(store) => store.read(key),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.read(key).await,
        }
    }

    /// Every chain; one that cannot be read is in its place as an error.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub async fn list(&self) -> Result<Vec<Result<FamilyRecord, StoreError>>, StoreError> {
        match self {
            Self::Memory(_) => Ok(Vec::new()),
            Self::File(store) => store.list(),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.list().await,
        }
    }

    /// Waits until nobody else writes this chain.
    ///
    /// # Errors
    /// When that takes longer than `wait`.
    pub async fn lock(&self, key: &FamilyKey, wait: Duration) -> Result<FamilyLock, StoreError> {
        match self {
            Self::Memory(store) => Ok(FamilyLock::Memory(store.lock(key).await)),
            Self::File(store) => store.lock(key, wait).await.map(FamilyLock::File),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store
                .lock(key, wait)
                .await
                .map(|lock| FamilyLock::Postgres(Box::new(lock))),
        }
    }
}

/// The one that may write a chain; it is free again when this is dropped, or its process dies.
pub enum FamilyLock {
    Memory(MemoryLock),
    File(FileLock),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresLock>),
}

#[cfg_attr(
    not(feature = "postgres"),
    expect(clippy::unused_async, reason = "the signatures of the other build")
)]
impl FamilyLock {
    /// # Errors
    /// When the record is there and cannot be read.
    pub async fn read(&mut self) -> Result<Option<FamilyRecord>, StoreError> {
        match self {
            Self::Memory(lock) => Ok(lock.read()),
            Self::File(lock) => lock.read(),
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.read().await,
        }
    }

    /// Takes the place of the record that was read last, durably, whole or not at all.
    ///
    /// # Errors
    /// When another one is there by now, or it cannot be written.
    pub async fn write(&mut self, record: &mut FamilyRecord) -> Result<(), StoreError> {
        match self {
            Self::Memory(lock) => lock.write(record),
            Self::File(lock) => lock.write(record),
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.write(record).await,
        }
    }

    /// Takes the chain away.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Memory(lock) => lock.remove(),
            Self::File(lock) => lock.remove()?,
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.remove().await?,
        }
        Ok(())
    }

    /// A record that cannot be read is put aside, so that another can take its place.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub async fn quarantine(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Memory(lock) => lock.remove(),
            Self::File(lock) => lock.quarantine()?,
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.remove().await?,
        }
        Ok(())
    }

    /// A response that cannot be opened is put aside, so that a login can go on.
    ///
    /// # Errors
    /// If it cannot be moved.
    pub async fn quarantine_inbox(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Memory(_) => {}
            Self::File(lock) => lock.quarantine_inbox()?,
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.quarantine_inbox().await?,
        }
        Ok(())
    }

    /// Takes the lock of a remote store anew, after a failure. The caller must read again.
    ///
    /// # Errors
    /// When the store cannot be reached, or the lock is not free in time.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(unused_variables, reason = "the signature of the other build")
    )]
    pub(crate) async fn reacquire(&mut self, wait: Duration) -> Result<(), StoreError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.reacquire(wait).await,
            // A lock of this machine lasts as long as its process.
            _ => Ok(()),
        }
    }

    /// Where on this machine the response is kept that was written last, in words. `None` if the
    /// store is on this machine itself.
    pub(crate) fn local_response(&self) -> Option<Result<PathBuf, String>> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => Some(match lock.local_response() {
                Ok(path) => Ok(path.to_owned()),
                Err(Some(error)) => Err(error.to_string()),
                Err(None) => Err("there was no space for it".to_owned()),
            }),
            _ => None,
        }
    }

    /// Makes room for a raw answer.
    ///
    /// # Errors
    /// When there is none: then nothing must be sent.
    #[expect(
        clippy::unused_async,
        reason = "it has the signature of the other writes"
    )]
    #[cfg_attr(
        not(feature = "postgres"),
        expect(unused_variables, reason = "the signature of the other build")
    )]
    pub async fn prepare_inbox(&mut self, record: &FamilyRecord) -> Result<(), StoreError> {
        match self {
            Self::File(lock) => lock.prepare_inbox(),
            Self::Memory(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.prepare_inbox(record),
        }
    }

    /// Keeps a raw answer, durably, before anybody looks at it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn write_inbox(&mut self, text: &str) -> Result<(), StoreError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::File(lock) => lock.write_inbox(text),
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.write_inbox(text).await,
        }
    }

    /// A raw answer that nobody has used yet.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub async fn read_inbox(&mut self) -> Result<Option<Secret<String>>, StoreError> {
        match self {
            Self::Memory(_) => Ok(None),
            Self::File(lock) => lock.read_inbox(),
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.read_inbox().await,
        }
    }

    /// The answer has been used.
    pub async fn clear_inbox(&mut self) {
        match self {
            Self::Memory(_) => {}
            Self::File(lock) => lock.clear_inbox(),
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.clear_inbox().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_the_keyring_that_is_no_key_is_an_error() {
        assert!(matches!(
            parse_keyring_entry("not a key"),
            Err(StoreError::InvalidKey(_))
        ));
    }
}
