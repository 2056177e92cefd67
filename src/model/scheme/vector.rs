//! Known answers of a scheme.

use super::IncomingPush;
use super::Proof;
use crate::model::request::Step;
use crate::span::Span;
use crate::value::ObjectMember;
use std::path::PathBuf;

/// A known answer, with where it was published.
#[derive(Clone, Debug)]
pub struct SignatureVector {
    pub at: Span,
    pub source: String,
    pub proof: Option<Proof>,
    pub credentials: Vec<ObjectMember>,
    pub token: Vec<ObjectMember>,
    /// Fixed values of steps that would be random.
    pub fixed_steps: Vec<ObjectMember>,
    /// Unix milliseconds.
    pub clock_ms: i64,
    /// The host, by its region; without it, that of the subject.
    pub region: Option<String>,
    /// Content of the files that the request names.
    pub files: Vec<(PathBuf, bytes::Bytes)>,
    pub subject: VectorSubject,
    /// Step id, or `query.name`, `headers.name`, `form.name`, `json.name`, `url` → value.
    pub expect: Vec<(String, Span, String)>,
}

/// What a vector signs.
#[derive(Clone, Debug)]
pub enum VectorSubject {
    Request {
        level: Option<String>,
        request: Box<Step>,
    },
    /// Token name and `issue`, `exchange` or `refresh`; `vars` are the names that
    /// its templates see, such as `code`.
    Token {
        token: String,
        action: String,
        vars: Vec<ObjectMember>,
    },
    Authorize {
        /// Which of several links; without it, the usual one.
        link: Option<String>,
        vars: Vec<ObjectMember>,
    },
    /// What arrives at an address of ours: the name of a webhook, and the call.
    Push {
        webhook: String,
        push: Box<IncomingPush>,
    },
    /// The raw query of the address that a browser comes back to.
    Callback { query: String },
}
