//! The store of one run: what the sandbox inside the program issues is worth nothing after it.

use super::error::StoreError;
use super::family_record::{FamilyKey, FamilyRecord};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

type FamilyMutex = Arc<tokio::sync::Mutex<()>>;

#[derive(Default)]
struct MemoryFamilies {
    records: HashMap<FamilyKey, FamilyRecord>,
    locks: HashMap<FamilyKey, FamilyMutex>,
}

/// Records that end with the process.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<MemoryFamilies>>);

impl MemoryStore {
    fn families(&self) -> std::sync::MutexGuard<'_, MemoryFamilies> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn read(&self, key: &FamilyKey) -> Option<FamilyRecord> {
        self.families().records.get(key).cloned()
    }

    pub async fn lock(&self, key: &FamilyKey) -> MemoryLock {
        let chain = Arc::clone(self.families().locks.entry(key.clone()).or_default());
        MemoryLock {
            store: self.clone(),
            key: key.clone(),
            _lock: chain.lock_owned().await,
        }
    }
}

/// The one that may write a chain.
pub struct MemoryLock {
    store: MemoryStore,
    key: FamilyKey,
    _lock: OwnedMutexGuard<()>,
}

impl MemoryLock {
    #[must_use]
    pub fn read(&self) -> Option<FamilyRecord> {
        self.store.read(&self.key)
    }

    /// # Errors
    /// Never: it has the signature of the other stores.
    #[expect(clippy::unnecessary_wraps, reason = "as the other stores")]
    pub fn write(&self, record: &FamilyRecord) -> Result<(), StoreError> {
        self.store
            .families()
            .records
            .insert(self.key.clone(), record.clone());
        Ok(())
    }

    pub fn remove(&self) {
        self.store.families().records.remove(&self.key);
    }
}
