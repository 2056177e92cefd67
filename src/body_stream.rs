//! Bodies that are written to a file while they are received: a response that a step only writes
//! need not fit into memory. The file has no name of its own until its step has passed; before that
//! it is deleted with the last value that knows it.

use crate::atomic_file::TEMP_PREFIX;
use crate::private_file::create_private_folder;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::NamedTempFile;

/// A smaller body is held in memory, in bytes.
pub(crate) const MAX_HELD_BYTES: usize = 1 << 20;

/// Where the file of a body is made.
#[derive(Clone, Debug)]
pub(crate) struct BodyFolder {
    /// The folder of outputs. It is made if it is missing, and kept out of version control: what
    /// marketplaces send often names customers.
    pub(crate) root: PathBuf,
    /// The folder of the file itself, below it.
    pub(crate) folder: PathBuf,
}

impl BodyFolder {
    /// A file that only its user can read, from the first moment. It takes the place of a link
    /// rather than being written through it.
    pub(crate) fn create_file(&self) -> Result<NamedTempFile> {
        self.create_root()?;
        create_private_folder(&self.folder)?;
        tempfile::Builder::new()
            .prefix(TEMP_PREFIX)
            .tempfile_in(&self.folder)
    }

    fn create_root(&self) -> Result<()> {
        match std::fs::symlink_metadata(&self.root) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        create_private_folder(&self.root)?;
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(self.root.join(".gitignore"))?
            .write_all(b"*\n")
    }
}

/// A body that is being received.
pub(crate) struct BodyStream {
    head: Bytes,
    file: NamedTempFile,
    sha256: Sha256,
    len: u64,
}

impl BodyStream {
    /// Begins a file with what was received already.
    ///
    /// # Errors
    /// When the file cannot be made or written.
    pub(crate) fn begin(folder: &BodyFolder, head: Bytes) -> Result<Self> {
        let mut stream = Self {
            file: folder.create_file()?,
            sha256: Sha256::new(),
            len: 0,
            head: Bytes::new(),
        };
        stream.append(&head)?;
        stream.head = head;
        Ok(stream)
    }

    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn append(&mut self, chunk: &[u8]) -> Result<()> {
        self.file.write_all(chunk)?;
        self.sha256.update(chunk);
        self.len += chunk.len() as u64;
        Ok(())
    }

    /// The body, after its last byte.
    #[must_use]
    pub(crate) fn end(self) -> StreamedBody {
        StreamedBody {
            head: self.head,
            len: self.len,
            sha256: hex::encode(self.sha256.finalize()),
            file: Arc::new(Mutex::new(Some(self.file))),
        }
    }
}

/// A body that was received into a file.
#[derive(Clone, Debug)]
pub(crate) struct StreamedBody {
    head: Bytes,
    len: u64,
    sha256: String,
    /// Until it is kept.
    file: Arc<Mutex<Option<NamedTempFile>>>,
}

impl StreamedBody {
    /// Its beginning.
    #[must_use]
    pub(crate) fn head(&self) -> &Bytes {
        &self.head
    }

    /// In bytes.
    #[must_use]
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// In lower-case hex.
    #[must_use]
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Whether it begins with these bytes.
    ///
    /// # Errors
    /// When they are more than its head, and the file cannot be read.
    pub(crate) fn starts_with(&self, start: &[u8]) -> Result<bool> {
        if start.len() <= self.head.len() {
            return Ok(self.head.starts_with(start));
        }
        let mut begin = Vec::new();
        self.open()?
            .take(start.len() as u64)
            .read_to_end(&mut begin)?;
        Ok(begin == start)
    }

    /// The whole body, from its beginning.
    ///
    /// # Errors
    /// When it was kept already, or cannot be read.
    pub(crate) fn open(&self) -> Result<File> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = file.as_ref().ok_or_else(already_kept)?;
        let mut file = file.reopen()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }

    /// Writes what the disk does not hold yet.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn sync(&self) -> Result<()> {
        self.open()?.sync_all()
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When it was kept already, or cannot be renamed.
    pub(crate) fn keep(&self, path: &Path) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = file.take().ok_or_else(already_kept)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn already_kept() -> Error {
    Error::other("the response was written already")
}

/// The SHA-256 of what a reader gives, in lower-case hex, in constant memory.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn sha256_of(reader: &mut dyn Read) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(folder: &Path) -> StreamedBody {
        let folder = BodyFolder {
            root: folder.join("out"),
            folder: folder.join("out/a"),
        };
        let mut stream = BodyStream::begin(&folder, Bytes::from_static(b"%PDF")).unwrap();
        stream.append(b"-1.7").unwrap();
        stream.end()
    }

    #[test]
    fn a_body_that_nobody_keeps_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let body = streamed(folder.path());
        assert_eq!((body.len(), body.head().as_ref()), (8, b"%PDF".as_ref()));
        assert_eq!(body.sha256(), hex::encode(Sha256::digest(b"%PDF-1.7")));
        assert!(body.starts_with(b"%PDF-1").unwrap());
        assert!(!body.starts_with(b"%PDF-1.7 and more").unwrap());
        let files = || {
            std::fs::read_dir(folder.path().join("out/a"))
                .unwrap()
                .count()
        };
        assert_eq!(files(), 1);
        drop(body);
        assert_eq!(files(), 0);
    }

    #[test]
    fn a_body_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let body = streamed(folder.path());
        let path = folder.path().join("out/a/label.pdf");
        body.clone().keep(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"%PDF-1.7");
        assert!(body.keep(&path).is_err() && body.open().is_err());
        drop(body);
        assert!(path.exists());
    }
}
