//! A request as recordings store it: without signature, token and time.

use crate::model::environment::DEFAULT_ACCOUNT;
use crate::model::recording::{PLACEHOLDERS, RecordedBody, RecordedPart, RecordedRequest};
use crate::wire::{Draft, DraftBody, DraftPart, encode_strict, parse_query};
use sha2::{Digest, Sha256};

/// A text body longer than this is stored as its hash, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// A draft as recordings store it. `account` is the name of the account that sends it.
#[must_use]
pub(crate) fn unsigned_request(draft: &Draft, account: &str) -> RecordedRequest {
    let mut query = parse_query(&draft.raw_query);
    query.extend(draft.query.iter().cloned());
    query.sort();
    RecordedRequest {
        // A recording without an account answers every account, so one of a single-account
        // workspace stays usable when it gets a second one.
        account: Some(account.to_owned()).filter(|account| account != DEFAULT_ACCOUNT),
        method: draft.method,
        path: decode_placeholders(&draft.path),
        query,
        body: recorded_body(&draft.body),
    }
}

/// The values in a path are encoded, and so are the placeholders in it: those are decoded again.
fn decode_placeholders(path: &str) -> String {
    if !path.contains("%3C") {
        return path.to_owned();
    }
    PLACEHOLDERS.iter().fold(path.to_owned(), |path, mark| {
        path.replace(encode_strict(mark).as_ref(), mark)
    })
}

fn recorded_body(body: &DraftBody) -> RecordedBody {
    match body {
        DraftBody::None => RecordedBody::None,
        DraftBody::Json(value) => RecordedBody::Json(value.clone()),
        DraftBody::Form(pairs) => RecordedBody::Form(sorted(pairs.clone())),
        DraftBody::Multipart { parts, .. } => {
            RecordedBody::Multipart(sorted(parts.iter().map(recorded_part).collect()))
        }
        DraftBody::Text(text) => text_or_hash(text.as_bytes()),
        DraftBody::Bytes(bytes) => text_or_hash(bytes),
    }
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

fn recorded_part(part: &DraftPart) -> RecordedPart {
    let (text, sha256) = match &part.file {
        Some((name, _)) => (name.clone(), Some(sha256_hex(&part.content))),
        // Text parts come from our own templates, which are UTF-8, so nothing is lost here.
        None => (String::from_utf8_lossy(&part.content).into_owned(), None),
    };
    RecordedPart {
        name: part.name.clone(),
        text,
        sha256,
    }
}

fn text_or_hash(bytes: &[u8]) -> RecordedBody {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= MAX_TEXT => RecordedBody::Text(text.to_owned()),
        _ => RecordedBody::Hash(sha256_hex(bytes)),
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
