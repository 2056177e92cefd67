//! The folder of recordings on the disk: read, merged and written under a lock, each file whole at
//! every moment. A file that is broken is an error, never a file that is missing.

use super::serialize::to_yaml;
use super::unchanged::ExchangeComparisonError;
use crate::atomic_file::{TEMP_PREFIX, replace_shared};
use crate::load::{DecodeTextError, decode_recording_text};
use crate::model::recording::{
    BODIES_DIR, RecordedExchange, RecordedOutcome, RecordedResponse, Recording, ResponseBody,
};
use crate::plain_file::read_plain_file;
use crate::platform::open_folder_lock;
use crate::wire::encode_body;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::{DirEntry, File};
use std::path::{Path, PathBuf};

/// A body larger than this lies in a file of its own, in bytes.
const MAX_INLINE_BYTES: usize = 64 << 10;
/// A recording larger than this is refused, in bytes, as the loader does.
const MAX_RECORDING_BYTES: u64 = 8 << 20;

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
    #[error("{} is damaged, and ingam does not overwrite it: {reason}", .path.display())]
    Broken {
        path: PathBuf,
        reason: BrokenRecording,
    },
    #[error("{} cannot be recorded into: {reason}", .path.display())]
    NotRecordable {
        path: PathBuf,
        reason: NotRecordable,
    },
}

/// Why an existing recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokenRecording {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error(transparent)]
    Invalid(#[from] DecodeTextError),
}

/// Why nothing can be recorded into a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRecordable {
    #[error("it contains `resources`, which are written by hand: move them to a separate file")]
    HoldsResources,
    #[error("it contains stubs with `times`, `delay` or `then_push`: move them to a separate file")]
    HoldsStubs,
    #[error("it is a recording of `{recorded}`, but this request is of `{scheme}`")]
    OtherScheme { recorded: String, scheme: String },
    #[error("it leads outside the workspace")]
    OutsideWorkspace,
    #[error("the time of the recording cannot be written: {0}")]
    TimeOutOfRange(#[from] jiff::Error),
    #[error(transparent)]
    Compare(#[from] ExchangeComparisonError),
    #[error(transparent)]
    Invalid(#[from] DecodeTextError),
}

/// How a new file compares with the one before it.
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

    /// Changes a recording: `make` gets the present one, and returns the new one.
    ///
    /// # Errors
    /// When the folder cannot be locked, the file is broken or cannot be written.
    pub(crate) fn update(
        &self,
        name: &str,
        make: &mut dyn FnMut(Option<&Recording>) -> Result<Recording, NotRecordable>,
    ) -> Result<FileChange, FolderError> {
        // The lock comes before the read. If two runs with `--record` read the old file and then
        // wrote in turn, the second one would drop the exchanges of the first.
        let _lock = self.lock()?;
        let path = self.path(name)?;
        let old = Self::read(&self.root, &path, name)?;
        let refuse = |reason: NotRecordable| FolderError::NotRecordable {
            path: path.clone(),
            reason,
        };
        let new = make(old.as_ref().map(|(recording, _)| recording)).map_err(refuse)?;
        // Bodies are written first: a recording never names a body that is not there yet. A crash
        // in between leaves a body that nothing names, and `recording prune` removes it.
        let new = Recording {
            exchanges: self.externalize_bodies(new.exchanges)?,
            ..new
        };
        let text = to_yaml(&new).map_err(|error| refuse(error.into()))?;
        if old.as_ref().is_some_and(|(_, before)| *before == text) {
            return Ok(FileChange::Unchanged);
        }
        // The text is parsed back before it is written: a recording that our own loader refuses
        // must never replace one that it reads.
        decode_recording_text(&self.root, name, &text).map_err(|error| refuse(error.into()))?;
        replace_shared(&path, text.as_bytes()).map_err(|error| io_error(&path, error))?;
        Ok(if old.is_some() {
            FileChange::Changed
        } else {
            FileChange::New
        })
    }

    /// A recording and its text; `None` when there is no such file.
    fn read(
        root: &Path,
        path: &Path,
        name: &str,
    ) -> Result<Option<(Recording, String)>, FolderError> {
        let broken = |reason: BrokenRecording| FolderError::Broken {
            path: path.to_owned(),
            reason,
        };
        let bytes = match read_plain_file(path, MAX_RECORDING_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(path, error)),
        };
        let text = String::from_utf8(bytes).map_err(|_| broken(BrokenRecording::NotUtf8))?;
        let recording =
            decode_recording_text(root, name, &text).map_err(|error| broken(error.into()))?;
        Ok(Some((recording, text)))
    }

    /// The file of a recording, relative to the root. Both `.yaml` and `.yml` work.
    ///
    /// # Errors
    /// When nothing says whether there is a `.yml`: a `.yaml` beside it would be the same recording
    /// twice.
    pub(crate) fn relative_path(&self, name: &str) -> Result<PathBuf, FolderError> {
        let path = |ending: &str| Path::new(RECORDINGS_DIR).join(format!("{name}.{ending}"));
        let yml = path("yml");
        let is_yml = self
            .root
            .join(&yml)
            .try_exists()
            .map_err(|error| io_error(&yml, error))?;
        Ok(if is_yml { yml } else { path("yaml") })
    }

    fn path(&self, name: &str) -> Result<PathBuf, FolderError> {
        Ok(self.root.join(self.relative_path(name)?))
    }

    /// One process at a time. The kernel frees the lock of a process that dies.
    fn lock(&self) -> Result<File, FolderError> {
        let folder = self.root.join(RECORDINGS_DIR);
        let failed = |error| io_error(&folder, error);
        // Created before the check for links, which needs a folder that exists.
        std::fs::create_dir_all(&folder).map_err(failed)?;
        check_inside_workspace(&folder)?;
        let lock = open_folder_lock(&folder).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(lock)
    }

    /// Large bodies go to files of their own, each under its hash.
    fn externalize_bodies(
        &self,
        exchanges: Vec<RecordedExchange>,
    ) -> Result<Vec<RecordedExchange>, FolderError> {
        exchanges
            .into_iter()
            .map(|exchange| {
                let outcome = match exchange.outcome {
                    RecordedOutcome::Response(answer) => {
                        RecordedOutcome::Response(self.externalize_body(answer)?)
                    }
                    RecordedOutcome::Truncated(answer) => {
                        RecordedOutcome::Truncated(self.externalize_body(answer)?)
                    }
                    RecordedOutcome::Reset => RecordedOutcome::Reset,
                };
                Ok(RecordedExchange {
                    outcome,
                    ..exchange
                })
            })
            .collect()
    }

    fn externalize_body(&self, answer: RecordedResponse) -> Result<RecordedResponse, FolderError> {
        let content_type = answer.content_type();
        // A file is served as it is, so it has the encoding that the response names.
        let (bytes, ending) = match &answer.body {
            ResponseBody::Json(value) => (encode_body(content_type, value.to_json()), "json"),
            ResponseBody::Text(text) if text.len() > MAX_INLINE_BYTES => {
                (encode_body(content_type, text.clone()), "txt")
            }
            ResponseBody::Bytes(bytes) if bytes.len() > MAX_INLINE_BYTES => {
                (bytes.clone().into(), "bin")
            }
            _ => return Ok(answer),
        };
        if bytes.len() <= MAX_INLINE_BYTES {
            return Ok(answer);
        }
        let file = PathBuf::from(BODIES_DIR)
            .join(format!("{}.{ending}", hex::encode(Sha256::digest(&bytes))));
        let path = self.root.join(&file);
        // The name is the hash of the bytes, so an equal file is kept as it is. One that cannot be
        // read is replaced, and an error of that is reported.
        let old = read_plain_file(&path, bytes.len() as u64);
        if old.ok().as_deref() != Some(&bytes) {
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
        // Only here, and not in each run: a person asked for files to be removed.
        remove_unfinished(&self.root.join(RECORDINGS_DIR))?;
        for path in paths {
            std::fs::remove_file(self.root.join(path)).map_err(|error| io_error(path, error))?;
        }
        Ok(())
    }

    /// Bodies that lie in files of their own and belong to none of these recordings.
    ///
    /// # Errors
    /// When the folder of bodies cannot be listed.
    pub(crate) fn unused_bodies(
        &self,
        recordings: &[&Recording],
    ) -> Result<Vec<PathBuf>, FolderError> {
        let named: HashSet<&Path> = recordings
            .iter()
            .flat_map(|recording| external_bodies(recording))
            .collect();
        let mut unused: Vec<PathBuf> = list_folder(&self.root.join(BODIES_DIR))?
            .iter()
            .map(|entry| Path::new(BODIES_DIR).join(entry.file_name()))
            .filter(|path| !named.contains(path.as_path()))
            .collect();
        unused.sort();
        Ok(unused)
    }
}

/// The entries of a folder; none if there is no such folder. Any other error is one: a folder that
/// cannot be listed is not empty.
fn list_folder(folder: &Path) -> Result<Vec<DirEntry>, FolderError> {
    let listed = match std::fs::read_dir(folder) {
        Ok(entries) => entries.collect::<std::io::Result<Vec<DirEntry>>>(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    listed.map_err(|error| io_error(folder, error))
}

/// The bodies of a recording that lie in files of their own.
pub(crate) fn external_bodies(recording: &Recording) -> impl Iterator<Item = &Path> {
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

/// Removes the temporary files of processes that were killed. The caller holds the lock, so no
/// other process is writing one.
fn remove_unfinished(folder: &Path) -> Result<(), FolderError> {
    for entry in list_folder(folder)? {
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| io_error(&path, error))?;
        if kind.is_dir() {
            remove_unfinished(&path)?;
        } else if entry.file_name().to_string_lossy().starts_with(TEMP_PREFIX) {
            std::fs::remove_file(&path).map_err(|error| io_error(&path, error))?;
        }
    }
    Ok(())
}

fn io_error(path: &Path, error: std::io::Error) -> FolderError {
    FolderError::Io {
        path: path.to_owned(),
        error,
    }
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
        reason: NotRecordable::OutsideWorkspace,
    })
}
