//! How the marketplace signs what it sends to us: the callback of an authorization, and pushes; and
//! what its pushes look like, for a sandbox that sends some.

use super::{RequestPart, SignStep};
use crate::method::Method;
use crate::model::lazy_regex::LazyRegex;
use crate::model::request::TemplateField;
use crate::model::template::TemplateTree;
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
    pub pattern: Option<LazyRegex>,
}

/// A kind of call that the marketplace makes to an address which we registered with it.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub name: String,
    pub at: Span,
    pub signature: IncomingSignature,
    pub sending: PushSending,
    /// What happens at the marketplace that it tells in such a call. Names are unique in a scheme.
    pub events: Vec<PushEvent>,
}

/// How the sandbox sends such a call: what all of them have besides the signature.
#[derive(Clone, Debug)]
pub struct PushSending {
    pub method: Method,
    /// Behind the query of the address.
    pub query: Vec<TemplateField>,
    pub headers: Vec<TemplateField>,
    /// The text that stands in the place of the signature, where that is a part of it.
    pub signature: Option<TemplateTree>,
}

/// `order_status: { source: "…", json: { … } }`
#[derive(Clone, Debug)]
pub struct PushEvent {
    pub name: String,
    pub at: Span,
    pub headers: Vec<TemplateField>,
    pub body: PushEventBody,
}

/// What stands in the body of a sample.
#[derive(Clone, Debug)]
pub enum PushEventBody {
    None,
    Json(TemplateTree),
    Text(TemplateTree),
}

impl PushEventBody {
    #[must_use]
    pub fn tree(&self) -> Option<&TemplateTree> {
        match self {
            Self::None => None,
            Self::Json(tree) | Self::Text(tree) => Some(tree),
        }
    }
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
