//! Writes the files of an import: all of them, or none if one is there already.

use super::passing_files::PassingFiles;
use crate::atomic_file::replace_shared;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::CommandOutput;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) struct ImportedFiles<'f> {
    root: &'f Path,
    files: &'f BTreeMap<PathBuf, String>,
}

impl<'f> ImportedFiles<'f> {
    pub(super) fn new(root: &'f Path, passing: &'f PassingFiles) -> Self {
        Self {
            root,
            files: &passing.files,
        }
    }

    /// The texts, as `--dry-run` shows them.
    pub(super) fn show(&self, output: &mut CommandOutput) {
        for (path, text) in self.files {
            output.data(format!("--- {}", path.display()));
            output.data(text.trim_end().to_owned());
        }
    }

    /// # Errors
    /// If one of the files is there.
    pub(super) fn refuse_existing(&self) -> Result<(), CommandError> {
        let there: Vec<&PathBuf> = self
            .files
            .keys()
            .filter(|path| self.root.join(path).symlink_metadata().is_ok())
            .collect();
        let [first, rest @ ..] = there.as_slice() else {
            return Ok(());
        };
        let others = if rest.is_empty() {
            String::new()
        } else {
            format!(" and {} more", rest.len())
        };
        Err(CommandError::operation(format!(
            "`{}`{others} already exists; nothing was written",
            first.display()
        ))
        .hint("choose another folder with `--into FOLDER`, or overwrite with `--force`"))
    }

    /// # Errors
    /// If a folder leads out of the workspace, or a file cannot be written.
    pub(super) fn write(&self) -> Result<(), CommandError> {
        let folders: BTreeSet<&Path> = self.files.keys().filter_map(|path| path.parent()).collect();
        for folder in folders {
            self.make_folder(folder)?;
        }
        let mut made = Vec::new();
        for (path, text) in self.files {
            let full = self.root.join(path);
            let is_new = full.symlink_metadata().is_err();
            // A link would lead elsewhere: it is replaced, and what it names is not overwritten.
            let written = if is_new {
                made.push(full.clone());
                File::create_new(&full).and_then(|mut file| file.write_all(text.as_bytes()))
            } else {
                replace_shared(&full, text.as_bytes())
            };
            if let Err(error) = written {
                return Err(undo(&made, path, &error));
            }
        }
        Ok(())
    }

    fn make_folder(&self, folder: &Path) -> Result<(), CommandError> {
        let mut path = self.root.to_owned();
        for part in folder.components() {
            path.push(part);
            if path.is_symlink() {
                return Err(CommandError::operation(format!(
                    "`{}` is a link; ingam does not write through links",
                    path.display()
                ))
                .hint("choose another folder with `--into FOLDER`"));
            }
        }
        std::fs::create_dir_all(&path).map_err(|error| {
            CommandError::operation(format!("`{}` cannot be created: {error}", path.display()))
        })
    }
}

/// Removes the new files again, so that there are all of them or none.
fn undo(made: &[PathBuf], path: &Path, error: &std::io::Error) -> CommandError {
    let kept = made
        .iter()
        .filter(|path| path.exists() && std::fs::remove_file(path).is_err())
        .count();
    let end = if kept == 0 {
        "all new files were deleted again".to_owned()
    } else {
        format!("{kept} new files could not be deleted again")
    };
    CommandError::operation(format!(
        "`{}` cannot be written: {error}; {end}",
        path.display()
    ))
}
