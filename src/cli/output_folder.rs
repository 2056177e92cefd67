//! `--out DIR` and `--overwrite`: where steps write responses to.

use super::args::RunArgs;
use super::command_error::CommandError;
use super::settings;
use crate::host::HostContext;
use crate::output_files::OutputFolder;
use std::path::{Component, Path, PathBuf};

/// Below the root of the workspace.
const DEFAULT_FOLDER: &str = "out";

/// Folders of a workspace that only people and `--record` write to.
const SOURCE_FOLDERS: [&str; 3] = ["requests", "fixtures", "schemes"];

/// The folder of outputs; `None` in a replay for which none was named.
///
/// # Errors
/// If it lies where files of the workspace or secrets are.
pub(super) fn output_folder(
    host: &HostContext,
    args: &RunArgs,
    root: &Path,
) -> Result<Option<OutputFolder>, CommandError> {
    let folder = match &args.out {
        None if args.replay => return Ok(None),
        None => root.join(DEFAULT_FOLDER),
        Some(named) => named_folder(host, named, root)?,
    };
    Ok(Some(OutputFolder::new(folder, args.overwrite)))
}

fn named_folder(host: &HostContext, named: &Path, root: &Path) -> Result<PathBuf, CommandError> {
    let folder = resolved(&host.cwd.join(named));
    if let Some(name) = source_folder(root, &folder) {
        return Err(CommandError::usage(format!(
            "`--out` is in `{name}`, which holds files of the workspace"
        ))
        .hint("choose another folder"));
    }
    if settings::is_in_secret_folder(&settings::secret_folders(host), &folder) {
        return Err(CommandError::usage(
            "`--out` is in a folder where ingam keeps credentials and tokens",
        )
        .hint("choose another folder"));
    }
    Ok(folder)
}

/// The folder of the workspace's own files in which a resolved path lies.
pub(super) fn source_folder(root: &Path, path: &Path) -> Option<&'static str> {
    let mut names = SOURCE_FOLDERS.into_iter();
    names.find(|name| path.starts_with(resolved(&root.join(name))))
}

/// The path without links and without `..`, as far as it exists.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            // What stands before it has no links any more.
            Component::ParentDir => {
                found.pop();
            }
            part => {
                found.push(part);
                found = found.canonicalize().unwrap_or(found);
            }
        }
    }
    found
}
