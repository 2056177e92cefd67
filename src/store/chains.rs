//! The narrow interface behind which the stores of tokens stand: read, list, lock; and under the lock read, write, remove,
//! and an inbox for the raw answer.

use super::file::{FileLock, FileStore};
use super::memory::{MemoryLock, MemoryStore};
#[cfg(feature = "postgres")]
use super::postgres::{PostgresLock, PostgresStore};
use super::{Envelope, Key, Record, StoreError, StoreKey, keyring};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// How long to wait for another process that renews the same chain.
pub const LOCK_WAIT: Duration = Duration::from_secs(30);

/// Where chains are kept and how.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoreConfig {
    pub place: Place,
    pub key: Option<StoreKey>,
    /// Where the key is read from when none is given.
    pub key_file: Option<PathBuf>,
    /// Records are written as plain text.
    pub plain: bool,
}

/// The name of the key in the environment and in the keyring.
const KEY: &str = "INGAM_STORE_KEY";

impl StoreConfig {
    /// The key that was given, that of the file, or that of the keyring. For a folder one is made where there is none: in the
    /// keyring, or in the file where there is no keyring.
    ///
    /// # Errors
    /// When the file is not safe or holds no key, or a new one cannot be kept.
    pub fn find_key(&self, chance: fn() -> [u8; 16]) -> Result<Option<StoreKey>, StoreError> {
        if self.key.is_some() {
            return Ok(self.key.clone());
        }
        let in_file = self.key_file.as_ref().map(|path| super::file::key(path, None)).transpose()?.flatten();
        let found = in_file.or_else(|| keyring::get(KEY).and_then(|text| StoreKey::parse(&text)));
        if found.is_some() || self.plain || !matches!(self.place, Place::Folder(_)) {
            return Ok(found);
        }
        if let Place::Folder(folder) = &self.place
            && super::file::has_sealed(folder)
        {
            return Err(StoreError::KeyGone { path: folder.clone() });
        }
        let fresh = StoreKey::fresh(chance);
        match (keyring::set(KEY, &fresh.to_text()), &self.key_file) {
            (Ok(()), _) => Ok(keyring::get(KEY).and_then(|text| StoreKey::parse(&text))),
            (Err(_), Some(path)) => super::file::key(path, Some(&fresh)),
            (Err(_), None) => Ok(None),
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Folder(PathBuf),
    /// A connection URL; it can hold a password.
    Postgres(String),
}

impl Place {
    /// Of `INGAM_STORE`.
    ///
    /// # Errors
    /// When it is neither an absolute folder nor a database.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        match text {
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => Ok(Self::Postgres(url.to_owned())),
            other if other.contains("://") => Err(StoreError::Place),
            folder if PathBuf::from(folder).is_absolute() => Ok(Self::Folder(folder.into())),
            _ => Err(StoreError::Place),
        }
    }
}

/// The clock and chance of the machine.
#[derive(Clone, Copy)]
pub struct Nature {
    /// Unix milliseconds.
    pub clock: fn() -> i64,
    pub chance: fn() -> [u8; 16],
}

/// Keeps chains of tokens.
#[derive(Clone)]
pub enum Store {
    Memory(MemoryStore),
    File(FileStore),
    #[cfg(feature = "postgres")]
    Postgres(PostgresStore),
}

impl Store {
    /// # Errors
    /// When the folder is not safe, or the database cannot be reached.
    pub async fn open(config: &StoreConfig, nature: Nature) -> Result<Self, StoreError> {
        let envelope = Envelope::new(config.find_key(nature.chance)?, config.plain, nature.chance);
        match &config.place {
            Place::Folder(folder) => FileStore::open(folder, envelope).map(Self::File),
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => PostgresStore::open(url, envelope, nature.clock).await.map(Self::Postgres),
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => Err(StoreError::NoPostgres),
        }
    }

    /// How far the store's clock is ahead of this machine's, in milliseconds: the ends of tokens are by the store's clock.
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
    pub async fn read(&self, key: &Key) -> Result<Option<Record>, StoreError> {
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
    pub async fn list(&self) -> Result<Vec<Result<Record, StoreError>>, StoreError> {
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
    pub async fn lock(&self, key: &Key, wait: Duration) -> Result<Lock, StoreError> {
        match self {
            Self::Memory(store) => Ok(Lock::Memory(store.lock(key).await)),
            Self::File(store) => store.lock(key, wait).await.map(Lock::File),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.lock(key, wait).await.map(|lock| Lock::Postgres(Box::new(lock))),
        }
    }
}

/// The one that may write a chain; it is free again when this is dropped, or its process dies.
pub enum Lock {
    Memory(MemoryLock),
    File(FileLock),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresLock>),
}

impl Lock {
    /// # Errors
    /// When the record is there and cannot be read.
    pub async fn read(&mut self) -> Result<Option<Record>, StoreError> {
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
    pub async fn write(&mut self, record: &mut Record) -> Result<(), StoreError> {
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
    pub async fn set_aside(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Memory(lock) => lock.remove(),
            Self::File(lock) => lock.set_aside()?,
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.remove().await?,
        }
        Ok(())
    }

    /// Makes room for a raw answer.
    ///
    /// # Errors
    /// When there is none: then nothing must be sent.
    pub async fn prepare_inbox(&mut self) -> Result<(), StoreError> {
        match self {
            Self::File(lock) => lock.prepare_inbox(),
            _ => Ok(()),
        }
    }

    /// Keeps a raw answer, durably, before anybody looks at it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn put_inbox(&mut self, text: &str) -> Result<(), StoreError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::File(lock) => lock.put_inbox(text),
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.put_inbox(text).await,
        }
    }

    /// A raw answer that nobody has used yet.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub async fn inbox(&mut self) -> Result<Option<String>, StoreError> {
        match self {
            Self::Memory(_) => Ok(None),
            Self::File(lock) => lock.inbox(),
            #[cfg(feature = "postgres")]
            Self::Postgres(lock) => lock.inbox().await,
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
