//! The store of one run: what the sandbox inside the program issues is worth nothing after it.

use super::{Key, Record, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

type Chain = Arc<tokio::sync::Mutex<()>>;

#[derive(Default)]
struct Held {
    records: HashMap<Key, Record>,
    locks: HashMap<Key, Chain>,
}

/// Records that end with the process.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Held>>);

impl MemoryStore {
    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn read(&self, key: &Key) -> Option<Record> {
        self.held().records.get(key).cloned()
    }

    pub async fn lock(&self, key: &Key) -> MemoryLock {
        let chain = Arc::clone(self.held().locks.entry(key.clone()).or_default());
        MemoryLock { store: self.clone(), key: key.clone(), _lock: chain.lock_owned().await }
    }
}

/// The one that may write a chain.
pub struct MemoryLock {
    store: MemoryStore,
    key: Key,
    _lock: OwnedMutexGuard<()>,
}

impl MemoryLock {
    #[must_use]
    pub fn read(&self) -> Option<Record> {
        self.store.read(&self.key)
    }

    /// # Errors
    /// Never: it has the signature of the other stores.
    pub fn write(&self, record: &Record) -> Result<(), StoreError> {
        self.store.held().records.insert(self.key.clone(), record.clone());
        Ok(())
    }

    pub fn remove(&self) {
        self.store.held().records.remove(&self.key);
    }
}
