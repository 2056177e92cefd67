//! The books of one machine: a folder that only its user can read, two files a key, a kernel lock a key. A lock dies with its
//! process. Files are written in turns, each with its number and checksum, so that a kill at any moment leaves the last whole
//! one; to rename a new file over an old one would make the disk write at once, which takes longer than the call. Nothing is
//! synced but a penalty: a loss of power may cost counts, a kill costs none.

use super::BudgetError;
use super::ask::Salt;
use super::book::Book;
use super::clock::machine;
use crate::store::StoreError;
use crate::store::own::{io, open_folder, open_own, read_own};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait between two tries to get a lock, and for how long in all: it is held for less than a millisecond.
const TRY_AGAIN: Duration = Duration::from_millis(1);
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The name of the file that holds the salt.
pub const SALT: &str = "salt";

/// The endings of the two files of a book.
const TURNS: [&str; 2] = ["book-0", "book-1"];
/// Who reads without the lock may meet both files while they are written.
const READS: usize = 5;

/// A book as it was written last.
struct Written {
    number: u64,
    book: Book,
}

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
        let mut read = self.last(id);
        for _ in 1..READS {
            match read {
                Err(BudgetError::Broken { .. }) => read = self.last(id),
                _ => break,
            }
        }
        Ok(read?.map(|written| written.book))
    }

    /// The one of the two files that is whole and newer.
    fn last(&self, id: &str) -> Result<Option<Written>, BudgetError> {
        let (mut last, mut fault): (Option<Written>, Option<String>) = (None, None);
        for turn in TURNS {
            // An empty one was made by a process that was killed before it wrote.
            let Some(bytes) = read_own(&self.path(id, turn))?.filter(|bytes| !bytes.is_empty()) else { continue };
            match parse(&bytes) {
                Ok(written) if last.as_ref().is_none_or(|last| last.number < written.number) => last = Some(written),
                Ok(_) => {}
                Err(reason) => fault = Some(reason),
            }
        }
        match (last, fault) {
            (None, Some(reason)) => Err(BudgetError::Broken { what: id.to_owned(), reason }),
            (last, _) => Ok(last),
        }
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
        let last = self.last(id)?;
        let number = last.as_ref().map_or(0, |last| last.number) + 1;
        let mut book = last.map_or_else(|| Book::new(reading.clone()), |last| last.book);
        let now = book.set_clock(reading);
        if act(&mut book, now) {
            self.write(id, &Written { number, book })?;
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

    /// Over the older of the two; what is longer of it stays behind the new text, which knows its length.
    fn write(&self, id: &str, written: &Written) -> Result<(), StoreError> {
        let turn = if written.number.is_multiple_of(2) { TURNS[0] } else { TURNS[1] };
        let path = self.path(id, turn);
        let mut file = open_own(&path, OpenOptions::new().write(true).create(true))?;
        let synced = |file: &File| if written.book.stopped.is_some() { file.sync_all() } else { Ok(()) };
        file.write_all(&to_bytes(written)).and_then(|()| synced(&file)).map_err(|error| io(&path, &error))
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
            let found = name.to_str().and_then(|name| name.rsplit_once('.')).filter(|(_, turn)| TURNS.contains(turn));
            ids.extend(found.map(|(id, _)| id.to_owned()));
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Takes a book away that cannot be read. Its lock file stays, for those who wait for it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&self, id: &str) -> Result<(), StoreError> {
        let _lock = self.lock(id).await?;
        for path in TURNS.map(|turn| self.path(id, turn)) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&path, &error)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Number, length and checksum in the first line, then the text.
fn to_bytes(written: &Written) -> Vec<u8> {
    let text = written.book.to_text();
    format!("{} {} {}\n{text}", written.number, text.len(), sum(written.number, &text)).into_bytes()
}

fn parse(bytes: &[u8]) -> Result<Written, String> {
    let cut = || "it is cut, or was changed".to_owned();
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(cut)?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| cut())?;
    let [number, length, checksum] = head.split(' ').collect::<Vec<_>>().try_into().map_err(|_| cut())?;
    let (number, length): (u64, usize) = (number.parse().map_err(|_| cut())?, length.parse().map_err(|_| cut())?);
    let text = bytes[end + 1..].get(..length).and_then(|text| std::str::from_utf8(text).ok()).ok_or_else(cut)?;
    if sum(number, text) != checksum {
        return Err(cut());
    }
    Ok(Written { number, book: Book::parse(text)? })
}

fn sum(number: u64, text: &str) -> String {
    hex::encode(&Sha256::digest(format!("{number} {text}"))[..8])
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

#[cfg(test)]
mod tests {
    use super::super::clock::Reading;
    use super::*;

    #[test]
    fn a_write_that_was_killed_anywhere_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let books = FileBooks::open(&folder.path().join("budget")).unwrap();
        let book = |wall| Book::new(Reading { wall, boot: None });
        books.write("x", &Written { number: 1, book: book(1) }).unwrap();
        books.write("x", &Written { number: 2, book: book(2) }).unwrap();
        let (path, whole) = (books.path("x", TURNS[1]), to_bytes(&Written { number: 3, book: book(333_333) }));
        let old = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            // The old text goes on where the new one ends.
            let torn = [&whole[..cut], old.get(cut..).unwrap_or_default()].concat();
            std::fs::write(&path, torn).unwrap();
            assert_eq!(books.read("x").unwrap(), Some(book(2)), "killed after {cut} bytes");
        }
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(books.read("x").unwrap(), Some(book(333_333)));
    }
}
