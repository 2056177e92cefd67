//! A recorded answer as it comes back.

use crate::model::recording::{AnswerBody, BODIES, RecordedAnswer};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Headers that follow from the body, and are made anew.
const OF_THE_BODY: [&str; 4] = ["content-length", "transfer-encoding", "content-encoding", "connection"];

/// The headers of an answer; JSON says that it is JSON.
#[must_use]
pub fn headers_of(answer: &RecordedAnswer) -> Vec<(String, String)> {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !OF_THE_BODY.contains(&name.as_str()));
    if matches!(answer.body, AnswerBody::Json(_)) && !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    headers
}

/// The body of an answer; `root` is that of the workspace.
///
/// # Errors
/// In words, when its file is gone, or is not what its name says.
pub fn body_of(body: &AnswerBody, root: &Path) -> Result<Bytes, String> {
    Ok(match body {
        AnswerBody::None => Bytes::new(),
        AnswerBody::Json(value) => value.to_json().into(),
        AnswerBody::Text(text) => text.clone().into(),
        AnswerBody::Bytes(bytes) => bytes.clone().into(),
        AnswerBody::File(path) => {
            let fault = |error: std::io::Error| format!("the recorded body `{}` cannot be read: {error}", path.display());
            let bytes = std::fs::read(root.join(path)).map_err(fault)?;
            check(path, &bytes)?;
            bytes.into()
        }
    })
}

/// A body that lies under its hash must have it.
fn check(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if !path.starts_with(BODIES) || path.file_stem().is_some_and(|stem| *stem == *hex::encode(Sha256::digest(bytes))) {
        return Ok(());
    }
    Err(format!("the recorded body `{}` is not what its name says: record it again, or take it back", path.display()))
}
