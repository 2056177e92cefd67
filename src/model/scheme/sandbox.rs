//! How the built-in sandbox imitates a marketplace.

use super::RequestPart;
use crate::method::Method;
use crate::model::lazy_regex::LazyRegex;
use crate::model::request::{EncodedBody, TemplateField};
use crate::model::template::{Expression, TemplateTree};
use crate::span::Span;
use std::time::Duration;

/// How the built-in sandbox imitates this marketplace.
#[derive(Clone, Debug)]
pub struct SandboxRules {
    pub at: Span,
    /// Test keys, and what each account gets; `{{ account }}` is its name.
    pub test_credentials: Vec<TemplateField>,
    /// Where a verifier finds a value of the scheme in a request.
    pub extractors: Vec<ValueExtractor>,
    /// The responses to faults; the first that fits is sent.
    pub fault_responses: Vec<FaultResponse>,
    pub token_responses: Vec<TokenResponse>,
    /// After a token request that does this, data calls are refused.
    pub penalty_rules: Vec<PenaltyRule>,
    /// The responses to calls for which nothing is recorded; the first that fits is sent.
    pub samples: Vec<SampleResponse>,
}

/// `ts: { query: timestamp }`
#[derive(Clone, Debug)]
pub struct ValueExtractor {
    /// `ts`, `cred.partner_id`, `token.access_token`, or the id of a sign step.
    pub name: String,
    pub at: Span,
    /// At least one; the first that is in a request counts.
    pub places: Vec<ValuePlace>,
}

/// Where a value stands, with a pattern whose first group is the value where it is a part of a
/// text.
#[derive(Clone, Debug)]
pub struct ValuePlace {
    pub part: RequestPart,
    pub field: String,
    pub pattern: Option<LazyRegex>,
    /// The text is a JSON Web Token, and the value is this claim of it.
    pub claim: Option<String>,
    /// The client decides about the text of this step: it is taken as it was read.
    pub is_chosen: bool,
}

/// Why a verifier does not accept a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VerifyFault {
    /// Something that belongs to it is not there.
    Missing,
    /// It is there, but not in its form.
    Malformed,
    /// The key is not one that the marketplace knows.
    UnknownKey,
    /// The time is too old.
    Stale,
    /// The time is ahead of the marketplace's clock.
    Future,
    /// The token is not one that was issued.
    Token,
    /// The token is the right one, and too old.
    TokenExpired,
    /// The account is not one that the key may act for.
    Account,
    /// The code of an authorization is unknown, used or too old.
    Code,
    /// The refresh token is unknown, spent or replaced.
    RefreshToken,
    /// The refresh token is the right one, and too old.
    RefreshExpired,
    /// The authorization is over, or was taken back.
    Grant,
    Signature,
    /// Held back because of an earlier mistake.
    Penalty,
}

impl VerifyFault {
    pub const ALL: [Self; 14] = [
        Self::Missing,
        Self::Malformed,
        Self::UnknownKey,
        Self::Stale,
        Self::Future,
        Self::Token,
        Self::TokenExpired,
        Self::Account,
        Self::Code,
        Self::RefreshToken,
        Self::RefreshExpired,
        Self::Grant,
        Self::Signature,
        Self::Penalty,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::Stale => "stale",
            Self::Future => "future",
            Self::Token => "token",
            Self::TokenExpired => "token_expired",
            Self::Account => "account",
            Self::Code => "code",
            Self::RefreshToken => "refresh_token",
            Self::RefreshExpired => "refresh_expired",
            Self::Grant => "grant",
            Self::Signature => "signature",
            Self::Penalty => "penalty",
        }
    }
}

/// The answer to a fault.
#[derive(Clone, Debug)]
pub struct FaultResponse {
    pub fault: VerifyFault,
    /// Only for this name: `query.sign`, `ts`.
    pub name: Option<String>,
    pub status: u16,
    pub headers: Vec<TemplateField>,
    pub body: FaultBody,
}

/// The body of a refusal.
#[derive(Clone, Debug)]
pub enum FaultBody {
    Json(TemplateTree),
    /// In its own encoding.
    Xml(EncodedBody),
}

impl FaultBody {
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Json(json) => json.expressions(),
            Self::Xml(xml) => xml.expressions(),
        }
    }
}

/// The response to a right call for which nothing is recorded.
#[derive(Clone, Debug)]
pub struct SampleResponse {
    /// Method and path of its call; `None` for any call, which gets an error in the form of the
    /// marketplace.
    pub call: Option<(Method, String)>,
    pub status: u16,
    pub headers: Vec<TemplateField>,
    pub json: TemplateTree,
}

/// How the sandbox answers a request for a token.
#[derive(Clone, Debug)]
pub struct TokenResponse {
    pub token: String,
    pub json: TemplateTree,
    /// The response to the first request of a device login; without it, that of RFC 8628.
    pub device: Option<TemplateTree>,
    /// The same token is returned again while its age is below this.
    pub reissued_within: Option<Duration>,
    /// How long the previous access token stays valid after a refresh. Without a value, until it
    /// expires.
    pub old_token_grace: Option<Duration>,
    /// The parameters that a token request sends as a form are accepted as a JSON object, too.
    pub accepts_json: bool,
    /// Other methods than that of the token request that are accepted, too. Their parameters may
    /// stand in the query or in a form.
    pub accepted_methods: Vec<Method>,
}

/// A mistake in a token request that the marketplace punishes later.
#[derive(Clone, Debug)]
pub struct PenaltyRule {
    pub token: String,
    /// This part of the request holds anything at all …
    pub part: RequestPart,
    /// … or, when named, this field.
    pub field: Option<String>,
    /// The text for the message of a penalty.
    pub reason: String,
}
