//! A folder that is imported: a collection of Bruno. Links are not followed, and a folder that is no
//! collection is refused before its files are read.

use crate::cli::command_error::CommandError;
use crate::import::{
    COLLECTION_MARK, CollectionFormat, FolderFile, ImportedCollection, MAX_IMPORT_BYTES,
    read_folder,
};
use crate::plain_file::read_plain_file;
use std::path::Path;

/// More files than any collection has that people keep.
const MAX_FILES: usize = 10_000;
/// Folders deeper than this are refused.
const MAX_DEPTH: usize = 32;

/// The collection, and the name of its folder.
///
/// # Errors
/// When the folder is no collection, is too large, or a file of it cannot be read.
pub(super) fn read(
    shown: &str,
    folder: &Path,
    format: Option<CollectionFormat>,
) -> Result<(ImportedCollection, String), CommandError> {
    let is_bruno = format.is_none_or(|format| format == CollectionFormat::Bruno);
    if !is_bruno || !folder.join(COLLECTION_MARK).is_file() {
        return Err(CommandError::usage(format!(
            "`{shown}` is a folder without a `{COLLECTION_MARK}`"
        ))
        .hint("name one file; of folders, ingam reads collections of Bruno"));
    }
    let mut reader = FolderFiles {
        shown,
        files: Vec::new(),
        bytes: 0,
    };
    reader.read(folder, "", 0)?;
    reader
        .files
        .sort_by(|left, right| left.path.cmp(&right.path));
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Ok((read_folder(&reader.files), name.unwrap_or_default()))
}

struct FolderFiles<'r> {
    shown: &'r str,
    files: Vec<FolderFile>,
    bytes: usize,
}

impl FolderFiles<'_> {
    fn read(&mut self, folder: &Path, below: &str, depth: usize) -> Result<(), CommandError> {
        if depth > MAX_DEPTH {
            return Err(self.fault("has too many folders in each other"));
        }
        let entries = std::fs::read_dir(folder).map_err(|error| self.unreadable(&error))?;
        for entry in entries {
            let entry = entry.map_err(|error| self.unreadable(&error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(|error| self.unreadable(&error))?;
            let path = if below.is_empty() {
                name.clone()
            } else {
                format!("{below}/{name}")
            };
            if kind.is_dir() && !name.starts_with('.') && name != "node_modules" {
                self.read(&entry.path(), &path, depth + 1)?;
            } else if kind.is_file() && is_read(&name) {
                self.add(&entry.path(), path)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, file: &Path, path: String) -> Result<(), CommandError> {
        let bytes = read_plain_file(file, MAX_IMPORT_BYTES as u64)
            .map_err(|error| self.unreadable(&error))?;
        self.bytes += bytes.len();
        if self.bytes > MAX_IMPORT_BYTES || self.files.len() >= MAX_FILES {
            return Err(self.fault("is larger than ingam imports at once"));
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let text = text
            .strip_prefix('\u{feff}')
            .map_or(text.clone(), str::to_owned);
        self.files.push(FolderFile { path, text });
        Ok(())
    }

    fn fault(&self, what: &str) -> CommandError {
        CommandError::file(format!("`{}` {what}", self.shown)).hint("import a part of it")
    }

    fn unreadable(&self, error: &std::io::Error) -> CommandError {
        CommandError::file(format!("`{}` cannot be read: {error}", self.shown))
    }
}

fn is_read(name: &str) -> bool {
    let ending = Path::new(name).extension();
    name == COLLECTION_MARK || ending.is_some_and(|ending| ending == "bru" || ending == "js")
}
