//! The file that is imported, or standard input; or a folder, whose files `given_folder` reads.

use super::given_folder;
use crate::cli::command::verify::given_text::read_stdin;
use crate::cli::command_error::CommandError;
use crate::host::HostContext;
use crate::import::{
    CollectionFormat, ImportError, ImportSource, ImportedCollection, MAX_IMPORT_BYTES,
    read_collection,
};
use crate::plain_file::read_plain_file;
use std::path::Path;

/// What a file says, and what it is called.
pub(super) struct GivenCollection {
    pub(super) collection: ImportedCollection,
    /// Without its folders.
    pub(super) name: String,
}

impl GivenCollection {
    /// # Errors
    /// When the file cannot be read, or is in no format.
    pub(super) fn read(
        host: &HostContext,
        file: &str,
        format: Option<CollectionFormat>,
    ) -> Result<Self, CommandError> {
        if file.starts_with("https://") || file.starts_with("http://") {
            return Err(CommandError::usage(
                "`ingam import` reads files, and fetches nothing from the network",
            )
            .hint("download the file first, such as with `curl -o openapi.json URL`"));
        }
        let path = host.cwd.join(file);
        if path.is_dir() {
            let (collection, name) = given_folder::read(file, &path, format)?;
            return Ok(Self { collection, name });
        }
        let limit = MAX_IMPORT_BYTES as u64;
        let (shown, name, bytes) = if file == "-" {
            let shown = "standard input".to_owned();
            (shown.clone(), shown, read_stdin(limit))
        } else {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            (
                file.to_owned(),
                name.unwrap_or_default(),
                read_plain_file(&path, limit),
            )
        };
        let bytes = bytes
            .map_err(|error| CommandError::file(format!("`{shown}` cannot be read: {error}")))?;
        let collection = ImportSource::new(bytes)
            .and_then(|source| read_collection(&source, format))
            .map_err(|error| refused(&shown, error))?;
        Ok(Self { collection, name })
    }

    /// The folder below `requests/` that no option names: the title, or the name of the file.
    pub(super) fn own_folders(&self) -> Vec<String> {
        if self.collection.requests.len() < 2 {
            return Vec::new();
        }
        let stem = Path::new(&self.name)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let title = self
            .collection
            .title
            .clone()
            .filter(|title| !title.trim().is_empty());
        title.or(stem).into_iter().collect()
    }
}

fn refused(shown: &str, error: ImportError) -> CommandError {
    let place = error.place.map_or_else(String::new, |place| {
        format!(":{}:{}", place.line, place.column)
    });
    CommandError::file(format!("{shown}{place}: {}", error.reason)).hints(error.hint)
}
