//! How our own loopback marketplace plays a marketplace.

use super::Part;
use crate::model::request::Field;
use crate::model::template::Tree;
use crate::span::Span;
use std::time::Duration;

/// How our own loopback marketplace plays this one.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub at: Span,
    /// Test keys, and what each account gets; `{{ account }}` is its name.
    pub keys: Vec<Field>,
    /// Where a verifier finds a value of the scheme in a request.
    pub read: Vec<Reading>,
    /// With which answer each fault is refused; the first that fits.
    pub refuse: Vec<Refusal>,
    pub token_answers: Vec<TokenAnswer>,
    /// After a token request that does this, data calls are refused.
    pub penalties: Vec<Penalty>,
}

/// `ts: { query: timestamp }`, with a pattern whose first group is the value where it is a part of a text.
#[derive(Clone, Debug)]
pub struct Reading {
    /// `ts`, `cred.partner_id`, `token.access_token`, or the id of a sign step.
    pub name: String,
    pub at: Span,
    pub part: Part,
    pub field: String,
    pub pattern: Option<regex::Regex>,
}

/// Why a verifier does not accept a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
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

impl Fault {
    pub const ALL: [Self; 13] = [
        Self::Missing,
        Self::Malformed,
        Self::UnknownKey,
        Self::Stale,
        Self::Future,
        Self::Token,
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
pub struct Refusal {
    pub fault: Fault,
    /// Only for this name: `query.sign`, `ts`.
    pub name: Option<String>,
    pub status: u16,
    pub headers: Vec<Field>,
    pub json: Tree,
}

/// How the sandbox answers a request for a token.
#[derive(Clone, Debug)]
pub struct TokenAnswer {
    pub token: String,
    pub json: Tree,
    /// The same token is given again while its age is below this.
    pub same_for: Option<Duration>,
    /// After a refresh the access token before it is good for this much longer; without it, until its own end.
    pub old_for: Option<Duration>,
}

/// A mistake in a token request that the marketplace punishes later.
#[derive(Clone, Debug)]
pub struct Penalty {
    pub token: String,
    /// This part of the request holds anything at all …
    pub part: Part,
    /// … or, when named, this field.
    pub field: Option<String>,
    /// What is wrong with that, for our own message.
    pub reason: String,
}
