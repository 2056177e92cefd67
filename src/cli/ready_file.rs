//! The file that says that a server accepts requests. A script waits until it is there.

use super::command_error::CommandError;
use crate::atomic_file::replace_private;
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_file};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What the file of a server begins with.
const START: &str = "{\"event\":\"listening\"";

/// Removed when it is dropped, too: a server that ends with an error is not ready.
pub(crate) struct ReadyFile {
    path: PathBuf,
    /// Empty until it is written.
    text: String,
}

impl ReadyFile {
    /// Deletes the file of a server that was killed, so that nobody takes it for that of this one.
    ///
    /// # Errors
    /// When there is another file, or it cannot be deleted.
    pub(crate) fn claim(path: PathBuf) -> Result<Self, CommandError> {
        match read_plain_file(&path, MAX_TEXT_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(&path, &error)),
            Ok(bytes) if bytes.starts_with(START.as_bytes()) => {
                std::fs::remove_file(&path).map_err(|error| unusable(&path, &error))?;
            }
            Ok(_) => {
                let shown = path.display();
                return Err(CommandError::usage(format!(
                    "`--ready-file {shown}` is a file that ingam did not write"
                ))
                .hint(
                    "it would be overwritten and deleted: choose another file, or delete this one",
                ));
            }
        }
        Ok(Self {
            path,
            text: String::new(),
        })
    }

    /// Writes the whole file at once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), CommandError> {
        replace_private(&self.path, text.as_bytes())
            .map_err(|error| unusable(&self.path, &error))?;
        text.clone_into(&mut self.text);
        Ok(())
    }

    /// # Errors
    /// When it cannot be deleted.
    pub(crate) fn remove(mut self) -> Result<(), CommandError> {
        self.remove_own()
            .map_err(|error| unusable(&self.path, &error))
    }

    /// Another server can have written the file since; then it is not this one's.
    fn remove_own(&mut self) -> std::io::Result<()> {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return Ok(());
        }
        match read_plain_file(&self.path, MAX_TEXT_BYTES) {
            Ok(bytes) if bytes == text.as_bytes() => std::fs::remove_file(&self.path),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Only after another error, which is the one to report.
        let _ = self.remove_own();
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::operation(format!(
        "`--ready-file {}` cannot be used: {error}",
        path.display()
    ))
    .hint("choose a file in a folder that you can write to")
}
