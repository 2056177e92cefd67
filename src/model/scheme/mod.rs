//! How a marketplace signs, issues tokens, limits and fails, as data. It refuses to interpret (that is `sign`).

mod answer;
mod matcher;
mod procedure;
mod sandbox;
mod token;
mod vector;

pub use answer::{AnswerCondition, ErrorRule, Limit, OkRule, Remedy, StatusPattern};
pub use matcher::{Matcher, PathPattern};
pub use procedure::{Covered, Encoding, Hash, KeyForm, Level, LevelRule, Op, Part, Placement, Procedure, SignStep};
pub use sandbox::{Fault, Penalty, Reading, Refusal, Sandbox, TokenAnswer};
pub use token::{Authorize, Lifetime, LinkHost, Split, Token, TokenRequest};
pub use vector::{Vector, VectorOf};

use crate::jsonpath::JsonPath;
use crate::model::redact::Redact;
use crate::span::Span;
use crate::value::Value;
use std::time::Duration;

/// The scheme of a plain request: nothing is signed, and the environment names its host.
pub const PLAIN: &str = "none";

/// One file of `schemes/`, or one that the program brings.
#[derive(Clone, Debug)]
pub struct Scheme {
    pub name: String,
    pub at: Span,
    pub origin: Origin,
    pub title: Option<String>,
    pub credentials: Vec<Credential>,
    pub hosts: Vec<Host>,
    pub clock: Clock,
    /// The first whose matcher fits names the level.
    pub rules: Vec<LevelRule>,
    pub default_level: usize,
    /// At least one; each is complete: what holds for the whole scheme is already in it.
    pub levels: Vec<Level>,
    pub covers: Vec<Covered>,
    pub tokens: Vec<Token>,
    /// The first is the usual one.
    pub authorize: Vec<Authorize>,
    pub limits: Vec<Limit>,
    pub ok: Vec<OkRule>,
    pub errors: Vec<ErrorRule>,
    /// JSONPaths of what varies in answers.
    pub mask: Vec<JsonPath>,
    /// JSONPaths of what is personal in answers.
    pub redact: Vec<Redact>,
    pub sandbox: Option<Sandbox>,
    pub vectors: Vec<Vector>,
}

impl Scheme {
    #[must_use]
    pub fn level(&self, name: &str) -> Option<&Level> {
        self.levels.iter().find(|level| level.name == name)
    }

    #[must_use]
    pub fn credential(&self, name: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.name == name)
    }

    #[must_use]
    pub fn host(&self, region: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.region == region)
    }

    #[must_use]
    pub fn token(&self, name: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.name == name)
    }

    /// The token that a level needs.
    #[must_use]
    pub fn token_of(&self, level: &Level) -> Option<&Token> {
        self.token(&level.token.as_ref()?.name)
    }

    /// Every way in which a request is signed: those of the levels and those of token requests.
    pub fn procedures(&self) -> impl Iterator<Item = &Procedure> {
        let requests = self.tokens.iter().flat_map(|token| [&token.issue, &token.exchange, &token.refresh]).flatten();
        self.levels.iter().map(|level| &level.procedure).chain(requests.map(|request| &request.procedure))
    }

    /// Whether it computes anything at all.
    #[must_use]
    pub fn signs(&self) -> bool {
        self.procedures().any(|procedure| !procedure.sign.is_empty())
    }
}

/// Where a scheme comes from; a workspace's own must be trusted before it gets a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    BuiltIn,
    Workspace,
}

/// What a user brings.
#[derive(Clone, Debug)]
pub struct Credential {
    pub name: String,
    pub at: Span,
    pub secret: bool,
    pub integer: bool,
    pub scope: CredentialScope,
    /// `Some(Null)` says that it may be missing.
    pub default: Option<Value>,
    /// What it is, for the message that asks for it.
    pub about: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialScope {
    App,
    Account,
}

/// A place that secrets of the scheme may go to.
#[derive(Clone, Debug)]
pub struct Host {
    pub region: String,
    pub at: Span,
    /// Scheme, host and base path, without a slash at the end.
    pub url: String,
}

/// How the scheme writes time.
#[derive(Clone, Debug)]
pub struct Clock {
    pub format: ClockFormat,
    /// Seconds east of UTC.
    pub zone: i32,
    /// How far off a marketplace lets a request be.
    pub window: Option<Duration>,
    /// How much earlier than now is written, for marketplaces that refuse any time ahead of theirs.
    pub behind: Duration,
}

impl Clock {
    /// What this clock shows at `now_ms`, both in Unix milliseconds.
    #[must_use]
    pub fn reading(&self, now_ms: i64) -> i64 {
        now_ms - i64::try_from(self.behind.as_millis()).unwrap_or(0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockFormat {
    UnixSeconds,
    UnixMilliseconds,
    Strftime(String),
}
