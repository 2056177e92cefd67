//! A request as recordings store it: without signature, token and time.

use crate::model::environment::DEFAULT_ACCOUNT;
use crate::model::recording::{
    PLACEHOLDERS, RecordedBody, RecordedHeaders, RecordedPart, RecordedPartFile, RecordedRequest,
};
use crate::wire::{Draft, DraftBody, DraftPart, encode_strict, parse_form};
use sha2::{Digest, Sha256};

const FORM: &str = "application/x-www-form-urlencoded";

/// A text body longer than this is stored as its hash, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// A draft as recordings store it. `account` is the name of the account that sends it.
#[must_use]
pub(crate) fn unsigned_request(draft: &Draft, account: &str) -> RecordedRequest {
    let (path, query) = match &draft.external {
        // Its query is the signature of an address, which differs each time.
        Some(base) => (format!("{}{}", base.origin(), draft.path), Vec::new()),
        None => (decode_placeholders(&draft.path), own_query(draft)),
    };
    let body = recorded_body(&draft.body);
    RecordedRequest {
        // A recording without an account answers every account, so one of a single-account
        // workspace stays usable when it gets a second one.
        account: Some(account.to_owned()).filter(|account| account != DEFAULT_ACCOUNT),
        method: draft.method,
        path,
        query,
        headers: RecordedHeaders::new(headers_of(draft), &body, true),
        body,
    }
}

fn own_query(draft: &Draft) -> Vec<(String, String)> {
    sorted_by_name(draft.query_pairs())
}

/// A request that arrived in the sandbox: its client has added headers of its own.
#[must_use]
pub(crate) fn received_request(draft: &Draft, account: &str) -> RecordedRequest {
    let mut request = unsigned_request(draft, account);
    request.headers.is_complete = false;
    request
}

/// The headers, with the `content-type` that is sent with the body if the request names none: text
/// and the bytes of a file can be the same, and are sent as two media types.
fn headers_of(draft: &Draft) -> impl Iterator<Item = (String, String)> {
    let media_type = draft.added_media_type();
    let media_type = media_type.map(|value| ("content-type".to_owned(), value));
    draft.headers.iter().cloned().chain(media_type)
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
        DraftBody::Form(pairs) => RecordedBody::Form(sorted_by_name(pairs.clone())),
        DraftBody::Multipart { parts, .. } => {
            let mut parts: Vec<RecordedPart> = parts.iter().map(recorded_part).collect();
            parts.sort_by(|left, right| left.name.cmp(&right.name));
            RecordedBody::Multipart(parts)
        }
        DraftBody::Text(text) => text_or_hash(text.as_bytes()),
        // As it arrives: the percent signs of another encoding than UTF-8 stay.
        DraftBody::Encoded {
            text, media_type, ..
        } if media_type.starts_with(FORM) => RecordedBody::Form(sorted_by_name(parse_form(text))),
        DraftBody::Encoded { text, .. } => text_or_hash(text.as_bytes()),
        DraftBody::Bytes(bytes) => text_or_hash(bytes),
    }
}

/// The order of two names has no meaning for a marketplace, and differs between two clients; that
/// of two values of one name has.
fn sorted_by_name(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    pairs
}

fn recorded_part(part: &DraftPart) -> RecordedPart {
    let (text, file) = match &part.filename {
        Some(name) => {
            let file = RecordedPartFile {
                sha256: Some(sha256_hex(&part.content)),
            };
            (name.clone(), Some(file))
        }
        // Text parts come from our own templates, which are UTF-8, so nothing is lost here.
        None => (String::from_utf8_lossy(&part.content).into_owned(), None),
    };
    RecordedPart {
        name: part.name.clone(),
        text,
        media_type: part.media_type.clone(),
        file,
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
