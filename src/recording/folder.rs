//! The folder of recordings on the disk: read, merged and written under a lock, each file whole at
//! every moment. A file that is broken is an error, never a file that is missing.

use super::serialize::to_yaml;
use crate::atomic_file::{TEMP_PREFIX, replace_shared};
use crate::load::decode_recording_text;
use crate::model::recording::{
    BODIES_DIR, RecordedExchange, RecordedOutcome, RecordedResponse, Recording, ResponseBody,
};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A body larger than this lies in a file of its own, in bytes.
const MAX_INLINE_BYTES: usize = 64 << 10;

/// Below the root of a workspace.
pub(crate) const RECORDINGS_DIR: &str = "fixtures/recordings";

/// Why a recording cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error("{}: {error}", .path.display())]
    Io {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("{} is broken, and nothing is written over it: {reason}", .path.display())]
    Broken { path: PathBuf, reason: String },
    #[error("{} cannot be recorded into: {reason}", .path.display())]
    NotRecordable { path: PathBuf, reason: String },
}

/// What a new file is, compared with the one that was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileChange {
    New,
    Changed,
    Unchanged,
}

/// The recordings of one workspace.
#[derive(Clone, Debug)]
pub(crate) struct RecordingFolder {
    root: PathBuf,
}

impl RecordingFolder {
    #[must_use]
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What a recording becomes: `make` gets what is there, and gives what shall be there.
    ///
    /// # Errors
    /// When the folder cannot be locked, the file is broken or cannot be written.
    pub(crate) fn update(
        &self,
        name: &str,
        make: &mut dyn FnMut(Option<&Recording>) -> Result<Recording, String>,
    ) -> Result<FileChange, FolderError> {
        let _lock = self.lock()?;
        let path = self.path(name);
        let old = self.read(name)?;
        let unfit = |reason: String| FolderError::NotRecordable {
            path: path.clone(),
            reason,
        };
        let new = make(old.as_ref().map(|(recording, _)| recording)).map_err(unfit)?;
        let new = Recording {
            exchanges: self.externalize_bodies(new.exchanges)?,
            ..new
        };
        let text = to_yaml(&new);
        if old.as_ref().is_some_and(|(_, before)| *before == text) {
            return Ok(FileChange::Unchanged);
        }
        decode_recording_text(&self.root, name, &text).map_err(unfit)?;
        replace_shared(&path, text.as_bytes()).map_err(|error| io_error(&path, error))?;
        Ok(if old.is_some() {
            FileChange::Changed
        } else {
            FileChange::New
        })
    }

    /// A recording and its text; `None` when there is no such file.
    fn read(&self, name: &str) -> Result<Option<(Recording, String)>, FolderError> {
        let path = self.path(name);
        let broken = |reason: String| FolderError::Broken {
            path: path.clone(),
            reason,
        };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let text =
                    String::from_utf8(bytes).map_err(|_| broken("it is not UTF-8".to_owned()))?;
                Ok(Some((
                    decode_recording_text(&self.root, name, &text).map_err(broken)?,
                    text,
                )))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(&path, error)),
        }
    }

    /// `.yml` is as good as `.yaml`, where it is there.
    fn path(&self, name: &str) -> PathBuf {
        let path = |ending: &str| {
            self.root
                .join(RECORDINGS_DIR)
                .join(format!("{name}.{ending}"))
        };
        Some(path("yml"))
            .filter(|path| path.exists())
            .unwrap_or_else(|| path("yaml"))
    }

    /// One process at a time. The kernel frees the lock of a process that dies; what such a one
    /// left half done is removed.
    fn lock(&self) -> Result<File, FolderError> {
        let folder = self.root.join(RECORDINGS_DIR);
        let fault = |error| io_error(&folder, error);
        std::fs::create_dir_all(&folder).map_err(fault)?;
        check_inside_workspace(&folder)?;
        let lock = open_lock(&folder).map_err(fault)?;
        lock.lock().map_err(fault)?;
        Ok(lock)
    }

    /// Large bodies go to files of their own, each under its hash.
    fn externalize_bodies(
        &self,
        exchanges: Vec<RecordedExchange>,
    ) -> Result<Vec<RecordedExchange>, FolderError> {
        exchanges
            .into_iter()
            .map(|exchange| match exchange.outcome {
                RecordedOutcome::Response(answer) => Ok(RecordedExchange {
                    outcome: RecordedOutcome::Response(self.externalize_body(answer)?),
                    ..exchange
                }),
                outcome => Ok(RecordedExchange {
                    outcome,
                    ..exchange
                }),
            })
            .collect()
    }

    fn externalize_body(&self, answer: RecordedResponse) -> Result<RecordedResponse, FolderError> {
        let (bytes, ending) = match &answer.body {
            ResponseBody::Json(value) => (value.to_json().into_bytes(), "json"),
            ResponseBody::Text(text) if text.len() > MAX_INLINE_BYTES => {
                (text.clone().into_bytes(), "txt")
            }
            ResponseBody::Bytes(bytes) if bytes.len() > MAX_INLINE_BYTES => (bytes.clone(), "bin"),
            _ => return Ok(answer),
        };
        if bytes.len() <= MAX_INLINE_BYTES {
            return Ok(answer);
        }
        let file = PathBuf::from(BODIES_DIR)
            .join(format!("{}.{ending}", hex::encode(Sha256::digest(&bytes))));
        let path = self.root.join(&file);
        if std::fs::read(&path).ok().as_deref() != Some(&bytes) {
            replace_shared(&path, &bytes).map_err(|error| io_error(&path, error))?;
        }
        Ok(RecordedResponse {
            body: ResponseBody::File(file),
            ..answer
        })
    }

    /// Removes files, and what a process that was killed left half written.
    ///
    /// # Errors
    /// When the folder cannot be locked, or a file cannot be removed.
    pub(crate) fn remove(&self, paths: &[PathBuf]) -> Result<(), FolderError> {
        let _lock = self.lock()?;
        remove_unfinished(&self.root.join(RECORDINGS_DIR));
        for path in paths {
            std::fs::remove_file(self.root.join(path)).map_err(|error| io_error(path, error))?;
        }
        Ok(())
    }

    /// Bodies that lie in files of their own and belong to none of these recordings.
    #[must_use]
    pub(crate) fn unused_bodies(&self, recordings: &[&Recording]) -> Vec<PathBuf> {
        let named: HashSet<&Path> = recordings
            .iter()
            .flat_map(|recording| external_bodies(recording))
            .collect();
        let entries = std::fs::read_dir(self.root.join(BODIES_DIR))
            .into_iter()
            .flatten()
            .flatten();
        let paths = entries.map(|entry| Path::new(BODIES_DIR).join(entry.file_name()));
        let mut idle: Vec<PathBuf> = paths
            .filter(|path| !named.contains(path.as_path()))
            .collect();
        idle.sort();
        idle
    }

    /// The file of a recording, relative to the root.
    #[must_use]
    pub(crate) fn relative_path(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        path.strip_prefix(&self.root)
            .map_or(path.clone(), Path::to_owned)
    }
}

/// The bodies of a recording that lie in files of their own.
fn external_bodies(recording: &Recording) -> impl Iterator<Item = &Path> {
    recording
        .exchanges
        .iter()
        .filter_map(|exchange| match &exchange.outcome {
            RecordedOutcome::Response(RecordedResponse {
                body: ResponseBody::File(path),
                ..
            })
            | RecordedOutcome::Truncated(RecordedResponse {
                body: ResponseBody::File(path),
                ..
            }) => Some(path.as_path()),
            _ => None,
        })
}

fn remove_unfinished(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_unfinished(&entry.path());
        } else if entry.file_name().to_string_lossy().starts_with(TEMP_PREFIX) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn io_error(path: &Path, error: std::io::Error) -> FolderError {
    FolderError::Io {
        path: path.to_owned(),
        error,
    }
}

/// The folder itself is what is locked, so that no file of ours stands in it.
#[cfg(unix)]
fn open_lock(folder: &Path) -> std::io::Result<File> {
    File::open(folder)
}

#[cfg(not(unix))]
fn open_lock(folder: &Path) -> std::io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(".lock"))
}

/// A link could lead out of the workspace.
fn check_inside_workspace(folder: &Path) -> Result<(), FolderError> {
    let real = folder
        .canonicalize()
        .map_err(|error| io_error(folder, error))?;
    if real == folder {
        return Ok(());
    }
    Err(FolderError::NotRecordable {
        path: folder.to_owned(),
        reason: "it leads outside of the workspace".to_owned(),
    })
}
