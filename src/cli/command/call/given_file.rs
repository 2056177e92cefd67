//! The files and the standard input that items of `ingam call` name.

use crate::cli::command_error::CommandError;
use crate::cli::settings;
use crate::plain_file::read_plain_file;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most that one of them holds, in bytes: it becomes a part of the request's text.
const MAX_GIVEN_BYTES: u64 = 4 << 20;

pub(super) struct ItemFiles<'g> {
    /// The current folder, in which the user has written the names.
    pub(super) cwd: &'g Path,
    pub(super) root: &'g Path,
    /// Where ingam keeps credentials and tokens.
    pub(super) secret_folders: Vec<PathBuf>,
}

impl ItemFiles<'_> {
    /// The text of a file, as a template that gives just this text.
    ///
    /// # Errors
    /// When it cannot be read, or holds no text.
    pub(super) fn template_of(&self, name: &str) -> Result<String, CommandError> {
        let path = self.cwd.join(name);
        let unreadable = |reason: &dyn std::fmt::Display| {
            CommandError::usage(format!("the file `{name}` cannot be read: {reason}"))
        };
        let real = path.canonicalize().map_err(|error| unreadable(&error))?;
        if settings::is_env_file(&real)
            || settings::is_in_secret_folder(&self.secret_folders, &real)
        {
            return Err(CommandError::usage(format!(
                "the file `{name}` holds credentials or tokens, so ingam does not send it"
            )));
        }
        let bytes = read_plain_file(&path, MAX_GIVEN_BYTES).map_err(|error| unreadable(&error))?;
        text_of(bytes, &format!("the file `{name}`"))
    }

    /// The path of a file that is sent as it is, relative to the root of the workspace.
    ///
    /// # Errors
    /// When it does not exist, or lies outside.
    pub(super) fn below_root(&self, name: &str) -> Result<String, CommandError> {
        let unreadable = |error: &std::io::Error| {
            CommandError::usage(format!("the file `{name}` cannot be read: {error}"))
        };
        let path = self.cwd.join(name);
        let path = path.canonicalize().map_err(|error| unreadable(&error))?;
        let root = self
            .root
            .canonicalize()
            .map_err(|error| unreadable(&error))?;
        let below = path.strip_prefix(&root).map_err(|_| {
            CommandError::usage(format!(
                "the file `{name}` is outside `{}`",
                root.display()
            ))
            .hint("a request can send only files of its workspace: copy the file there, or choose another workspace with `--root`")
        })?;
        let parts = below
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        Ok(escaped(&parts.collect::<Vec<_>>().join("/")))
    }
}

/// Standard input, as a template that gives just this text.
///
/// # Errors
/// When it cannot be read, or holds no text.
pub(super) fn standard_input() -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_GIVEN_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            CommandError::operation(format!("standard input cannot be read: {error}"))
        })?;
    if bytes.len() as u64 > MAX_GIVEN_BYTES {
        return Err(CommandError::usage(format!(
            "standard input has more than {} MiB",
            MAX_GIVEN_BYTES >> 20
        ))
        .hint("write it to a file of the workspace, and send it with `file` in a request file"));
    }
    text_of(bytes, "standard input")
}

fn text_of(bytes: Vec<u8>, shown: &str) -> Result<String, CommandError> {
    let text = String::from_utf8(bytes).map_err(|_| {
        CommandError::usage(format!("{shown} is not UTF-8 text"))
            .hint("send binary data with `--form name@file`, or with `file` in a request file")
    })?;
    Ok(escaped(&text))
}

/// A template that gives this text.
fn escaped(text: &str) -> String {
    text.replace("{{", "{{ '{{' }}")
}
