//! Files that steps write: below one folder, readable for their user alone, whole or not at all. It
//! refuses to follow links, and to replace a file that ingam did not write or that somebody has
//! changed.
//!
//! What was written is listed in a file of the folder, one line for each, so that a later run knows
//! its own files.

use crate::atomic_file::sync_folder;
use crate::body_stream::{BodyFolder, StreamedBody, sha256_of};
use crate::plain_file::{MAX_TEXT_BYTES, open_plain_file, read_plain_file};
use crate::platform;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs::{OpenOptions, symlink_metadata};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The list of the files in a folder that ingam wrote.
const LIST_NAME: &str = ".ingam-outputs";

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    #[error("`{}` already exists, and ingam did not write it", .0.display())]
    NotOurs(PathBuf),
    #[error("`{}` was changed after ingam wrote it", .0.display())]
    Changed(PathBuf),
    #[error("`{}` was written by another step of this run", .0.display())]
    WrittenTwice(PathBuf),
    #[error("`{}` is a link; ingam does not follow links", .0.display())]
    Link(PathBuf),
    #[error("`{}` is not a plain file", .0.display())]
    NotAFile(PathBuf),
    #[error("`{}` is not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("`{}` cannot be written: {reason}", .path.display())]
    Io { path: PathBuf, reason: String },
}

impl OutputError {
    /// What to do.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotOurs(_) | Self::Changed(_) => {
                Some("move it away, or pass `--overwrite` to replace it")
            }
            Self::WrittenTwice(_) => {
                Some("make the name unique, for example with a case, an account or an id")
            }
            Self::Link(_) | Self::NotAFile(_) | Self::NotAFolder(_) => {
                Some("delete it, or choose another folder with `--out`")
            }
            Self::Io { .. } => None,
        }
    }
}

/// One line of the list.
#[derive(Serialize, Deserialize)]
struct ListedFile {
    /// Relative to the folder, with `/`.
    path: String,
    sha256: String,
}

/// Path below the folder → the hashes of what ingam wrote there, or was about to.
type ListedFiles = HashMap<String, HashSet<String>>;

/// The folder that a run writes to.
pub(crate) struct OutputFolder {
    root: PathBuf,
    may_overwrite: bool,
    /// What ingam wrote there. Read when it is needed first.
    known: RefCell<Option<ListedFiles>>,
    /// What this run has written.
    written: RefCell<HashSet<PathBuf>>,
}

impl OutputFolder {
    #[must_use]
    pub(crate) fn new(root: PathBuf, may_overwrite: bool) -> Self {
        Self {
            root,
            may_overwrite,
            known: RefCell::default(),
            written: RefCell::default(),
        }
    }

    /// Checks that a file can be written, before anything is sent. `segments` are checked names.
    ///
    /// # Errors
    /// When there is a file that must not be replaced, or a link on the way to it.
    pub(crate) fn check(&self, segments: &[String]) -> Result<(), OutputError> {
        let path = self.path_of(segments);
        if self.written.borrow().contains(&path) {
            return Err(OutputError::WrittenTwice(path));
        }
        self.check_folders(segments)?;
        let Some(metadata) = metadata_of(&path)? else {
            return Ok(());
        };
        if metadata.is_symlink() {
            return Err(OutputError::Link(path));
        }
        if !metadata.is_file() {
            return Err(OutputError::NotAFile(path));
        }
        if self.may_overwrite {
            return Ok(());
        }
        let mut known = self.known.borrow_mut();
        let known = match &mut *known {
            Some(known) => known,
            empty => empty.insert(read_list(&self.root.join(LIST_NAME))?),
        };
        let Some(hashes) = known.get(&segments.join("/")) else {
            return Err(OutputError::NotOurs(path));
        };
        let hash = open_plain_file(&path).and_then(|mut file| sha256_of(&mut file));
        if !hashes.contains(&hash.map_err(|error| io_error(&path, &error))?) {
            return Err(OutputError::Changed(path));
        }
        Ok(())
    }

    /// Where a response for a file is received, until its step has passed.
    pub(crate) fn body_folder(&self, segments: &[String]) -> BodyFolder {
        let folders = &segments[..segments.len().saturating_sub(1)];
        BodyFolder {
            root: self.root.clone(),
            folder: self.path_of(folders),
        }
    }

    /// Writes a file, and returns its path.
    ///
    /// # Errors
    /// As [`Self::check`], and when it cannot be written. The old file is then unchanged.
    pub(crate) fn write(&self, segments: &[String], bytes: &[u8]) -> Result<PathBuf, OutputError> {
        // Again: another step may have written it, and a link may have been made.
        self.check(segments)?;
        let path = self.path_of(segments);
        let fault = |error: &std::io::Error| io_error(&path, error);
        let mut file = self
            .body_folder(segments)
            .create_file()
            .map_err(|error| fault(&error))?;
        file.write_all(bytes)
            .and_then(|()| file.as_file().sync_all())
            .map_err(|error| fault(&error))?;
        let name = |path: &Path| file.persist(path).map(drop).map_err(|error| error.error);
        self.publish(segments, hex::encode(Sha256::digest(bytes)), name)
    }

    /// Gives the file of a body that was received into one its name, and returns its path.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn keep(
        &self,
        segments: &[String],
        body: &StreamedBody,
    ) -> Result<PathBuf, OutputError> {
        self.check(segments)?;
        let path = self.path_of(segments);
        body.sync().map_err(|error| io_error(&path, &error))?;
        let name = |path: &Path| body.keep(path);
        self.publish(segments, body.sha256().to_owned(), name)
    }

    /// Lists a file, then gives it its name.
    fn publish(
        &self,
        segments: &[String],
        sha256: String,
        name: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> Result<PathBuf, OutputError> {
        let path = self.path_of(segments);
        let fault = |error: &std::io::Error| io_error(&path, error);
        // Listed first: otherwise another run that starts now would take the file for somebody
        // else's, and so would the next one after a crash.
        self.list(segments, sha256)?;
        name(&path).map_err(|error| fault(&error))?;
        sync_folder(path.parent().unwrap_or(&self.root)).map_err(|error| fault(&error))?;
        self.written.borrow_mut().insert(path.clone());
        Ok(path)
    }

    fn path_of(&self, segments: &[String]) -> PathBuf {
        segments
            .iter()
            .fold(self.root.clone(), |path, segment| path.join(segment))
    }

    /// The folder and all folders below it on the way to the file must be folders, and no links.
    fn check_folders(&self, segments: &[String]) -> Result<(), OutputError> {
        let mut path = self.root.clone();
        let folders = segments.len().saturating_sub(1);
        for segment in std::iter::once(None).chain(segments[..folders].iter().map(Some)) {
            if let Some(segment) = segment {
                path.push(segment);
            }
            match metadata_of(&path)? {
                None => return Ok(()),
                Some(metadata) if metadata.is_symlink() => return Err(OutputError::Link(path)),
                Some(metadata) if !metadata.is_dir() => return Err(OutputError::NotAFolder(path)),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Adds a line for a file.
    fn list(&self, segments: &[String], sha256: String) -> Result<(), OutputError> {
        let entry = ListedFile {
            path: segments.join("/"),
            sha256,
        };
        let path = self.root.join(LIST_NAME);
        let line = serde_json::to_string(&entry)
            .map_err(|error| io_error(&path, &std::io::Error::other(error)))?;
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        platform::private_file(&mut options);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
            .map_err(|error| io_error(&path, &error))?;
        if let Some(known) = &mut *self.known.borrow_mut() {
            known.entry(entry.path).or_default().insert(entry.sha256);
        }
        Ok(())
    }
}

/// A line that was cut by a crash counts as none: its file is then one that ingam does not know.
fn read_list(path: &Path) -> Result<ListedFiles, OutputError> {
    let bytes = match read_plain_file(path, MAX_TEXT_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(ListedFiles::new()),
        Err(error) => return Err(io_error(path, &error)),
    };
    let mut listed = ListedFiles::new();
    let lines = bytes.split(|byte| *byte == b'\n');
    for entry in lines.filter_map(|line| serde_json::from_slice::<ListedFile>(line).ok()) {
        listed.entry(entry.path).or_default().insert(entry.sha256);
    }
    Ok(listed)
}

fn metadata_of(path: &Path) -> Result<Option<std::fs::Metadata>, OutputError> {
    match symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(path, &error)),
    }
}

fn io_error(path: &Path, error: &std::io::Error) -> OutputError {
    OutputError::Io {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
