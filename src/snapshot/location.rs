//! The snapshots of a workspace on the disk: found, read, written beside and put in place whole.

use super::error::SnapshotError;
use super::file::SnapshotFile;
use crate::atomic_file::replace_shared;
use crate::plain_file::read_plain_file;
use std::io;
use std::path::{Path, PathBuf};

/// A snapshot is never larger, in bytes.
const MAX_SNAPSHOT_BYTES: u64 = 64 << 20;
const ACCEPTED_SUFFIX: &str = ".snap";
const PENDING_SUFFIX: &str = ".snap.new";

/// Where one snapshot is, with its pending successor beside it, whether they are there or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SnapshotLocation {
    root: PathBuf,
    /// The path of the accepted one, relative to the root, as messages show it.
    pub(crate) path: PathBuf,
}

/// The bytes of a snapshot and of its pending successor at one moment.
pub(crate) struct SavedSnapshot {
    accepted: Option<Vec<u8>>,
    pending: Option<Vec<u8>>,
}

impl SnapshotLocation {
    #[must_use]
    pub(crate) fn new(root: &Path, path: PathBuf) -> Self {
        Self {
            root: root.to_owned(),
            path,
        }
    }

    /// `a.snap.new`, relative to the root: the name that cargo-insta looks for.
    #[must_use]
    pub(crate) fn pending_path(&self) -> PathBuf {
        self.path.with_extension("snap.new")
    }

    /// The accepted one, when there is one.
    ///
    /// # Errors
    /// When it is there and is no snapshot.
    pub(crate) fn read_accepted(&self) -> Result<Option<SnapshotFile>, SnapshotError> {
        self.read_snapshot(&self.path)
    }

    /// The pending snapshot, if there is one.
    ///
    /// # Errors
    /// When it is there and is no snapshot.
    pub(crate) fn read_pending(&self) -> Result<Option<SnapshotFile>, SnapshotError> {
        self.read_snapshot(&self.pending_path())
    }

    /// Whether a pending snapshot exists.
    ///
    /// # Errors
    /// When that cannot be found out: a folder that may not be entered is not an empty one.
    pub(crate) fn has_pending(&self) -> Result<bool, SnapshotError> {
        let path = self.pending_path();
        // A broken link counts as pending as well, because a person must look at it.
        match self.root.join(&path).symlink_metadata() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unreadable(&path, &error)),
        }
    }

    /// The one of the two that is there; messages show it.
    #[must_use]
    pub(crate) fn existing_path(&self) -> PathBuf {
        let is_accepted = self.root.join(&self.path).symlink_metadata().is_ok();
        if is_accepted {
            self.path.clone()
        } else {
            self.pending_path()
        }
    }

    fn read_snapshot(&self, path: &Path) -> Result<Option<SnapshotFile>, SnapshotError> {
        match read_plain_file(&self.root.join(path), MAX_SNAPSHOT_BYTES) {
            Ok(bytes) => SnapshotFile::parse(path, &bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// Writes a pending snapshot, which a person must review.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write_pending(&self, text: &str) -> Result<(), SnapshotError> {
        self.write(&self.pending_path(), text)
    }

    /// Writes the snapshot itself; nothing is pending any more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write_accepted(&self, text: &str) -> Result<(), SnapshotError> {
        // The snapshot first: if the process is killed in between, a pending file is left over, but
        // no content is lost.
        self.write(&self.path, text)?;
        self.discard_pending().map(|_| ())
    }

    /// Accepts the pending snapshot.
    ///
    /// # Errors
    /// When nothing that can be read is pending, or it cannot be written.
    pub(crate) fn accept(&self) -> Result<(), SnapshotError> {
        match self.read_pending()? {
            Some(file) => self.write_accepted(&file.to_text(false)),
            None => Ok(()),
        }
    }

    /// Both files as they are now, so that a decision can be taken back.
    ///
    /// # Errors
    /// When one is there and cannot be read.
    pub(crate) fn save(&self) -> Result<SavedSnapshot, SnapshotError> {
        let read = |path: &Path| match read_plain_file(&self.root.join(path), MAX_SNAPSHOT_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        };
        Ok(SavedSnapshot {
            accepted: read(&self.path)?,
            pending: read(&self.pending_path())?,
        })
    }

    /// Makes both files what they were.
    ///
    /// # Errors
    /// When one cannot be written or removed.
    pub(crate) fn restore(&self, saved: &SavedSnapshot) -> Result<(), SnapshotError> {
        // The pending one first: until the end, what was decided about is on the disk.
        for (path, bytes) in [
            (self.pending_path(), &saved.pending),
            (self.path.clone(), &saved.accepted),
        ] {
            match bytes {
                Some(bytes) => replace_shared(&self.root.join(&path), bytes)
                    .map_err(|error| unwritable(&path, &error))?,
                None => self.remove(&path).map(|_| ())?,
            }
        }
        Ok(())
    }

    /// Whether there was one.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub(crate) fn discard_pending(&self) -> Result<bool, SnapshotError> {
        self.remove(&self.pending_path())
    }

    /// Removes the snapshot and the pending one.
    ///
    /// # Errors
    /// When one is there and cannot be removed.
    pub(crate) fn remove_all(&self) -> Result<(), SnapshotError> {
        self.remove(&self.path)?;
        self.discard_pending().map(|_| ())
    }

    fn remove(&self, path: &Path) -> Result<bool, SnapshotError> {
        match std::fs::remove_file(self.root.join(path)) {
            Ok(()) => Ok(true),
            // Also if `cargo insta` was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unwritable(path, &error)),
        }
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), SnapshotError> {
        replace_shared(&self.root.join(path), text.as_bytes())
            .map_err(|error| unwritable(path, &error))
    }
}

fn unreadable(path: &Path, error: &io::Error) -> SnapshotError {
    SnapshotError::Unreadable {
        place: path.display().to_string(),
        reason: error.to_string(),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> SnapshotError {
    SnapshotError::Unwritable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// Every snapshot below `requests/`, accepted or pending, in the order of their names.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn find_snapshots(root: &Path) -> Result<Vec<SnapshotLocation>, SnapshotError> {
    let mut found = Vec::new();
    collect_snapshots(root, Path::new("requests"), &mut found)?;
    found.sort();
    found.dedup();
    Ok(found)
}

/// Links to folders are not followed: the workspace has none, and they could lead in a circle.
fn collect_snapshots(
    root: &Path,
    folder: &Path,
    found: &mut Vec<SnapshotLocation>,
) -> Result<(), SnapshotError> {
    let fault = |error: io::Error| unreadable(folder, &error);
    let listing = match std::fs::read_dir(root.join(folder)) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(fault(error)),
    };
    for entry in listing {
        let entry = entry.map_err(fault)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Unfinished files of a process that was killed begin with a dot.
        if name.starts_with('.') {
            continue;
        }
        if entry.file_type().map_err(fault)?.is_dir() {
            collect_snapshots(root, &folder.join(entry.file_name()), found)?;
        } else if let Some(accepted) = accepted_name(&name) {
            found.push(SnapshotLocation::new(root, folder.join(accepted)));
        }
    }
    Ok(())
}

/// The name of the accepted snapshot that a file is, or that it waits to become.
fn accepted_name(name: &str) -> Option<String> {
    let stem = name
        .strip_suffix(PENDING_SUFFIX)
        .or_else(|| name.strip_suffix(ACCEPTED_SUFFIX))?;
    Some(format!("{stem}{ACCEPTED_SUFFIX}"))
}
