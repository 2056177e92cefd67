//! The key of the gateway: from the environment, or from a file that only its user can read.

use crate::cli::command_error::CommandError;
use crate::cli::settings::GATEWAY_KEY_VARIABLE;
use crate::gateway::GatewayKey;
use crate::host::HostContext;
use crate::private_file::{PrivateFileError, create_private, read_private};
use crate::secret::Secret;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The file of the key, below the state folder.
const FILE_NAME: &str = "gateway.key";

/// A key, and where it comes from.
pub(super) struct LocatedKey {
    pub(super) key: GatewayKey,
    /// The variable, or the path of the file.
    pub(super) source: String,
    pub(super) is_new: bool,
}

/// # Errors
/// When there is no place for a key, others can read it, or it could be guessed.
pub(super) fn find_key(
    host: &HostContext,
    key_file: Option<&Path>,
) -> Result<LocatedKey, CommandError> {
    // A file that is named on the command line comes before a variable that is always set. The
    // variable is looked up by itself: an empty one is a mistake, and not a missing one.
    if let (None, Some(text)) = (key_file, host.env.get(GATEWAY_KEY_VARIABLE)) {
        return located(text, GATEWAY_KEY_VARIABLE.to_owned());
    }
    let path = match key_file {
        Some(path) => host.cwd.join(path),
        None => default_path(host)?,
    };
    if let Some(found) = read_key(&path)? {
        return Ok(found);
    }
    make_key(host, &path)?;
    // What another gateway has written at the same time is the key of both.
    read_key(&path)?
        .map(|found| LocatedKey {
            is_new: true,
            ..found
        })
        .ok_or_else(|| {
            CommandError::operation(format!(
                "the key file `{}` was deleted in the meantime",
                path.display()
            ))
        })
}

fn default_path(host: &HostContext) -> Result<PathBuf, CommandError> {
    let folder = host.state_folder().ok_or_else(|| {
        CommandError::operation("ingam found no folder for the key of the gateway")
            .hint("set HOME or XDG_STATE_HOME, or name a file with `--key-file`")
    })?;
    Ok(folder.join(FILE_NAME))
}

fn read_key(path: &Path) -> Result<Option<LocatedKey>, CommandError> {
    let Some(bytes) = read_private(path).map_err(|error| unusable(&error))? else {
        return Ok(None);
    };
    let text = Secret::new(bytes).into_text().ok_or_else(|| {
        CommandError::operation(format!("the key `{}` is not UTF-8", path.display()))
            .hint("delete the file: the next start creates a new key")
    })?;
    located(text.expose().trim_end(), path.display().to_string()).map(Some)
}

fn located(text: &str, source: String) -> Result<LocatedKey, CommandError> {
    let key = GatewayKey::parse(text).map_err(|error| {
        CommandError::usage(format!("the key in `{source}` cannot be used: {error}")).hint(
            "create one with `openssl rand -hex 32`, or delete the file: ingam then creates one",
        )
    })?;
    Ok(LocatedKey {
        key,
        source,
        is_new: false,
    })
}

fn make_key(host: &HostContext, path: &Path) -> Result<(), CommandError> {
    let mut line = Zeroizing::new(String::new());
    for _ in 0..2 {
        let random = Zeroizing::new((host.random_bytes)()?);
        line.push_str(&Zeroizing::new(hex::encode(random.as_slice())));
    }
    line.push('\n');
    // Another gateway can be faster: then its key is there.
    create_private(path, line.as_bytes())
        .map(|_| ())
        .map_err(|error| unusable(&error))
}

fn unusable(error: &PrivateFileError) -> CommandError {
    let hint = match error {
        PrivateFileError::InsecureMode { .. } => error.hint(),
        _ => Some("choose another file with `--key-file`".to_owned()),
    };
    CommandError::operation(format!("the key of the gateway: {error}")).hints(hint)
}
