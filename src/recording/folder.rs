//! The folder of recordings on the disk: read, merged and written under a lock, each file whole at every moment. A file that is
//! broken is an error, never a file that is missing.

use super::compose::compose;
use crate::disk::{UNFINISHED, replace_shared};
use crate::load::decode_recording_text;
use crate::model::recording::{AnswerBody, BODIES, Exchange, Outcome, RecordedAnswer, Recording};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A body larger than this lies in a file of its own, in bytes.
const MAX_INLINE: usize = 64 << 10;

/// Below the root of a workspace.
pub const RECORDINGS: &str = "fixtures/recordings";

/// Why a recording cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{}: {error}", .path.display())]
    Disk { path: PathBuf, error: std::io::Error },
    #[error("{} is broken, and nothing is written over it: {reason}", .path.display())]
    Broken { path: PathBuf, reason: String },
    #[error("{} cannot be recorded into: {reason}", .path.display())]
    Unfit { path: PathBuf, reason: String },
}

/// What a new file is, compared with the one that was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    New,
    Changed,
    AsBefore,
}

/// The recordings of one workspace.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What a recording becomes: `make` gets what is there, and gives what shall be there.
    ///
    /// # Errors
    /// When the folder cannot be locked, the file is broken or cannot be written.
    pub fn update(
        &self,
        name: &str,
        make: &mut dyn FnMut(Option<&Recording>) -> Result<Recording, String>,
    ) -> Result<Change, FolderError> {
        let _lock = self.lock()?;
        let path = self.path(name);
        let old = self.read(name)?;
        let unfit = |reason: String| FolderError::Unfit { path: path.clone(), reason };
        let new = make(old.as_ref().map(|(recording, _)| recording)).map_err(unfit)?;
        let new = Recording { exchanges: self.outsourced(new.exchanges)?, ..new };
        let text = compose(&new);
        if old.as_ref().is_some_and(|(_, before)| *before == text) {
            return Ok(Change::AsBefore);
        }
        decode_recording_text(&self.root, name, &text).map_err(unfit)?;
        replace_shared(&path, text.as_bytes()).map_err(|error| disk(&path, error))?;
        Ok(if old.is_some() { Change::Changed } else { Change::New })
    }

    /// A recording and its text; `None` when there is no such file.
    fn read(&self, name: &str) -> Result<Option<(Recording, String)>, FolderError> {
        let path = self.path(name);
        let broken = |reason: String| FolderError::Broken { path: path.clone(), reason };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes).map_err(|_| broken("it is not UTF-8".to_owned()))?;
                Ok(Some((decode_recording_text(&self.root, name, &text).map_err(broken)?, text)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk(&path, error)),
        }
    }

    /// `.yml` is as good as `.yaml`, where it is there.
    fn path(&self, name: &str) -> PathBuf {
        let path = |ending: &str| self.root.join(RECORDINGS).join(format!("{name}.{ending}"));
        Some(path("yml")).filter(|path| path.exists()).unwrap_or_else(|| path("yaml"))
    }

    /// One process at a time. The kernel frees the lock of a process that dies; what such a one left half done is removed.
    fn lock(&self) -> Result<File, FolderError> {
        let folder = self.root.join(RECORDINGS);
        let fault = |error| disk(&folder, error);
        std::fs::create_dir_all(&folder).map_err(fault)?;
        self.check_inside(&folder)?;
        let lock = open_lock(&folder).map_err(fault)?;
        lock.lock().map_err(fault)?;
        Ok(lock)
    }

    /// A link could lead out of the workspace.
    fn check_inside(&self, folder: &Path) -> Result<(), FolderError> {
        let real = folder.canonicalize().map_err(|error| disk(folder, error))?;
        if real == folder {
            return Ok(());
        }
        Err(FolderError::Unfit { path: folder.to_owned(), reason: "it leads outside of the workspace".to_owned() })
    }

    /// Large bodies go to files of their own, each under its hash.
    fn outsourced(&self, exchanges: Vec<Exchange>) -> Result<Vec<Exchange>, FolderError> {
        exchanges
            .into_iter()
            .map(|exchange| match exchange.outcome {
                Outcome::Answer(answer) => Ok(Exchange { outcome: Outcome::Answer(self.outsourced_body(answer)?), ..exchange }),
                outcome => Ok(Exchange { outcome, ..exchange }),
            })
            .collect()
    }

    fn outsourced_body(&self, answer: RecordedAnswer) -> Result<RecordedAnswer, FolderError> {
        let (bytes, ending) = match &answer.body {
            AnswerBody::Json(value) => (value.to_json().into_bytes(), "json"),
            AnswerBody::Text(text) if text.len() > MAX_INLINE => (text.clone().into_bytes(), "txt"),
            AnswerBody::Bytes(bytes) if bytes.len() > MAX_INLINE => (bytes.clone(), "bin"),
            _ => return Ok(answer),
        };
        if bytes.len() <= MAX_INLINE {
            return Ok(answer);
        }
        let file = PathBuf::from(BODIES).join(format!("{}.{ending}", hex::encode(Sha256::digest(&bytes))));
        let path = self.root.join(&file);
        if std::fs::read(&path).ok().as_deref() != Some(&bytes) {
            replace_shared(&path, &bytes).map_err(|error| disk(&path, error))?;
        }
        Ok(RecordedAnswer { body: AnswerBody::File(file), ..answer })
    }

    /// Removes files, and what a process that was killed left half written.
    ///
    /// # Errors
    /// When the folder cannot be locked, or a file cannot be removed.
    pub fn remove(&self, paths: &[PathBuf]) -> Result<(), FolderError> {
        let _lock = self.lock()?;
        remove_unfinished(&self.root.join(RECORDINGS));
        for path in paths {
            std::fs::remove_file(self.root.join(path)).map_err(|error| disk(path, error))?;
        }
        Ok(())
    }

    /// Bodies that lie in files of their own and belong to none of these recordings.
    #[must_use]
    pub fn idle_bodies(&self, recordings: &[&Recording]) -> Vec<PathBuf> {
        let named: HashSet<&Path> = recordings.iter().flat_map(|recording| bodies(recording)).collect();
        let entries = std::fs::read_dir(self.root.join(BODIES)).into_iter().flatten().flatten();
        let paths = entries.map(|entry| Path::new(BODIES).join(entry.file_name()));
        let mut idle: Vec<PathBuf> = paths.filter(|path| !named.contains(path.as_path())).collect();
        idle.sort();
        idle
    }

    /// The file of a recording, relative to the root.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        path.strip_prefix(&self.root).map_or(path.clone(), Path::to_owned)
    }
}

/// The bodies of a recording that lie in files of their own.
fn bodies(recording: &Recording) -> impl Iterator<Item = &Path> {
    recording.exchanges.iter().filter_map(|exchange| match &exchange.outcome {
        Outcome::Answer(RecordedAnswer { body: AnswerBody::File(path), .. })
        | Outcome::Truncated(RecordedAnswer { body: AnswerBody::File(path), .. }) => Some(path.as_path()),
        _ => None,
    })
}

fn remove_unfinished(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_unfinished(&entry.path());
        } else if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn disk(path: &Path, error: std::io::Error) -> FolderError {
    FolderError::Disk { path: path.to_owned(), error }
}

/// The folder itself is what is locked, so that no file of ours stands in it.
#[cfg(unix)]
fn open_lock(folder: &Path) -> std::io::Result<File> {
    File::open(folder)
}

#[cfg(not(unix))]
fn open_lock(folder: &Path) -> std::io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(folder.join(".lock"))
}
