//! Known answers of a scheme.

use crate::model::request::Step;
use crate::span::Span;
use crate::value::ObjectMember;

/// A known answer, with where it was published.
#[derive(Clone, Debug)]
pub struct Vector {
    pub at: Span,
    pub source: String,
    pub credentials: Vec<ObjectMember>,
    pub token: Vec<ObjectMember>,
    /// Fixed values of steps that would be random.
    pub steps: Vec<ObjectMember>,
    /// Unix milliseconds.
    pub clock: i64,
    pub of: VectorOf,
    /// Step id, or `query.name`, `headers.name`, `form.name`, `json.name`, `url` → value.
    pub expect: Vec<(String, Span, String)>,
}

/// What a vector signs.
#[derive(Clone, Debug)]
pub enum VectorOf {
    Request {
        level: Option<String>,
        request: Box<Step>,
    },
    /// Token name and `issue`, `exchange` or `refresh`.
    Token {
        token: String,
        act: String,
    },
    Authorize {
        vars: Vec<ObjectMember>,
    },
}
