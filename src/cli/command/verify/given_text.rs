//! A text that the command line names: a file, or standard input.

use crate::cli::command_error::CommandError;
use crate::cli::settings;
use crate::host::HostContext;
use crate::import::{ImportError, ImportSource, ImportedRequest, MAX_IMPORT_BYTES, read_requests};
use crate::plain_file::read_plain_file;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// The largest file that a command line names with `@`, in bytes.
const MAX_NAMED_FILE: u64 = 16 << 20;

/// A text, and where it comes from.
pub(super) struct GivenText {
    name: String,
    bytes: Vec<u8>,
    /// The folder beside which files are read.
    folder: PathBuf,
    secret_folders: Vec<PathBuf>,
}

impl GivenText {
    /// # Errors
    /// When it cannot be read.
    pub(super) fn new(host: &HostContext, name: &str) -> Result<Self, CommandError> {
        let limit = MAX_IMPORT_BYTES as u64;
        let path = host.cwd.join(name);
        let (shown, read, folder) = if name == "-" {
            ("standard input", read_stdin(limit), host.cwd.clone())
        } else {
            let folder = path.parent().unwrap_or(&host.cwd).to_owned();
            (name, read_plain_file(&path, limit), folder)
        };
        let bytes =
            read.map_err(|error| CommandError::file(format!("`{shown}` cannot be read: {error}")))?;
        Ok(Self {
            name: shown.to_owned(),
            bytes,
            folder,
            secret_folders: settings::secret_folders(host),
        })
    }

    /// # Errors
    /// When it is no UTF-8.
    pub(super) fn text(self) -> Result<String, CommandError> {
        let text = String::from_utf8(self.bytes)
            .map_err(|_| CommandError::file(format!("`{}` is not UTF-8 text", self.name)))?;
        if text.trim().is_empty() {
            return Err(CommandError::file(format!("`{}` is empty", self.name)));
        }
        // The last line end is the editor's.
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
    }

    /// # Errors
    /// When it is no request; the message says where, and does not quote the text.
    pub(super) fn requests(&self) -> Result<Vec<ImportedRequest>, CommandError> {
        let read = |name: &str| self.read_beside(name);
        ImportSource::new(self.bytes.clone())
            .and_then(|source| read_requests(&source, &read))
            .map_err(|error| self.error(error))
    }

    fn error(&self, error: ImportError) -> CommandError {
        let place = error.place.map_or_else(String::new, |place| {
            format!(":{}:{}", place.line, place.column)
        });
        CommandError::file(format!("{}{place}: {}", self.name, error.reason)).hints(error.hint)
    }

    /// A file that stands beside the text: a command line that somebody sent must not make ingam
    /// read a private file.
    fn read_beside(&self, name: &str) -> Result<Vec<u8>, String> {
        let name = Path::new(name);
        let mut parts = name.components();
        let is_beside = matches!(parts.next(), Some(Component::Normal(_)))
            && parts.all(|part| matches!(part, Component::Normal(_)));
        if !is_beside {
            return Err("ingam reads only files in the folder of the command".to_owned());
        }
        let path = self.folder.join(name);
        let path = path.canonicalize().map_err(|error| error.to_string())?;
        let folder = self
            .folder
            .canonicalize()
            .map_err(|error| error.to_string())?;
        if !path.starts_with(&folder) {
            return Err("it is a link to another folder".to_owned());
        }
        if settings::is_in_secret_folder(&self.secret_folders, &path) {
            return Err("ingam keeps credentials there".to_owned());
        }
        read_plain_file(&path, MAX_NAMED_FILE).map_err(|error| error.to_string())
    }
}

pub(in crate::cli::command) fn read_stdin(limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
