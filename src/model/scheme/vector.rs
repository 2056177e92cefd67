//! Known answers of a scheme.

use super::IncomingPush;
use super::Proof;
use crate::model::request::Step;
use crate::span::Span;
use crate::value::ObjectMember;

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
    /// Token name and `issue`, `exchange` or `refresh`.
    Token {
        token: String,
        action: String,
    },
    Authorize {
        vars: Vec<ObjectMember>,
    },
    /// What arrives at an address of ours: the name of a webhook, and the call.
    Push {
        webhook: String,
        push: Box<IncomingPush>,
    },
    /// The raw query of the address that a browser comes back to.
    Callback {
        query: String,
    },
}
