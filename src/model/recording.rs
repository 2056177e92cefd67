//! Recorded responses of a marketplace, as a file stores them.

use crate::model::request::Method;
use crate::model::sandbox_resource::SandboxResource;
use crate::span::Span;
use crate::value::Value;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::Duration;

/// The number of the recording format that this program writes; older ones stay readable.
pub(crate) const FORMAT_VERSION: i64 = 1;

/// What stands in a recording for a value that is fresh each time.
pub(crate) const PLACEHOLDERS: [&str; 6] = [
    "<now>", "<now_ms>", "<date>", "<uuid>", "<random>", "<run_id>",
];

/// One file of `fixtures/recordings/`.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its path below `fixtures/recordings/` without the ending.
    pub name: String,
    pub scheme: String,
    /// In Unix milliseconds; a stub that was written by hand need not say it.
    pub recorded_ms: Option<i64>,
    /// ingam wrote it, and it has not been changed since.
    pub is_generated: bool,
    pub exchanges: Vec<RecordedExchange>,
    pub resources: Vec<SandboxResource>,
}

/// One unsigned request and what comes back for it.
#[derive(Clone, Debug)]
pub struct RecordedExchange {
    pub at: Span,
    pub request: RecordedRequest,
    pub outcome: RecordedOutcome,
    /// How often it is served. The default is once, and for the last one of a request any number.
    pub times: Option<u32>,
    /// How long the response is delayed.
    pub delay: Option<Duration>,
}

/// What comes back for a request.
#[derive(Clone, Debug)]
pub enum RecordedOutcome {
    Response(RecordedResponse),
    /// Half of the body, and then the connection ends.
    Truncated(RecordedResponse),
    /// The connection ends without a byte of an answer.
    Reset,
}

/// A request as it is before anything of the scheme is added. `<now>`, `<uuid>` and the like stand
/// for any value.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// Only if the response belongs to one account.
    pub account: Option<String>,
    pub method: Method,
    /// Without the query.
    pub path: String,
    /// Sorted by name and value.
    pub query: Vec<(String, String)>,
    pub body: RecordedBody,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RecordedBody {
    None,
    Json(Value),
    /// Sorted by name and value.
    Form(Vec<(String, String)>),
    /// Sorted by name and text.
    Multipart(Vec<RecordedPart>),
    Text(String),
    /// The SHA-256, in hex, of bytes that are not text, or of a long text.
    Hash(String),
}

/// One part of a multipart body.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordedPart {
    pub name: String,
    /// Of a file, its name.
    pub text: String,
    /// Of a file's content, in hex; where a stub does not say it, any content fits.
    pub sha256: Option<String>,
}

/// The response to serve.
#[derive(Clone, Debug)]
pub struct RecordedResponse {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: ResponseBody,
}

#[derive(Clone, Debug)]
pub enum ResponseBody {
    None,
    Json(Value),
    Text(String),
    Bytes(Vec<u8>),
    /// Relative to the root of the workspace.
    File(PathBuf),
}

/// The folder of response bodies that are too large for a recording. Each is named by the SHA-256
/// of its bytes.
pub(crate) const BODIES_DIR: &str = "fixtures/recordings/bodies";

/// The SHA-256 of a recording's text, in hex, without the line that says it. Line ends of Windows
/// count as plain ones: version control may change them.
#[must_use]
pub(crate) fn checksum(text: &str) -> String {
    let mut hash = Sha256::new();
    for line in text
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("checksum:"))
    {
        // Git on Windows changes line ends on checkout (`core.autocrlf`), and that is no edit.
        match line.strip_suffix("\r\n") {
            Some(line) => {
                hash.update(line);
                hash.update("\n");
            }
            None => hash.update(line),
        }
    }
    hex::encode(hash.finalize())
}

/// Whether two recorded requests are the same request.
#[must_use]
pub(crate) fn is_same_request(left: &RecordedRequest, right: &RecordedRequest) -> bool {
    (left.method, &left.path, &left.query, &left.account)
        == (right.method, &right.path, &right.query, &right.account)
        && left.body == right.body
}

/// Whether two exchanges have the same outcome, `times` and `delay`.
#[must_use]
pub(crate) fn is_same_outcome(left: &RecordedExchange, right: &RecordedExchange) -> bool {
    let same = match (&left.outcome, &right.outcome) {
        (RecordedOutcome::Response(left), RecordedOutcome::Response(right))
        | (RecordedOutcome::Truncated(left), RecordedOutcome::Truncated(right)) => {
            is_same_response(left, right)
        }
        (left, right) => matches!(
            (left, right),
            (RecordedOutcome::Reset, RecordedOutcome::Reset)
        ),
    };
    same && (left.times, left.delay) == (right.times, right.delay)
}

fn is_same_response(left: &RecordedResponse, right: &RecordedResponse) -> bool {
    let body = |answer: &RecordedResponse| match &answer.body {
        ResponseBody::None => Value::Null,
        ResponseBody::Json(value) => value.clone(),
        ResponseBody::Text(text) => Value::from(text.as_str()),
        ResponseBody::Bytes(bytes) => Value::from(String::from_utf8_lossy(bytes).into_owned()),
        // The name of a body file is its hash, so equal names are equal bodies.
        ResponseBody::File(path) => Value::from(path.to_string_lossy().into_owned()),
    };
    left.status == right.status && left.headers == right.headers && body(left) == body(right)
}
