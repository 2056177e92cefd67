//! A recorded response as it comes back.

use crate::model::recording::{BODIES_DIR, RecordedResponse, ResponseBody};
use crate::plain_file::read_plain_file;
use crate::wire::encode_body;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The largest body file that is read, in bytes: no response that was recorded can be longer, since
/// the transport reads at most 32 MiB of it.
const MAX_BODY_FILE_BYTES: u64 = 32 << 20;

/// Headers that follow from the body, and are made anew.
const DERIVED_HEADERS: [&str; 4] = [
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "connection",
];

/// Why the body file of a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BodyFileError {
    #[error("the recorded body `{}` cannot be read: {error}", .path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("the recorded body `{}` is not what its name says: record it again, or take it back", .path.display())]
    HashMismatch { path: PathBuf },
}

/// The headers of a response; JSON says that it is JSON.
#[must_use]
pub(crate) fn response_headers(answer: &RecordedResponse) -> Vec<(String, String)> {
    let mut headers = answer.headers.clone();
    // The body is stored decompressed, so its old length and encoding are wrong.
    headers.retain(|(name, _)| !DERIVED_HEADERS.contains(&name.as_str()));
    if matches!(answer.body, ResponseBody::Json(_))
        && !headers.iter().any(|(name, _)| name == "content-type")
    {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    headers
}

/// The body of a response, text in the encoding that its content type or the text itself names;
/// `root` is that of the workspace.
///
/// # Errors
/// When its file cannot be read, is larger than 32 MiB, or has not the hash that names it.
pub(crate) fn read_body(answer: &RecordedResponse, root: &Path) -> Result<Bytes, BodyFileError> {
    let content_type = answer.content_type();
    Ok(match &answer.body {
        ResponseBody::None => Bytes::new(),
        ResponseBody::Json(value) => encode_body(content_type, value.to_json()),
        ResponseBody::Text(text) => encode_body(content_type, text.clone()),
        ResponseBody::Bytes(bytes) => bytes.clone().into(),
        ResponseBody::File(path) => {
            let bytes =
                read_plain_file(&root.join(path), MAX_BODY_FILE_BYTES).map_err(|error| {
                    BodyFileError::Unreadable {
                        path: path.clone(),
                        error,
                    }
                })?;
            // A merge or a text filter of version control can change a file in silence.
            check_body_hash(path, &bytes)?;
            bytes.into()
        }
    })
}

/// A body that `--record` wrote is named by its hash. A stub may name any other file.
fn check_body_hash(path: &Path, bytes: &[u8]) -> Result<(), BodyFileError> {
    if !path.starts_with(BODIES_DIR)
        || path
            .file_stem()
            .is_some_and(|stem| *stem == *hex::encode(Sha256::digest(bytes)))
    {
        return Ok(());
    }
    Err(BodyFileError::HashMismatch {
        path: path.to_owned(),
    })
}
