//! The rate limiters of one machine, in a folder that only its user can read: two state files and a
//! lock file for each limiter. It refuses folders on network file systems, where locks do not hold.
//!
//! The two state files are written alternately. Each starts with a sequence number and a checksum,
//! so that a kill at any moment leaves the state before it readable. Only a suspension is synced to
//! the disk: a power failure can lose counts, a kill cannot.

use super::absent_limiters::{AbsentLimiters, FolderTime};
use super::error::BudgetError;
use super::forward_clock::read_machine_clocks;
use super::permit_request::HashSalt;
use super::rate_limiter::{LimiterChange, LimiterUpdate, RateLimiter};
use super::state_error::LimiterStateError;
use crate::private_file::{
    PrivateFileError, ensure_private_folder, io_error, open_private, read_private,
};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A lock is held for less than a millisecond, so the interval is short, and a lock that is not
/// free after the whole wait belongs to a process that hangs.
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(1);
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The name of the file that holds the salt.
pub(super) const SALT_FILE: &str = "salt";

/// The extensions of the two state files of a limiter.
const FILE_EXTENSIONS: [&str; 2] = ["book-0", "book-1"];
/// A read without the lock can find both files while they are being written.
const MAX_READ_ATTEMPTS: usize = 5;

/// The state of a limiter, with the number of the write that stored it.
struct StoredLimiter {
    sequence: u64,
    limiter: RateLimiter,
}

/// A folder of limiters.
pub(super) struct FileLimiters {
    folder: PathBuf,
    absent: AbsentLimiters,
}

impl FileLimiters {
    /// Creates the folder if it does not exist.
    ///
    /// # Errors
    /// When the folder belongs to another user, others can read it, or it is on a network file
    /// system.
    pub(super) fn open(folder: &Path) -> Result<Self, PrivateFileError> {
        ensure_private_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            absent: AbsentLimiters::default(),
        })
    }

    fn path(&self, id: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    /// The salt of this folder. If there is none, `fresh` is stored as the salt.
    ///
    /// # Errors
    /// When the salt cannot be read or created, or has another length.
    pub(super) fn load_or_create_salt(&self, fresh: HashSalt) -> Result<HashSalt, BudgetError> {
        let path = self.folder.join(SALT_FILE);
        if let Some(bytes) = read_private(&path)? {
            return bytes
                .try_into()
                .map_err(|bytes: Vec<u8>| BudgetError::Corrupt {
                    id: SALT_FILE.to_owned(),
                    reason: LimiterStateError::InvalidSalt(bytes.len()),
                });
        }
        create_salt(&self.folder, &path, fresh).map_err(|error| io_error(&path, &error))?;
        // Read back: another process may have created the file first, and two processes with
        // different salts would count the same key in two limiters.
        self.load_or_create_salt(fresh)
    }

    /// The limiter of a call that no limit counts, without its lock. `parts` are what its id is made
    /// of. While the folder does not change, one that does not exist is not looked for again.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn read_uncounted(
        &self,
        parts: &[String],
        id: impl FnOnce() -> String,
        now_ms: i64,
    ) -> Result<Option<RateLimiter>, BudgetError> {
        let time = FolderTime::of(&self.folder);
        if self.absent.contains(parts, time) {
            return Ok(None);
        }
        let limiter = self.read(&id())?;
        if limiter.is_none() {
            self.absent.insert(parts, time, now_ms);
        }
        Ok(limiter)
    }

    /// Reads a limiter without its lock.
    ///
    /// # Errors
    /// When it exists and cannot be read. A damaged limiter is never treated as a missing one.
    pub(super) fn read(&self, id: &str) -> Result<Option<RateLimiter>, BudgetError> {
        let mut read = self.read_latest(id);
        // One write leaves the other file intact. Nothing is intact only if two writes happened
        // during this read, or if the limiter has only one file yet.
        for _ in 1..MAX_READ_ATTEMPTS {
            match read {
                Err(BudgetError::Corrupt { .. }) => read = self.read_latest(id),
                _ => break,
            }
        }
        Ok(read?.map(|written| written.limiter))
    }

    /// The newer of the two state files that are intact.
    fn read_latest(&self, id: &str) -> Result<Option<StoredLimiter>, BudgetError> {
        let (mut latest, mut damage) = (None::<StoredLimiter>, None);
        for extension in FILE_EXTENSIONS {
            let Some(bytes) = read_private(&self.path(id, extension))? else {
                continue;
            };
            // A process that was killed between creating and writing leaves an empty file.
            if bytes.is_empty() {
                continue;
            }
            match parse_file(&bytes) {
                Ok(stored) => {
                    let is_newer = |latest: &StoredLimiter| latest.sequence < stored.sequence;
                    if latest.as_ref().is_none_or(is_newer) {
                        latest = Some(stored);
                    }
                }
                Err(reason) => damage = Some(reason),
            }
        }
        // One damaged file beside an intact one is the write of a process that was killed. No call
        // depends on that write: a permit is granted only after its write has returned.
        match (latest, damage) {
            (None, Some(reason)) => Err(BudgetError::Corrupt {
                id: id.to_owned(),
                reason,
            }),
            (latest, _) => Ok(latest),
        }
    }

    /// Reads, changes and writes one limiter under its lock.
    ///
    /// # Errors
    /// When it cannot be read or written, or the lock is not free in time.
    pub(super) async fn update<T>(
        &self,
        id: &str,
        wall_clock: fn() -> i64,
        change: LimiterChange<'_, T>,
    ) -> Result<T, BudgetError> {
        let _lock = self.lock(id).await?;
        // No await from here on: a future that is dropped cannot stop between reading and writing,
        // and the lock is not held while this process waits for something.
        // The clock is read under the lock. A reading from before could be older than the one that
        // another process stored meanwhile, and the limiter's clock would stand still for it.
        let reading = read_machine_clocks(wall_clock());
        let stored = self.read_latest(id)?;
        let sequence = stored.as_ref().map_or(0, |stored| stored.sequence) + 1;
        let mut limiter = stored.map_or_else(
            || RateLimiter::new(reading.clone()),
            |stored| stored.limiter,
        );
        let now = limiter.advance_clock(reading);
        match change(&mut limiter, now) {
            LimiterUpdate::Unchanged(result) => Ok(result),
            LimiterUpdate::Changed(result) => {
                self.write(id, &StoredLimiter { sequence, limiter })?;
                Ok(result)
            }
        }
    }

    async fn lock(&self, id: &str) -> Result<File, BudgetError> {
        let (path, until) = (self.path(id, "lock"), Instant::now() + LOCK_WAIT);
        let file = open_private(
            &path,
            OpenOptions::new().read(true).write(true).create(true),
        )?;
        loop {
            // `lock` would block the thread, and with it all other lanes of this run.
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

    /// Overwrites the older of the two state files.
    fn write(&self, id: &str, stored: &StoredLimiter) -> Result<(), BudgetError> {
        let text = format_file(stored).map_err(|reason| BudgetError::Corrupt {
            id: id.to_owned(),
            reason,
        })?;
        // The newest intact file has the other parity, so it is never the one that is overwritten.
        let extension = if stored.sequence.is_multiple_of(2) {
            FILE_EXTENSIONS[0]
        } else {
            FILE_EXTENSIONS[1]
        };
        let path = self.path(id, extension);
        // The file is overwritten in place. To rename a new file over it would make the file system
        // write to the disk at once, which takes longer than the call. It is not truncated either:
        // a longer old text stays behind the new one, whose header states its length.
        let mut file = open_private(&path, OpenOptions::new().write(true).create(true))?;
        file.write_all(&text)
            .and_then(|()| sync_suspension(&file, &stored.limiter))
            .map_err(|error| io_error(&path, &error).into())
    }

    /// The ids of all limiters, sorted.
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
                // Lock files and the salt are in the same folder.
                .filter(|(_, turn)| FILE_EXTENSIONS.contains(turn));
            ids.extend(found.map(|(id, _)| id.to_owned()));
        }
        ids.sort_unstable();
        // Both state files of a limiter have its id.
        ids.dedup();
        Ok(ids)
    }

    /// Deletes the state of a limiter that cannot be read.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub(super) async fn remove(&self, id: &str) -> Result<(), BudgetError> {
        // The lock file stays. If it were deleted, a process that waits for the old file and one
        // that creates a new one would both hold "the" lock.
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

/// A suspension survives a power failure. Counts do not: to sync every call would cost more than
/// the call itself, and a suspension that is forgotten costs the account.
fn sync_suspension(file: &File, limiter: &RateLimiter) -> std::io::Result<()> {
    if limiter.suspension.is_some() {
        file.sync_all()
    } else {
        Ok(())
    }
}

/// Sequence number, length and checksum in the first line, then the text.
fn format_file(stored: &StoredLimiter) -> Result<Vec<u8>, LimiterStateError> {
    let text = stored.limiter.to_text()?;
    let (sequence, length) = (stored.sequence, text.len());
    let checksum = compute_checksum(sequence, &text);
    Ok(format!("{sequence} {length} {checksum}\n{text}").into_bytes())
}

fn parse_file(bytes: &[u8]) -> Result<StoredLimiter, LimiterStateError> {
    let (sequence, text) = checked_text(bytes).ok_or(LimiterStateError::Damaged)?;
    Ok(StoredLimiter {
        sequence,
        limiter: RateLimiter::parse(text)?,
    })
}

/// The sequence number and the text of a state file; `None` if the file is cut off or changed.
fn checked_text(bytes: &[u8]) -> Option<(u64, &str)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let mut header = std::str::from_utf8(&bytes[..end]).ok()?.split(' ');
    let (sequence, length, checksum) = (header.next()?, header.next()?, header.next()?);
    let (sequence, length): (u64, usize) = (sequence.parse().ok()?, length.parse().ok()?);
    let text = std::str::from_utf8(bytes[end + 1..].get(..length)?).ok()?;
    let is_intact = header.next().is_none() && compute_checksum(sequence, text) == checksum;
    is_intact.then_some((sequence, text))
}

/// Covers the sequence number as well: an old text must not pass for a newer one.
fn compute_checksum(sequence: u64, text: &str) -> String {
    hex::encode(&Sha256::digest(format!("{sequence} {text}"))[..8])
}

fn create_salt(folder: &Path, path: &Path, salt: HashSalt) -> std::io::Result<()> {
    // Written whole before it gets its name, so that no process can read a part of a salt.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&salt)?;
    file.as_file().sync_all()?;
    // If another process was faster, its salt stays, and the caller reads it back.
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
        let limiters = FileLimiters::open(&folder.path().join("budget")).unwrap();
        let state = |wall| RateLimiter::new(ClockReading { wall, boot: None });
        let stored = |sequence, wall| StoredLimiter {
            sequence,
            limiter: state(wall),
        };
        limiters.write("x", &stored(1, 1)).unwrap();
        limiters.write("x", &stored(2, 2)).unwrap();
        let path = limiters.path("x", FILE_EXTENSIONS[1]);
        let whole = format_file(&stored(3, 333_333)).unwrap();
        let old = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            // After a kill the old text follows the part of the new one that was written.
            let torn = [&whole[..cut], old.get(cut..).unwrap_or_default()].concat();
            std::fs::write(&path, torn).unwrap();
            assert_eq!(
                limiters.read("x").unwrap(),
                Some(state(2)),
                "killed after {cut} bytes"
            );
        }
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(limiters.read("x").unwrap(), Some(state(333_333)));
    }
}
