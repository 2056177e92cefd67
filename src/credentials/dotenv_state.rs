//! What a `.env` holds, for who adds to it.

use super::dotenv::{GitIgnore, git_ignore};
use super::resolution::{CredentialError, read_dotenv};
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_text};
use crate::secret::Secret;
use std::collections::BTreeMap;
use std::path::Path;

/// The content of a `.env`.
pub(crate) struct DotenvState {
    /// Empty where there is none.
    pub(crate) text: String,
    /// The variables in it with their values.
    pub(crate) values: BTreeMap<String, Secret<String>>,
    /// Git would commit it, or could not be asked.
    pub(crate) is_committed: bool,
}

/// # Errors
/// When it is there and cannot be read.
pub(crate) fn dotenv_state(path: &Path) -> Result<DotenvState, CredentialError> {
    // Where git could not be asked, nothing says that it would not.
    let is_committed = !matches!(
        git_ignore(path),
        GitIgnore::Ignored | GitIgnore::NoRepository
    );
    let Some(pairs) = read_dotenv(path)? else {
        return Ok(DotenvState {
            text: String::new(),
            values: BTreeMap::new(),
            is_committed,
        });
    };
    let text = read_plain_text(path, MAX_TEXT_BYTES).map_err(|error| CredentialError::Io {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(DotenvState {
        text,
        values: pairs,
        is_committed,
    })
}
