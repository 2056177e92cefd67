//! Writes files atomically: a new file is written beside the old one and then renamed over it.
//! Neither an error nor a crash leaves half a file.

use crate::platform;
pub(crate) use crate::platform::sync_folder;
use std::io::{Error, ErrorKind, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// The prefix of an unfinished file. The loader skips names that begin with a dot.
pub(crate) const TEMP_PREFIX: &str = ".ingam-unfinished-";

/// Writes a file that only its owner can read, and creates its folder if it is missing.
///
/// # Errors
/// When the folder or the file cannot be written. The old file is then unchanged.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomically(path, bytes, &mut tempfile::Builder::new())
}

/// The same for a file of a workspace, which has the mode that new files usually have.
///
/// # Errors
/// As [`replace_private`].
pub(crate) fn replace_shared(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomically(path, bytes, &mut shared())
}

/// The same for a new file. `false` if the file already exists, which stays as it is.
///
/// # Errors
/// When the folder or the file cannot be written.
pub(crate) fn create_shared(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    create_atomically(path, bytes, &mut shared())
}

/// A new file that only its owner can read. `false` if the file already exists, which stays as it
/// is.
///
/// # Errors
/// When the folder or the file cannot be written.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    create_atomically(path, bytes, &mut tempfile::Builder::new())
}

fn shared() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    // The default of tempfile is 0600, with which other users could not read a file of a shared
    // workspace.
    if let Some(permissions) = platform::shared_permissions() {
        builder.permissions(permissions);
    }
    builder
}

fn write_atomically(
    path: &Path,
    bytes: &[u8],
    builder: &mut tempfile::Builder<'_, '_>,
) -> Result<(), Error> {
    let file = unfinished_file(path, bytes, builder)?;
    // A process that is killed before this rename leaves the old file untouched, and a file with
    // the prefix beside it.
    file.persist(path).map_err(|error| error.error)?;
    // fsync(2): syncing a file does not sync its entry in the folder, which is what the rename
    // changed.
    sync_folder(folder_of(path))
}

fn create_atomically(
    path: &Path,
    bytes: &[u8],
    builder: &mut tempfile::Builder<'_, '_>,
) -> Result<bool, Error> {
    let file = unfinished_file(path, bytes, builder)?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_folder(folder_of(path)).map(|()| true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// The whole contents, beside the place where they will stand.
fn unfinished_file(
    path: &Path,
    bytes: &[u8],
    builder: &mut tempfile::Builder<'_, '_>,
) -> Result<NamedTempFile, Error> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder)?;
    // In the same folder, because a rename is atomic only within one file system.
    let mut file = builder.prefix(TEMP_PREFIX).tempfile_in(folder)?;
    file.write_all(bytes)?;
    // The contents must be on the disk before the name is: otherwise a crash can leave the new name
    // with an empty file, and the old token is gone as well.
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        // The parent of `a.json` is an empty path, which cannot be created or opened.
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
