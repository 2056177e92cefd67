//! Recorded responses of a marketplace, as a file stores them.

use crate::model::request::Method;
use crate::model::sandbox_resource::SandboxResource;
use crate::span::Span;
use crate::value::Value;
use sha2::{Digest, Sha256};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::time::Duration;

/// The number of the recording format that this program writes; older ones stay readable. Since
/// format 2 a request states all of its headers.
pub(crate) const FORMAT_VERSION: i64 = 2;
/// The format in which a request states some of its headers, or none.
pub(crate) const PARTIAL_HEADERS_FORMAT: i64 = 1;

/// What stands in a recording for a value that is fresh each time.
pub(crate) const PLACEHOLDERS: [&str; 9] = [
    "<now>",
    "<now_ms>",
    "<date>",
    "<start_of>",
    "<end_of>",
    "<date_range>",
    "<uuid>",
    "<random>",
    "<run_id>",
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
    /// How many rounds the `for_each` of its step had.
    pub rounds: Option<u32>,
    /// How long the response is delayed.
    pub delay: Option<Duration>,
    /// The push that the sandbox sends after the response.
    pub then_push: Option<StubPush>,
}

/// `then_push: order_status`
#[derive(Clone, Debug)]
pub struct StubPush {
    /// An event of a webhook of the scheme.
    pub event: String,
    pub event_at: Span,
    /// In the place of the event's own body.
    pub json: Option<Value>,
    /// How long it is sent after the response.
    pub after: Duration,
}

impl StubPush {
    /// Whether two of them send the same.
    fn is_same(left: Option<&Self>, right: Option<&Self>) -> bool {
        match (left, right) {
            (Some(left), Some(right)) => {
                (&left.event, &left.json, left.after) == (&right.event, &right.json, right.after)
            }
            (left, right) => left.is_none() && right.is_none(),
        }
    }
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
    /// Sorted by name; the values of one name in the order in which they are sent.
    pub query: Vec<(String, String)>,
    pub headers: RecordedHeaders,
    pub body: RecordedBody,
}

/// Headers of a request that its file writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedHeaders {
    /// Names in lower case; sorted by name, the values of one name in the order in which they are
    /// sent.
    pub pairs: Vec<(String, String)>,
    /// The request was sent with these and no others. A client of the sandbox adds headers of its
    /// own, and recordings of format 1 need not state any.
    pub is_complete: bool,
}

impl RecordedHeaders {
    /// The headers of a request with this body. A `content-type` that the body has by itself is
    /// left out: a request that writes it sends the same bytes as one that does not.
    #[must_use]
    pub(crate) fn new(
        headers: impl IntoIterator<Item = (String, String)>,
        body: &RecordedBody,
        is_complete: bool,
    ) -> Self {
        let mut pairs: Vec<(String, String)> = headers
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .filter(|(name, value)| name != CONTENT_TYPE || !body.implies_media_type(value))
            .collect();
        pairs.sort_by(|left, right| left.0.cmp(&right.0));
        Self { pairs, is_complete }
    }
}

const CONTENT_TYPE: &str = "content-type";

impl RecordedBody {
    /// Whether it is sent as this media type if the request does not say otherwise.
    fn implies_media_type(&self, media_type: &str) -> bool {
        match self {
            Self::None => false,
            Self::Json(_) => media_type == "application/json",
            Self::Form(_) => media_type == "application/x-www-form-urlencoded",
            // The boundary is another one for each request.
            Self::Multipart(_) => media_type.starts_with("multipart/form-data"),
            Self::Text(_) => media_type == "text/plain; charset=utf-8",
            Self::Hash(_) => media_type == "application/octet-stream",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum RecordedBody {
    None,
    Json(Value),
    /// Sorted by name; the values of one name in the order in which they are sent.
    Form(Vec<(String, String)>),
    /// Sorted by name; the parts of one name in the order in which they are sent.
    Multipart(Vec<RecordedPart>),
    Text(String),
    /// The SHA-256, in hex, of bytes that are not text, or of a long text.
    Hash(String),
}

/// One part of a multipart body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordedPart {
    pub name: String,
    /// Of a file, its name.
    pub text: String,
    /// Where a recording does not say it, any media type fits.
    pub media_type: Option<String>,
    /// `None` for a part that is no file.
    pub file: Option<RecordedPartFile>,
}

/// What is known of the file of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RecordedPartFile {
    /// Of its content, in hex; where a stub does not say it, any content fits.
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

impl RecordedResponse {
    #[must_use]
    pub(crate) fn content_type(&self) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(name, _)| name == CONTENT_TYPE);
        named.next().map(|(_, value)| value.as_str())
    }
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

/// Whether two recorded requests are the same request, to the spelling of each value.
#[must_use]
pub(crate) fn is_same_request(left: &RecordedRequest, right: &RecordedRequest) -> bool {
    (left.method, &left.path, &left.query, &left.account)
        == (right.method, &right.path, &right.query, &right.account)
        && left.headers == right.headers
        && match (&left.body, &right.body) {
            (RecordedBody::Json(left), RecordedBody::Json(right)) => left.is_spelled_like(right),
            (left, right) => left == right,
        }
}

/// A hash of method, path, query and body: the same for two requests that are spelled alike. The
/// account and the headers are left out, since a recording need not state them.
#[must_use]
pub(crate) fn request_fingerprint(request: &RecordedRequest) -> u64 {
    let mut hasher = DefaultHasher::new();
    (request.method, &request.path, &request.query).hash(&mut hasher);
    std::mem::discriminant(&request.body).hash(&mut hasher);
    match &request.body {
        RecordedBody::None => {}
        RecordedBody::Json(value) => value.hash_spelling(&mut hasher),
        RecordedBody::Form(pairs) => pairs.hash(&mut hasher),
        // A recording need not state the content of a file.
        RecordedBody::Multipart(parts) => parts
            .iter()
            .for_each(|part| (&part.name, &part.text).hash(&mut hasher)),
        RecordedBody::Text(text) | RecordedBody::Hash(text) => text.hash(&mut hasher),
    }
    hasher.finish()
}

/// Whether two exchanges have the same outcome, `times`, `delay` and push.
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
        && StubPush::is_same(left.then_push.as_ref(), right.then_push.as_ref())
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
