//! The books of one machine: a folder that only its user can read, two files a key, a kernel lock a
//! key. A lock dies with its process. Files are written in turns, each with its number and
//! checksum, so that a kill at any moment leaves the last whole one; to rename a new file over an
//! old one would make the disk write at once, which takes longer than the call. Nothing is
//! synced but a penalty: a loss of power may cost counts, a kill costs none.

use super::error::BudgetError;
use super::forward_clock::read_machine_clocks;
use super::permit_request::HashSalt;
use super::rate_limiter::RateLimiter;
use crate::private_file::{
    PrivateFileError, ensure_private_folder, io_error, open_private, read_private,
};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait between two tries to get a lock, and for how long in all: it is held for less
/// than a millisecond.
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(1);
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The name of the file that holds the salt.
pub(super) const SALT_FILE: &str = "salt";

/// The endings of the two files of a book.
const FILE_EXTENSIONS: [&str; 2] = ["book-0", "book-1"];
/// Who reads without the lock may meet both files while they are written.
const MAX_READ_ATTEMPTS: usize = 5;

/// A book as it was written last.
struct StoredLimiter {
    sequence: u64,
    limiter: RateLimiter,
}

/// A folder of books.
pub(super) struct FileLimiters {
    folder: PathBuf,
}

impl FileLimiters {
    /// Makes the folder where there is none.
    ///
    /// # Errors
    /// When it is not the user's own, can be read by others, or is on a network file system.
    pub(super) fn open(folder: &Path) -> Result<Self, PrivateFileError> {
        ensure_private_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn path(&self, id: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    /// The salt of this folder; where there is none, `fresh` becomes it.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub(super) fn load_or_create_salt(&self, fresh: HashSalt) -> Result<HashSalt, BudgetError> {
        let path = self.folder.join(SALT_FILE);
        if let Some(bytes) = read_private(&path)? {
            let broken = |_| BudgetError::Corrupt {
                what: SALT_FILE.to_owned(),
                reason: "it has not 32 bytes".to_owned(),
            };
            return bytes.try_into().map_err(broken);
        }
        create_salt(&self.folder, &path, fresh).map_err(|error| io_error(&path, &error))?;
        // Another process may have been faster: its salt is the one.
        self.load_or_create_salt(fresh)
    }

    /// # Errors
    /// When it is there and cannot be read: a broken book is not a missing one.
    pub(super) fn read(&self, id: &str) -> Result<Option<RateLimiter>, BudgetError> {
        let mut read = self.read_latest(id);
        for _ in 1..MAX_READ_ATTEMPTS {
            match read {
                Err(BudgetError::Corrupt { .. }) => read = self.read_latest(id),
                _ => break,
            }
        }
        Ok(read?.map(|written| written.limiter))
    }

    /// The one of the two files that is whole and newer.
    fn read_latest(&self, id: &str) -> Result<Option<StoredLimiter>, BudgetError> {
        let (mut last, mut fault): (Option<StoredLimiter>, Option<String>) = (None, None);
        for turn in FILE_EXTENSIONS {
            // An empty one was made by a process that was killed before it wrote.
            let Some(bytes) = read_private(&self.path(id, turn))?.filter(|bytes| !bytes.is_empty())
            else {
                continue;
            };
            match parse_file(&bytes) {
                Ok(written)
                    if last
                        .as_ref()
                        .is_none_or(|last| last.sequence < written.sequence) =>
                {
                    last = Some(written);
                }
                Ok(_) => {}
                Err(reason) => fault = Some(reason),
            }
        }
        match (last, fault) {
            (None, Some(reason)) => Err(BudgetError::Corrupt {
                what: id.to_owned(),
                reason,
            }),
            (last, _) => Ok(last),
        }
    }

    /// Reads, changes and writes one book, alone.
    ///
    /// # Errors
    /// When it cannot be read or written, or the lock is not free.
    pub(super) async fn update(
        &self,
        id: &str,
        wall: fn() -> i64,
        act: &mut (dyn FnMut(&mut RateLimiter, i64) -> bool + Send),
    ) -> Result<(), BudgetError> {
        let _lock = self.lock(id).await?;
        // Nothing is waited for until the lock is free again. The clock is read under the lock, so
        // that it only goes forward.
        let reading = read_machine_clocks(wall());
        let last = self.read_latest(id)?;
        let number = last.as_ref().map_or(0, |last| last.sequence) + 1;
        let mut book = last.map_or_else(|| RateLimiter::new(reading.clone()), |last| last.limiter);
        let now = book.advance_clock(reading);
        if act(&mut book, now) {
            self.write(
                id,
                &StoredLimiter {
                    sequence: number,
                    limiter: book,
                },
            )?;
        }
        Ok(())
    }

    async fn lock(&self, id: &str) -> Result<File, BudgetError> {
        let (path, until) = (self.path(id, "lock"), Instant::now() + LOCK_WAIT);
        let file = open_private(
            &path,
            OpenOptions::new().read(true).write(true).create(true),
        )?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    tokio::time::sleep(LOCK_RETRY_INTERVAL).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(BudgetError::LockTimeout {
                        id: id.to_owned(),
                        waited: LOCK_WAIT,
                    });
                }
                Err(TryLockError::Error(error)) => return Err(io_error(&path, &error).into()),
            }
        }
    }

    /// Over the older of the two; what is longer of it stays behind the new text, which knows its
    /// length.
    fn write(&self, id: &str, written: &StoredLimiter) -> Result<(), PrivateFileError> {
        let turn = if written.sequence.is_multiple_of(2) {
            FILE_EXTENSIONS[0]
        } else {
            FILE_EXTENSIONS[1]
        };
        let path = self.path(id, turn);
        let mut file = open_private(&path, OpenOptions::new().write(true).create(true))?;
        let synced = |file: &File| {
            if written.limiter.suspension.is_some() {
                file.sync_all()
            } else {
                Ok(())
            }
        };
        file.write_all(&format_file(written))
            .and_then(|()| synced(&file))
            .map_err(|error| io_error(&path, &error))
    }

    /// The ids of all books.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(super) fn ids(&self) -> Result<Vec<String>, PrivateFileError> {
        let fault = |error: std::io::Error| io_error(&self.folder, &error);
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(fault)? {
            let name = entry.map_err(fault)?.file_name();
            let found = name
                .to_str()
                .and_then(|name| name.rsplit_once('.'))
                .filter(|(_, turn)| FILE_EXTENSIONS.contains(turn));
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
    pub(super) async fn remove(&self, id: &str) -> Result<(), BudgetError> {
        let _lock = self.lock(id).await?;
        for path in FILE_EXTENSIONS.map(|turn| self.path(id, turn)) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io_error(&path, &error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Number, length and checksum in the first line, then the text.
fn format_file(written: &StoredLimiter) -> Vec<u8> {
    let text = written.limiter.to_text();
    format!(
        "{} {} {}\n{text}",
        written.sequence,
        text.len(),
        compute_checksum(written.sequence, &text)
    )
    .into_bytes()
}

fn parse_file(bytes: &[u8]) -> Result<StoredLimiter, String> {
    let cut = || "it is cut, or was changed".to_owned();
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or_else(cut)?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| cut())?;
    let [number, length, checksum] = head
        .split(' ')
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| cut())?;
    let (number, length): (u64, usize) = (
        number.parse().map_err(|_| cut())?,
        length.parse().map_err(|_| cut())?,
    );
    let text = bytes[end + 1..]
        .get(..length)
        .and_then(|text| std::str::from_utf8(text).ok())
        .ok_or_else(cut)?;
    if compute_checksum(number, text) != checksum {
        return Err(cut());
    }
    Ok(StoredLimiter {
        sequence: number,
        limiter: RateLimiter::parse(text)?,
    })
}

fn compute_checksum(number: u64, text: &str) -> String {
    hex::encode(&Sha256::digest(format!("{number} {text}"))[..8])
}

fn create_salt(folder: &Path, path: &Path, salt: HashSalt) -> std::io::Result<()> {
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
    use super::super::forward_clock::ClockReading;
    use super::*;

    #[test]
    fn a_write_that_was_killed_anywhere_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let books = FileLimiters::open(&folder.path().join("budget")).unwrap();
        let book = |wall| RateLimiter::new(ClockReading { wall, boot: None });
        books
            .write(
                "x",
                &StoredLimiter {
                    sequence: 1,
                    limiter: book(1),
                },
            )
            .unwrap();
        books
            .write(
                "x",
                &StoredLimiter {
                    sequence: 2,
                    limiter: book(2),
                },
            )
            .unwrap();
        let (path, whole) = (
            books.path("x", FILE_EXTENSIONS[1]),
            format_file(&StoredLimiter {
                sequence: 3,
                limiter: book(333_333),
            }),
        );
        let old = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            // The old text goes on where the new one ends.
            let torn = [&whole[..cut], old.get(cut..).unwrap_or_default()].concat();
            std::fs::write(&path, torn).unwrap();
            assert_eq!(
                books.read("x").unwrap(),
                Some(book(2)),
                "killed after {cut} bytes"
            );
        }
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(books.read("x").unwrap(), Some(book(333_333)));
    }
}
