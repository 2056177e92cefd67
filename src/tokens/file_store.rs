//! The store of one machine: a folder that only its user can read, a file a chain, a kernel lock a
//! file. A lock dies with its process; a file is replaced whole or not at all.

use super::envelope::{RecordEnvelope, StoreKey, is_sealed};
use super::error::StoreError;
use super::family_record::{FamilyKey, FamilyRecord};
use super::response_file::{ResponseFile, sealed_response};
use super::sealed_record::{open_record, seal_record};
use crate::atomic_file::sync_folder;
use crate::plain_file::read_plain_text;
use crate::private_file::{
    create_private_folder, ensure_private_folder, io_error, open_private, read_private,
};
use crate::secret::Secret;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait between two tries to get a lock.
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// A folder of sealed records.
#[derive(Clone)]
pub struct FileStore {
    folder: PathBuf,
    envelope: RecordEnvelope,
}

impl FileStore {
    /// Makes the folder where there is none.
    ///
    /// # Errors
    /// When it is not the user's own, can be read by others, or is on a network file system.
    pub fn open(folder: &Path, envelope: RecordEnvelope) -> Result<Self, StoreError> {
        ensure_private_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            envelope,
        })
    }

    fn path(&self, id: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    /// # Errors
    /// When a record is there and cannot be read: a broken record is not a missing one.
    pub fn read(&self, key: &FamilyKey) -> Result<Option<FamilyRecord>, StoreError> {
        self.read_by_id(&key.id())
    }

    fn read_by_id(&self, id: &str) -> Result<Option<FamilyRecord>, StoreError> {
        let Some(bytes) = read_private(&self.path(id, "record"))? else {
            return Ok(None);
        };
        open_record(&self.envelope, id, &bytes).map(Some)
    }

    /// Every record, those that cannot be read among them.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Result<FamilyRecord, StoreError>>, StoreError> {
        let fault = |error: std::io::Error| io_error(&self.folder, &error);
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(fault)? {
            let name = entry.map_err(fault)?.file_name();
            ids.extend(
                name.to_str()
                    .and_then(|name| name.strip_suffix(".record"))
                    .map(str::to_owned),
            );
        }
        ids.sort_unstable();
        Ok(ids
            .iter()
            .filter_map(|id| self.read_by_id(id).transpose())
            .collect())
    }

    /// Waits for the lock of one chain.
    ///
    /// # Errors
    /// When it is not free in time.
    pub async fn lock(&self, key: &FamilyKey, wait: Duration) -> Result<FileLock, StoreError> {
        self.envelope.ensure_can_seal()?;
        let (id, until) = (key.id(), Instant::now() + wait);
        let path = self.path(&id, "lock");
        let mut file = open_private(
            &path,
            OpenOptions::new().read(true).write(true).create(true),
        )?;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    tokio::time::sleep(LOCK_RETRY_INTERVAL).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::LockTimeout {
                        holder: lock_holder(&path),
                        waited: wait,
                    });
                }
                Err(TryLockError::Error(error)) => return Err(io_error(&path, &error).into()),
            }
        }
        // Only words for the one who waits; nothing depends on them.
        let _ = file
            .set_len(0)
            .and_then(|()| write!(file, "process {}", std::process::id()));
        let lock = FileLock {
            store: self.clone(),
            id,
            _lock: file,
            revision: 0,
            inbox: None,
        };
        lock.remove_unfinished_writes();
        Ok(lock)
    }
}

/// The one that may write a chain.
pub struct FileLock {
    store: FileStore,
    id: String,
    _lock: File,
    /// Of the record that was read last.
    revision: u64,
    inbox: Option<ResponseFile>,
}

impl FileLock {
    /// # Errors
    /// As for a read without the lock.
    pub fn read(&mut self) -> Result<Option<FamilyRecord>, StoreError> {
        let record = self.store.read_by_id(&self.id)?;
        self.revision = record.as_ref().map_or(0, |record| record.revision);
        Ok(record)
    }

    /// Takes the place of the record that was read last.
    ///
    /// # Errors
    /// When another one is there by now, or it cannot be written: then the old one is still there.
    pub fn write(&mut self, record: &mut FamilyRecord) -> Result<(), StoreError> {
        let there = self
            .store
            .read_by_id(&self.id)?
            .map_or(0, |record| record.revision);
        if there != self.revision {
            return Err(StoreError::StaleRevision);
        }
        record.revision = self.revision + 1;
        let bytes = seal_record(&self.store.envelope, &self.id, record)?;
        let path = self.store.path(&self.id, "record");
        self.replace(&path, bytes.as_bytes())
            .map_err(|error| io_error(&path, &error))?;
        self.revision = record.revision;
        Ok(())
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        // Its name is nobody else's and its mode is 0600 from the first moment.
        let mut file = tempfile::Builder::new()
            .prefix(&format!("{}.", self.id))
            .suffix(".tmp")
            .tempfile_in(&self.store.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        sync_folder(&self.store.folder)
    }

    /// What a process left that was killed while it wrote.
    fn remove_unfinished_writes(&self) {
        let prefix = format!("{}.", self.id);
        for entry in std::fs::read_dir(&self.store.folder)
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| {
                name.starts_with(&prefix)
                    && Path::new(name)
                        .extension()
                        .is_some_and(|extension| extension == "tmp")
            }) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Makes room for an answer.
    ///
    /// # Errors
    /// When there is none: then nothing must be sent.
    pub fn prepare_inbox(&mut self) -> Result<(), StoreError> {
        self.inbox = Some(ResponseFile::reserve(self.store.path(&self.id, "inbox"))?);
        Ok(())
    }

    /// Puts an answer on the disk before anybody looks at it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_inbox(&mut self, text: &str) -> Result<(), StoreError> {
        let sealed = self.store.envelope.seal(&inbox_context(&self.id), text)?;
        let Some(file) = &mut self.inbox else {
            return Err(StoreError::InboxNotPrepared {
                id: self.id.clone(),
            });
        };
        Ok(file.write(&sealed)?)
    }

    /// The answer that a process left that did not come to use it; one that was not written whole
    /// is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read_inbox(&mut self) -> Result<Option<Secret<String>>, StoreError> {
        let Some(bytes) = read_private(&self.store.path(&self.id, "inbox"))? else {
            return Ok(None);
        };
        sealed_response(&bytes)
            .map(|sealed| self.store.envelope.open(&inbox_context(&self.id), sealed))
            .transpose()
    }

    pub fn clear_inbox(&mut self) {
        self.inbox = None;
        // One that stays is known to be old by its generation.
        let _ = std::fs::remove_file(self.store.path(&self.id, "inbox"));
    }

    /// Under another ending it is there for whoever has its key.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn quarantine(&mut self) -> Result<(), StoreError> {
        self.revision = 0;
        let path = self.store.path(&self.id, "record");
        std::fs::rename(&path, self.store.path(&self.id, "broken"))
            .map_err(|error| io_error(&path, &error))?;
        Ok(())
    }

    /// Puts a response that cannot be opened aside, like [`Self::quarantine`].
    ///
    /// # Errors
    /// If it cannot be moved.
    pub fn quarantine_inbox(&mut self) -> Result<(), StoreError> {
        self.inbox = None;
        let path = self.store.path(&self.id, "inbox");
        std::fs::rename(&path, self.store.path(&self.id, "broken-inbox"))
            .map_err(|error| io_error(&path, &error))?;
        Ok(())
    }

    /// Takes the chain away. Its lock file stays: who waits for it must not wait for another one
    /// than the next to come.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&mut self) -> Result<(), StoreError> {
        self.clear_inbox();
        let path = self.store.path(&self.id, "record");
        // The lock file is not unlinked: a process that waits has the old file open, a newcomer
        // would create a new one, and both would hold "the" lock.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io_error(&path, &error).into());
            }
            _ => {}
        }
        sync_folder(&self.store.folder).map_err(|error| io_error(&path, &error))?;
        Ok(())
    }
}

/// The key in a file of the user's own; where there is none, `fresh` is put there.
///
/// # Errors
/// When the file is not safe, holds no key, or cannot be made.
pub(super) fn load_or_create_key(
    path: &Path,
    fresh: Option<&StoreKey>,
) -> Result<Option<StoreKey>, StoreError> {
    if let Some(bytes) = read_private(path)?.map(Secret::new) {
        let key = std::str::from_utf8(bytes.expose())
            .ok()
            .and_then(StoreKey::parse);
        return key
            .map(Some)
            .ok_or_else(|| StoreError::InvalidKey(format!("`{}` holds none", path.display())));
    }
    let Some(fresh) = fresh else { return Ok(None) };
    create_key(path, fresh).map_err(|error| io_error(path, &error))?;
    // Another process may have been faster: its key is the one.
    load_or_create_key(path, None)
}

fn create_key(path: &Path, key: &StoreKey) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_private_folder(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", key.to_text().expose())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.error),
        _ => sync_folder(folder),
    }
}

/// Whether anything is kept there that needs a key.
///
/// # Errors
/// If the folder or a record in it cannot be read: it could be sealed, and a new key beside it
/// would make it unreadable for good.
pub(super) fn has_sealed_records(folder: &Path) -> Result<bool, StoreError> {
    let fault = |error: std::io::Error| io_error(folder, &error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(fault(error).into()),
    };
    for entry in entries {
        let path = entry.map_err(fault)?.path();
        let is_record = path.extension().is_some_and(|ending| ending == "record");
        // A record that was removed meanwhile is `None`.
        if is_record && read_private(&path)?.is_some_and(|bytes| is_sealed(&bytes)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn inbox_context(id: &str) -> String {
    format!("{id} inbox")
}

fn lock_holder(path: &Path) -> String {
    read_plain_text(path, 1 << 10)
        .ok()
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "another process".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::RandomSource;
    use crate::tokens::FamilyLabel;

    const RNG: RandomSource = || Ok([7; 16]);

    fn store(folder: &Path, rng: RandomSource) -> FileStore {
        let key = StoreKey::generate(rng).unwrap();
        FileStore::open(folder, RecordEnvelope::new(Some(key), false, rng)).unwrap()
    }

    fn key() -> FamilyKey {
        FamilyKey {
            scheme: "s".into(),
            host: "h".into(),
            token: "t".into(),
            ids: Vec::new(),
        }
    }

    fn lock(store: &FileStore) -> FileLock {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime
            .block_on(store.lock(&key(), Duration::ZERO))
            .unwrap()
    }

    #[test]
    fn a_response_is_not_dropped_when_no_room_was_made_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder.path().join("tokens"), RNG);
        let error = lock(&store).write_inbox("response").unwrap_err();
        assert!(matches!(error, StoreError::InboxNotPrepared { .. }));
    }

    #[test]
    fn a_whole_response_that_does_not_open_is_an_error_and_an_unfinished_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tokens");
        let mut writer = lock(&store(&folder, RNG));
        writer.prepare_inbox().unwrap();
        assert!(writer.read_inbox().unwrap().is_none(), "only reserved");
        writer.write_inbox("response").unwrap();
        drop(writer);

        let other_key = store(&folder, || Ok([8; 16]));
        let mut reader = lock(&other_key);
        assert!(matches!(
            reader.read_inbox(),
            Err(StoreError::Corrupt { .. })
        ));

        let path = other_key.path(&key().id(), "inbox");
        let mut bytes = std::fs::read(&path).unwrap();
        let length = usize::try_from(u64::from_be_bytes(*bytes.first_chunk().unwrap())).unwrap();
        bytes[8 + length / 2..].fill(0);
        std::fs::write(&path, bytes).unwrap();
        assert!(
            reader.read_inbox().unwrap().is_none(),
            "cut by a loss of power"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_record_that_cannot_be_read_does_not_count_as_no_sealed_record() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_sealed_records(&folder.path().join("missing")).unwrap());
        let store = store(&folder.path().join("tokens"), RNG);
        let mut record = FamilyRecord::new(key(), FamilyLabel::default());
        lock(&store).write(&mut record).unwrap();
        assert!(has_sealed_records(&store.folder).unwrap());
        let path = store.path(&key().id(), "record");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        assert!(has_sealed_records(&store.folder).is_err());
    }
}
