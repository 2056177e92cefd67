//! A recorded answer as it comes back.

use crate::model::recording::{BODIES_DIR, RecordedResponse, ResponseBody};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Headers that follow from the body, and are made anew.
const DERIVED_HEADERS: [&str; 4] = [
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "connection",
];

/// The headers of an answer; JSON says that it is JSON.
#[must_use]
pub(crate) fn response_headers(answer: &RecordedResponse) -> Vec<(String, String)> {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !DERIVED_HEADERS.contains(&name.as_str()));
    if matches!(answer.body, ResponseBody::Json(_))
        && !headers.iter().any(|(name, _)| name == "content-type")
    {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    headers
}

/// The body of an answer; `root` is that of the workspace.
///
/// # Errors
/// In words, when its file is gone, or is not what its name says.
pub(crate) fn read_body(body: &ResponseBody, root: &Path) -> Result<Bytes, String> {
    Ok(match body {
        ResponseBody::None => Bytes::new(),
        ResponseBody::Json(value) => value.to_json().into(),
        ResponseBody::Text(text) => text.clone().into(),
        ResponseBody::Bytes(bytes) => bytes.clone().into(),
        ResponseBody::File(path) => {
            let fault = |error: std::io::Error| {
                format!(
                    "the recorded body `{}` cannot be read: {error}",
                    path.display()
                )
            };
            let bytes = std::fs::read(root.join(path)).map_err(fault)?;
            check_body_hash(path, &bytes)?;
            bytes.into()
        }
    })
}

/// A body that lies under its hash must have it.
fn check_body_hash(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if !path.starts_with(BODIES_DIR)
        || path
            .file_stem()
            .is_some_and(|stem| *stem == *hex::encode(Sha256::digest(bytes)))
    {
        return Ok(());
    }
    Err(format!(
        "the recorded body `{}` is not what its name says: record it again, or take it back",
        path.display()
    ))
}
