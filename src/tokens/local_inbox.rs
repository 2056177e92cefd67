//! The inbox on the disk of this machine, for a store that is a database. The database can go away
//! between a response and its record: the sealed response is written here first. It refuses to
//! drop what it cannot read, and to touch the file of a process that is still running.

use super::envelope::RecordEnvelope;
use super::error::StoreError;
use super::family_record::{FamilyKey, FamilyLabel, FamilyRecord};
use super::response_file::{RESPONSE_ENDING, ResponseFile, response_paths, sealed_response};
use crate::plain_file::{MAX_TEXT_BYTES, read_opened_file};
use crate::private_file::{PrivateFileError, ensure_private_folder, io_error, open_private};
use crate::secret::{Secret, exposed_for_sealing, to_secret_json};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// A folder of responses that belong to the records of one database.
#[derive(Clone)]
pub(super) struct LocalInbox {
    folder: PathBuf,
    /// Of the database: two databases can hold the same family.
    database: String,
    envelope: RecordEnvelope,
}

/// A response, and the state of the family that it continues. In the clear only inside of the
/// sealed file.
#[derive(Serialize, Deserialize)]
pub(super) struct LocalResponse {
    pub(super) key: FamilyKey,
    pub(super) label: FamilyLabel,
    /// Of the record before this response.
    pub(super) generation: u64,
    /// A hash of the refresh token that the request has spent.
    spent: Option<String>,
    #[serde(with = "exposed_for_sealing")]
    pub(super) response: Secret<String>,
}

/// A response file that no running process holds. It is locked as long as this value lives.
pub(super) struct WaitingResponse {
    pub(super) path: PathBuf,
    _lock: File,
    pub(super) content: Result<LocalResponse, StoreError>,
}

impl LocalResponse {
    #[must_use]
    pub(super) fn new(record: &FamilyRecord, response: &str) -> Self {
        Self {
            key: record.key.clone(),
            label: record.label.clone(),
            generation: record.generation,
            spent: spent_token(record),
            response: Secret::from(response),
        }
    }

    /// Whether the record is still the one that the request was made with. A logout followed by a
    /// login counts generations anew, so the token is compared as well.
    #[must_use]
    pub(super) fn continues(&self, record: &FamilyRecord) -> bool {
        self.generation == record.generation && self.spent == spent_token(record)
    }
}

fn spent_token(record: &FamilyRecord) -> Option<String> {
    let token = record.current.as_ref()?.get("refresh_token")?;
    Some(hex::encode(Sha256::digest(token.expose())))
}

impl LocalInbox {
    /// `database` names the database without user and password, which can change.
    #[must_use]
    pub(super) fn new(folder: PathBuf, database: &str, envelope: RecordEnvelope) -> Self {
        let database = hex::encode(&Sha256::digest(database)[..8]);
        Self {
            folder,
            database,
            envelope,
        }
    }

    /// Makes room for the response to a request of the family `id`. `tag` tells the files of one
    /// family apart: the file of another process must not be overwritten.
    ///
    /// # Errors
    /// When there is no room, or the folder is not safe.
    pub(super) fn reserve(&self, id: &str, tag: [u8; 16]) -> Result<ResponseFile, StoreError> {
        ensure_private_folder(&self.folder)?;
        let name = format!("{}-{id}-{}", self.database, hex::encode(&tag[..8]));
        let mut reserved = ResponseFile::reserve(self.folder.join(format!("{name}.new")))?;
        let path = self.folder.join(format!("{name}.{RESPONSE_ENDING}"));
        let fault = |error: std::io::Error| io_error(&path, &error);
        // Locked before it has the name that others look for: they take a file without a lock for
        // the one of a process that has ended.
        reserved.file.lock().map_err(fault)?;
        std::fs::rename(&reserved.path, &path).map_err(fault)?;
        crate::atomic_file::sync_folder(&self.folder).map_err(fault)?;
        reserved.path = path;
        Ok(reserved)
    }

    /// # Errors
    /// When it cannot be sealed or written.
    pub(super) fn write(
        &self,
        file: &mut ResponseFile,
        response: &LocalResponse,
    ) -> Result<(), StoreError> {
        let text = to_secret_json(response).map_err(|error| StoreError::Corrupt {
            what: file.path.display().to_string(),
            reason: error.to_string(),
        })?;
        let context = context(&file.path);
        file.write(&self.envelope.seal(&context, text.expose())?)?;
        Ok(())
    }

    /// The responses of this database that no running process holds; of one family, or of all.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(super) fn waiting(&self, id: Option<&str>) -> Result<Vec<WaitingResponse>, StoreError> {
        let prefix = match id {
            Some(id) => format!("{}-{id}-", self.database),
            None => format!("{}-", self.database),
        };
        let mut waiting = Vec::new();
        for path in response_paths(&self.folder, &prefix)? {
            waiting.extend(self.open(path)?);
        }
        Ok(waiting)
    }

    /// `None` for the file of a running process, and for one in which no response has arrived.
    fn open(&self, path: PathBuf) -> Result<Option<WaitingResponse>, StoreError> {
        let opened = open_private(&path, OpenOptions::new().read(true).write(true));
        let file = match opened {
            Ok(file) => file,
            // Another process has put it into the database meanwhile.
            Err(PrivateFileError::Io {
                kind: std::io::ErrorKind::NotFound,
                ..
            }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let fault = |error: std::io::Error| StoreError::from(io_error(&path, &error));
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        // Another process may have removed it after this one opened it: then the lock is on a file
        // without a name, and its response is in the database.
        if !path.try_exists().map_err(fault)? {
            return Ok(None);
        }
        let bytes = read_opened_file(&file, MAX_TEXT_BYTES).map_err(fault)?;
        if bytes.iter().all(|byte| *byte == 0) {
            // Its process ended before a response arrived: room, and nothing else.
            std::fs::remove_file(&path).map_err(fault)?;
            return Ok(None);
        }
        Ok(Some(WaitingResponse {
            content: self.parse(&path, &bytes),
            path,
            _lock: file,
        }))
    }

    fn parse(&self, path: &Path, bytes: &[u8]) -> Result<LocalResponse, StoreError> {
        let broken = |reason: &str| StoreError::Corrupt {
            what: path.display().to_string(),
            reason: reason.to_owned(),
        };
        let sealed = sealed_response(bytes).ok_or_else(|| broken("it is incomplete or damaged"))?;
        let text = self
            .envelope
            .open(&context(path), sealed)
            .map_err(|error| match error {
                StoreError::Corrupt { reason, .. } => broken(&reason),
                other => other,
            })?;
        // The parser's message can quote a token.
        serde_json::from_str(text.expose())
            .map_err(|_| broken("it is not a response that ingam stored"))
    }
}

impl WaitingResponse {
    /// # Errors
    /// When it cannot be removed. Then it is found again, and is known to be old by its generation.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        std::fs::remove_file(&self.path).map_err(|error| io_error(&self.path, &error))?;
        Ok(())
    }

    /// Under another ending it is there for whoever has its key.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub(super) fn quarantine(&self) -> Result<(), StoreError> {
        std::fs::rename(&self.path, self.path.with_extension("broken-inbox"))
            .map_err(|error| io_error(&self.path, &error))?;
        Ok(())
    }
}

/// The name is part of what is sealed: the file of another family or database does not open.
fn context(path: &Path) -> String {
    let name = path.file_stem().map(|name| name.to_string_lossy());
    format!("{} {RESPONSE_ENDING}", name.unwrap_or_default())
}
