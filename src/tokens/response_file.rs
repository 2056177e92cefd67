//! A file for one raw token response. Its room is made before the request is sent, so that a full
//! disk is noticed before a token is spent.

use super::error::StoreError;
use crate::atomic_file::sync_folder;
use crate::private_file::{PrivateFileError, io_error, open_private};
use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

/// The ending of a file for a response.
pub(super) const RESPONSE_ENDING: &str = "inbox";
/// A response that does not fit makes the file longer.
const RESERVED_BYTES: usize = 64 << 10;

/// A file that has room for a response, or holds one.
pub(super) struct ResponseFile {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

impl ResponseFile {
    /// Makes room. What was in the file before is gone.
    ///
    /// # Errors
    /// When there is no room: then nothing must be sent.
    pub(super) fn reserve(path: PathBuf) -> Result<Self, PrivateFileError> {
        let mut file = open_private(
            &path,
            OpenOptions::new().write(true).create(true).truncate(true),
        )?;
        let fault = |error: std::io::Error| io_error(&path, &error);
        file.write_all(&vec![0; RESERVED_BYTES]).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        sync_folder(path.parent().unwrap_or(Path::new("."))).map_err(fault)?;
        Ok(Self { path, file })
    }

    /// Writes a sealed response, durably. Its length comes first, so that zeros are no response.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&mut self, sealed: &str) -> Result<(), PrivateFileError> {
        let fault = |error: std::io::Error| io_error(&self.path, &error);
        let length = u64::try_from(sealed.len())
            .unwrap_or(u64::MAX)
            .to_be_bytes();
        self.file.rewind().map_err(fault)?;
        self.file
            .write_all(&[&length, sealed.as_bytes()].concat())
            .map_err(fault)?;
        self.file.sync_data().map_err(fault)
    }
}

/// The sealed response in the bytes of such a file; `None` if none has arrived.
#[must_use]
pub(super) fn sealed_response(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX);
    // A write that a loss of power cut leaves zeros where the rest would be, and the text of an
    // envelope ends with a line feed: such a response has not arrived. A whole one that does not
    // open is an error of the caller, because "no response" would lose the only copy of spent
    // tokens.
    rest.get(..length).filter(|sealed| sealed.ends_with(b"\n"))
}

/// The files of responses in a folder, in order. A folder that does not exist has none.
pub(super) fn response_paths(folder: &Path, prefix: &str) -> Result<Vec<PathBuf>, StoreError> {
    let fault = |error: std::io::Error| StoreError::from(io_error(folder, &error));
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(fault)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let is_response = path
            .extension()
            .is_some_and(|ending| ending == RESPONSE_ENDING);
        if is_response && name.is_some_and(|name| name.starts_with(prefix)) {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}
