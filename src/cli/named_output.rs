//! `-o FILE` of commands that write one file: readable for its user alone, and in the place of no
//! other file unless the user says so.

use super::command_error::CommandError;
use super::output_folder::{resolved, source_folder};
use super::settings;
use crate::atomic_file::replace_private;
use crate::host::HostContext;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `-o -` means standard output, as a command without `-o` does.
#[must_use]
pub(super) fn is_standard_output(named: &Path) -> bool {
    named.as_os_str() == "-"
}

/// A file that may be written.
pub(super) struct NamedOutput {
    path: PathBuf,
}

impl NamedOutput {
    /// Checked before anything is sent. `named` is that of the command line.
    ///
    /// # Errors
    /// When it has no folder, or lies where files of the workspace or secrets are, or is there
    /// already.
    pub(super) fn new(
        host: &HostContext,
        root: &Path,
        named: &Path,
        may_overwrite: bool,
    ) -> Result<Self, CommandError> {
        let path = host.cwd.join(named);
        let refuse = |reason: &str| {
            CommandError::usage(format!("`{}` cannot be written: {reason}", path.display()))
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
            let reason = format!("there is no folder `{}`", folder.display());
            return Err(refuse(&reason).hint("nothing was sent"));
        }
        if path.is_dir() {
            return Err(refuse("it is a folder").hint("nothing was sent"));
        }
        if let Some(reason) = reserved(host, root, &path) {
            return Err(refuse(&reason).hint("nothing was sent; choose another file"));
        }
        // A pipe or a device, such as /dev/stdout, is not replaced.
        let is_link = path.is_symlink();
        if (path.is_file() || (is_link && !path.exists())) && !may_overwrite {
            return Err(refuse("the file already exists").hint(
                "nothing was sent; choose another file, or pass `--overwrite` to replace it",
            ));
        }
        Ok(Self { path })
    }

    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<String, CommandError> {
        let shown = self.path.display();
        let written = if self.path.exists() && !self.path.is_file() {
            let file = std::fs::OpenOptions::new().write(true).open(&self.path);
            file.and_then(|mut file| file.write_all(bytes))
        } else {
            replace_private(&self.path, bytes)
        };
        written.map_err(|error| {
            CommandError::operation(format!("`{shown}` cannot be written: {error}"))
        })?;
        Ok(format!("written to {shown}"))
    }
}

/// Why a file is not for outputs.
fn reserved(host: &HostContext, root: &Path, path: &Path) -> Option<String> {
    let path = resolved(path);
    if settings::is_env_file(&path) {
        return Some("`.env` files hold secrets".to_owned());
    }
    if path == resolved(&root.join("ingam.yaml")) {
        return Some("it is the settings file of the workspace".to_owned());
    }
    if let Some(folder) = source_folder(root, &path) {
        return Some(format!("the files of the workspace are in `{folder}`"));
    }
    let is_secret = settings::is_in_secret_folder(&settings::secret_folders(host), &path);
    is_secret.then(|| "ingam keeps credentials and tokens in that folder".to_owned())
}
