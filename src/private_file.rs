//! Folders and files that only their user can read or change, on file systems where kernel locks
//! work. All others are refused.

use crate::atomic_file;
use crate::plain_file::{MAX_TEXT_BYTES, read_opened_file};
use crate::platform::{self, AccessFault};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// Why a file or folder of the user's own cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateFileError {
    #[error("`{}` can be read or changed by others (mode {mode:03o})", .path.display())]
    InsecureMode { path: PathBuf, mode: u32 },
    #[error("`{}` belongs to another user", .path.display())]
    NotOwned { path: PathBuf },
    #[error("`{}` is on a network file system, where locks do not work", .path.display())]
    NetworkFileSystem { path: PathBuf },
    #[error("`{}` cannot be used: {reason}", .path.display())]
    Io {
        path: PathBuf,
        kind: std::io::ErrorKind,
        reason: String,
    },
}

impl PrivateFileError {
    /// A hint for the user.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::InsecureMode { path, .. } => {
                let mode = if path.is_dir() { "700" } else { "600" };
                Some(format!(
                    "check whether someone has read it, then run `chmod {mode} {}`",
                    path.display()
                ))
            }
            Self::NotOwned { .. } => Some("set INGAM_STORE to a folder of your own".to_owned()),
            Self::NetworkFileSystem { .. } => Some(
                "set INGAM_STORE to a folder on a local disk, or for several machines to `postgres://…`"
                    .to_owned(),
            ),
            Self::Io { .. } => None,
        }
    }
}

/// Creates the folder if it does not exist.
///
/// # Errors
/// When it is not the user's own, can be read by others, or is on a network file system.
pub(crate) fn ensure_private_folder(folder: &Path) -> Result<(), PrivateFileError> {
    create_private_folder(folder).map_err(|error| io_error(folder, &error))?;
    // The folder may have existed before, with another owner or mode.
    check(
        folder,
        &std::fs::metadata(folder).map_err(|error| io_error(folder, &error))?,
    )?;
    refuse_network(folder)
}

/// The error of the system for a path.
pub(crate) fn io_error(path: &Path, error: &std::io::Error) -> PrivateFileError {
    PrivateFileError::Io {
        path: path.to_owned(),
        kind: error.kind(),
        reason: error.to_string(),
    }
}

pub(crate) fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    // Missing parents get the same mode.
    builder.recursive(true);
    platform::private_folder(&mut builder);
    builder.create(folder)
}

/// A file of the store: no link, the user's own, unreadable for others from the first moment.
pub(crate) fn open_private(
    path: &Path,
    options: &mut OpenOptions,
) -> Result<File, PrivateFileError> {
    platform::private_file_without_links(options);
    let file = options.open(path).map_err(|error| io_error(path, &error))?;
    // The open file is checked, not its path, which could name another file by now.
    check(
        path,
        &file.metadata().map_err(|error| io_error(path, &error))?,
    )?;
    Ok(file)
}

/// Writes a new file that only its user can read; its folder is made if it is missing. `false` if
/// the file already exists; it stays as it is.
///
/// # Errors
/// When it cannot be made or written.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<bool, PrivateFileError> {
    if let Some(folder) = path.parent() {
        create_private_folder(folder).map_err(|error| io_error(folder, &error))?;
    }
    // Whole or not at all: a process that is ended in between must leave no empty file, and one
    // that starts at the same time must not read half of it.
    atomic_file::create_private(path, bytes).map_err(|error| io_error(path, &error))
}

pub(crate) fn read_private(path: &Path) -> Result<Option<Vec<u8>>, PrivateFileError> {
    let file = match open_private(path, OpenOptions::new().read(true)) {
        Ok(file) => file,
        // Only a missing file means that nothing is stored. Any other error must not look like an
        // empty store.
        Err(PrivateFileError::Io {
            kind: std::io::ErrorKind::NotFound,
            ..
        }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let bytes = read_opened_file(&file, MAX_TEXT_BYTES).map_err(|error| io_error(path, &error))?;
    Ok(Some(bytes))
}

fn check(path: &Path, metadata: &std::fs::Metadata) -> Result<(), PrivateFileError> {
    platform::check_access(metadata).map_err(|fault| match fault {
        AccessFault::NotOwned => PrivateFileError::NotOwned {
            path: path.to_owned(),
        },
        AccessFault::InsecureMode(mode) => PrivateFileError::InsecureMode {
            path: path.to_owned(),
            mode,
        },
    })
}

/// Kernel locks of two machines do not see each other on a network file system.
fn refuse_network(folder: &Path) -> Result<(), PrivateFileError> {
    match platform::is_on_network(folder) {
        Ok(false) => Ok(()),
        Ok(true) => Err(PrivateFileError::NetworkFileSystem {
            path: folder.to_owned(),
        }),
        Err(error) => Err(io_error(folder, &error)),
    }
}
