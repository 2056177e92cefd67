//! How the marketplace signs what it sends to us: the callback of an authorization, and pushes.

use super::{RequestPart, SignStep};
use crate::span::Span;

/// `sign` steps over what arrived, and where the signature stands that the last of them must equal.
#[derive(Clone, Debug)]
pub struct IncomingSignature {
    pub at: Span,
    /// At least one.
    pub sign: Vec<SignStep>,
    /// Query, header or JSON.
    pub part: RequestPart,
    pub field: String,
    /// Where the signature is a part of a text: its group is one signature, each match another. One
    /// that is equal is enough, because two keys hold while one is replaced.
    pub pattern: Option<regex::Regex>,
}

/// A kind of call that the marketplace makes to an address which we registered with it.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub name: String,
    pub at: Span,
    pub signature: IncomingSignature,
}

/// A call of the marketplace to an address of ours.
#[derive(Clone, Debug, Default)]
pub struct IncomingPush {
    /// The address that is registered with the marketplace.
    pub url: String,
    pub method: String,
    /// As in the request line: path and query.
    pub path_query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}
