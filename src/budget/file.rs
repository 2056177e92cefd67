//! The books of one machine: a folder that only its user can read, a file a key, a kernel lock a file. A lock dies with its
//! process; a file is replaced whole or not at all. Nothing is synced but a penalty: a loss of power may cost counts, which
//! windows of hours forget anyway, and a kill costs none.

use super::BudgetError;
use super::ask::Salt;
use super::book::Book;
use super::clock::machine;
use crate::store::StoreError;
use crate::store::own::{io, open_folder, open_own, read_own};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait between two tries to get a lock, and for how long in all: it is held for less than a millisecond.
const TRY_AGAIN: Duration = Duration::from_millis(1);
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The name of the file that holds the salt.
pub const SALT: &str = "salt";

/// A folder of books.
pub struct FileBooks {
    folder: PathBuf,
}

impl FileBooks {
    /// Makes the folder where there is none.
    ///
    /// # Errors
    /// When it is not the user's own, can be read by others, or is on a network file system.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        open_folder(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn path(&self, id: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    /// The salt of this folder; where there is none, `fresh` becomes it.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub fn salt(&self, fresh: Salt) -> Result<Salt, BudgetError> {
        let path = self.folder.join(SALT);
        if let Some(bytes) = read_own(&path)? {
            let broken = |_| BudgetError::Broken { what: SALT.to_owned(), reason: "it has not 32 bytes".to_owned() };
            return bytes.try_into().map_err(broken);
        }
        put_salt(&self.folder, &path, fresh).map_err(|error| io(&path, &error))?;
        // Another process may have been faster: its salt is the one.
        self.salt(fresh)
    }

    /// # Errors
    /// When it is there and cannot be read: a broken book is not a missing one.
    pub fn read(&self, id: &str) -> Result<Option<Book>, BudgetError> {
        let Some(bytes) = read_own(&self.path(id, "book"))? else { return Ok(None) };
        let broken = |reason| BudgetError::Broken { what: id.to_owned(), reason };
        let text = String::from_utf8(bytes).map_err(|_| broken("it is not text".to_owned()))?;
        Book::parse(&text).map(Some).map_err(broken)
    }

    /// Reads, changes and writes one book, alone.
    ///
    /// # Errors
    /// When it cannot be read or written, or the lock is not free.
    pub async fn change(
        &self,
        id: &str,
        wall: fn() -> i64,
        act: &mut (dyn FnMut(&mut Book, i64) -> bool + Send),
    ) -> Result<(), BudgetError> {
        let _lock = self.lock(id).await?;
        // Nothing is waited for until the lock is free again. The clock is read under the lock, so that it only goes forward.
        let reading = machine(wall());
        let mut book = self.read(id)?.unwrap_or_else(|| Book::new(reading.clone()));
        let now = book.set_clock(reading);
        if act(&mut book, now) {
            let path = self.path(id, "book");
            self.replace(id, &book).map_err(|error| io(&path, &error))?;
        }
        Ok(())
    }

    async fn lock(&self, id: &str) -> Result<File, StoreError> {
        let (path, until) = (self.path(id, "lock"), Instant::now() + LOCK_WAIT);
        let file = open_own(&path, OpenOptions::new().read(true).write(true).create(true))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < until => tokio::time::sleep(TRY_AGAIN).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Busy { holder: "another process".to_owned(), waited: LOCK_WAIT });
                }
                Err(TryLockError::Error(error)) => return Err(io(&path, &error)),
            }
        }
    }

    /// Under the lock there is one writer only: what another left that was killed is written over.
    fn replace(&self, id: &str, book: &Book) -> std::io::Result<()> {
        let unfinished = self.path(id, "tmp");
        let text = book.to_text();
        let options = &mut OpenOptions::new();
        let fault = |error: StoreError| std::io::Error::other(error.to_string());
        let mut file = open_own(&unfinished, options.write(true).create(true).truncate(true)).map_err(fault)?;
        file.write_all(text.as_bytes())?;
        if book.stopped.is_some() {
            file.sync_all()?;
        }
        std::fs::rename(&unfinished, self.path(id, "book"))
    }

    /// The ids of all books.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, StoreError> {
        let fault = |error: std::io::Error| io(&self.folder, &error);
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(fault)? {
            let name = entry.map_err(fault)?.file_name();
            ids.extend(name.to_str().and_then(|name| name.strip_suffix(".book")).map(str::to_owned));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Takes a book away that cannot be read. Its lock file stays, for those who wait for it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&self, id: &str) -> Result<(), StoreError> {
        let _lock = self.lock(id).await?;
        let path = self.path(id, "book");
        std::fs::remove_file(&path).map_err(|error| io(&path, &error))
    }
}

fn put_salt(folder: &Path, path: &Path, salt: Salt) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&salt)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}
