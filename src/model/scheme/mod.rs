//! How a marketplace signs, issues tokens, limits and fails, as data. It refuses to interpret (that
//! is `sign`).

mod catalog;
mod credential;
mod host;
mod incoming;
mod matcher;
mod procedure;
mod read_rule;
mod response_rules;
mod sandbox;
mod saved_field;
mod token;
mod vector;

pub(crate) use catalog::{AllowedWarning, LintRule, Proof};
pub(crate) use credential::{
    Credential, CredentialPattern, CredentialScope, CredentialType, CredentialValueError,
};
pub(crate) use host::{AccountHost, HostAddress, HostChoice, HostPart, HostValueError, SchemeHost};
pub(crate) use incoming::IncomingPush;
pub(crate) use incoming::IncomingSignature;
pub use incoming::Webhook;
pub(crate) use incoming::{PushEvent, PushEventBody, PushSending};
pub(crate) use matcher::{PathPattern, RequestMatcher};
pub(crate) use procedure::{
    AsymmetricAlgorithm, EcdsaAlgorithm, EcdsaForm, EllipticCurve, FieldPlacement, HashAlgorithm,
    JwtAlgorithm, JwtSignature, JwtStep, KeyEncoding, LevelRule, RsaPadding, SignOp, SignStep,
    SigningProcedure, TextEncoding,
};
pub use procedure::{CoveredPart, Level, RequestPart};
pub(crate) use read_rule::ReadRule;
pub(crate) use response_rules::{
    ErrorRemedy, ErrorRule, RateLimit, ResponseCondition, StatusPattern, SuccessRule,
};
pub(crate) use sandbox::{
    FaultBody, FaultResponse, PenaltyRule, SampleResponse, SandboxRules, TokenResponse,
    ValueExtractor, ValuePlace, VerifyFault,
};
pub(crate) use saved_field::SavedFrom;
pub use token::{AuthorizeLink, TokenRequest};
pub(crate) use token::{DeviceGrant, Token, TokenLifetimes, TokenSplit};
pub(crate) use vector::{SignatureVector, VectorSubject};

use crate::method::Method;
use crate::model::redact_rule::RedactRule;
use crate::model::secret_rules::SecretRules;
use crate::model::value_path::ValuePath;
use crate::span::Span;
use std::time::Duration;

/// The scheme of a plain request: nothing is signed, and the environment names its host.
pub(crate) const PLAIN_SCHEME: &str = "none";

/// One file of `schemes/`, or one that the program brings.
#[derive(Clone, Debug)]
pub struct Scheme {
    pub name: String,
    pub at: Span,
    pub origin: SchemeOrigin,
    pub title: Option<String>,
    /// Countries, or groups of them.
    pub regions: Vec<String>,
    /// What the file says of all its known answers.
    pub stated_proof: Option<Proof>,
    pub allowed_warnings: Vec<AllowedWarning>,
    pub credentials: Vec<Credential>,
    pub hosts: Vec<SchemeHost>,
    pub clock: SchemeClock,
    /// The first whose matcher fits names the level.
    pub level_rules: Vec<LevelRule>,
    pub default_level: usize,
    /// At least one; each is complete: what holds for the whole scheme is already in it.
    pub levels: Vec<Level>,
    /// The paths that it was written for; none means every path.
    pub paths: Vec<PathPattern>,
    pub covered_parts: Vec<CoveredPart>,
    pub tokens: Vec<Token>,
    /// The first is the usual one.
    pub authorize_links: Vec<AuthorizeLink>,
    /// What the marketplace sends to addresses of ours, and how it signs it.
    pub webhooks: Vec<Webhook>,
    pub limits: Vec<RateLimit>,
    pub success_rules: Vec<SuccessRule>,
    pub error_rules: Vec<ErrorRule>,
    /// The calls that only read; if there are none, the safe methods do.
    pub read_rules: Vec<ReadRule>,
    /// `JSONPaths` of what varies in answers.
    pub masks: Vec<ValuePath>,
    /// Rules for personal data in responses.
    pub redact_rules: Vec<RedactRule>,
    pub secret_rules: SecretRules,
    pub sandbox: Option<SandboxRules>,
    pub vectors: Vec<SignatureVector>,
}

impl Scheme {
    #[must_use]
    pub fn level(&self, name: &str) -> Option<&Level> {
        self.levels.iter().find(|level| level.name == name)
    }

    /// Whether a response with this status can be a success of such a call.
    #[must_use]
    pub fn can_succeed(&self, method: Method, path: &str, status: u16) -> bool {
        let mut rules = self.success_rules.iter();
        match rules.find(|rule| rule.matcher.matches(method, path)) {
            None => (200..300).contains(&status),
            Some(rule) => {
                let statuses = &rule.condition.statuses;
                statuses.is_empty() || statuses.iter().any(|pattern| pattern.matches(status))
            }
        }
    }

    /// Whether a call changes nothing, so that sending it twice does no harm.
    #[must_use]
    pub fn is_read(
        &self,
        method: Method,
        path: &str,
        query: impl FnOnce() -> Vec<(String, String)>,
    ) -> bool {
        if self.read_rules.is_empty() {
            return method.is_safe();
        }
        let query = query();
        let mut rules = self.read_rules.iter();
        rules.any(|rule| rule.matches(method, path, &query))
    }

    #[must_use]
    pub fn credential(&self, name: &str) -> Option<&Credential> {
        self.credentials
            .iter()
            .find(|credential| credential.name == name)
    }

    #[must_use]
    pub fn host(&self, region: &str) -> Option<&SchemeHost> {
        self.hosts.iter().find(|host| host.region == region)
    }

    /// The first host that fits: the live one, or the first of all.
    #[must_use]
    pub fn main_host(&self) -> Option<&SchemeHost> {
        self.host("live").or(self.hosts.first())
    }

    /// The host of a call: what a rule for its path says, else its level.
    #[must_use]
    pub fn host_choice<'s>(
        &'s self,
        level: &'s Level,
        method: Method,
        path: &str,
    ) -> &'s HostChoice {
        let mut rules = self.level_rules.iter().filter(|rule| rule.host.is_some());
        rules
            .find(|rule| rule.matcher.matches(method, path))
            .and_then(|rule| rule.host.as_ref())
            .unwrap_or(&level.host)
    }

    #[must_use]
    pub fn token(&self, name: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.name == name)
    }

    #[must_use]
    pub fn webhook(&self, name: &str) -> Option<&Webhook> {
        self.webhooks.iter().find(|webhook| webhook.name == name)
    }

    /// What can be pushed: each event with its webhook.
    pub(crate) fn push_events(&self) -> impl Iterator<Item = (&Webhook, &PushEvent)> {
        let webhooks = self.webhooks.iter();
        webhooks.flat_map(|webhook| webhook.events.iter().map(move |event| (webhook, event)))
    }

    #[must_use]
    pub(crate) fn push_event(&self, name: &str) -> Option<(&Webhook, &PushEvent)> {
        self.push_events().find(|(_, event)| event.name == name)
    }

    /// The token that a level needs.
    #[must_use]
    pub fn token_for_level(&self, level: &Level) -> Option<&Token> {
        self.token(&level.token.as_ref()?.name)
    }

    /// Every way in which a request is signed: those of the levels and those of token requests.
    pub fn procedures(&self) -> impl Iterator<Item = &SigningProcedure> {
        let requests = self.tokens.iter().flat_map(Token::all_requests);
        self.levels
            .iter()
            .map(|level| &level.procedure)
            .chain(requests.map(|request| &request.procedure))
    }

    /// The best proof among its known answers; `None` when they do not say what they are.
    #[must_use]
    pub fn proof(&self) -> Option<Proof> {
        if self.vectors.is_empty() || self.stated_proof == Some(Proof::Unproven) {
            return Some(Proof::Unproven);
        }
        self.vectors.iter().filter_map(|vector| vector.proof).min()
    }

    /// Whether requests of it carry a secret.
    #[must_use]
    pub fn uses_secrets(&self) -> bool {
        let mut credentials = self.credentials.iter();
        credentials.any(|credential| credential.is_secret) || !self.tokens.is_empty()
    }

    /// Whether it computes a signature of anything.
    #[must_use]
    pub fn has_signature(&self) -> bool {
        self.procedures()
            .flat_map(|procedure| &procedure.sign)
            .any(|step| step.operation.is_signature())
    }
}

/// Where a scheme comes from; a workspace's own must be trusted before it gets a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeOrigin {
    BuiltIn,
    Workspace,
}

/// How the scheme writes time.
#[derive(Clone, Debug)]
pub struct SchemeClock {
    pub format: ClockFormat,
    /// Other formats that the marketplace takes; the sandbox takes them, and nothing writes them.
    pub accepted: Vec<ClockFormat>,
    /// Seconds east of UTC.
    pub zone: i32,
    /// How far off a marketplace lets a request be.
    pub window: Option<Duration>,
    /// How much earlier than now is written, for marketplaces that refuse any time ahead of
    /// theirs.
    pub backdate: Duration,
}

impl SchemeClock {
    /// What this clock shows at `now_ms`, both in Unix milliseconds.
    #[must_use]
    pub fn request_time_ms(&self, now_ms: i64) -> i64 {
        // `load` refuses more than one day; without it, the earliest time fails to be written.
        now_ms.saturating_sub(i64::try_from(self.backdate.as_millis()).unwrap_or(i64::MAX))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockFormat {
    UnixSeconds,
    UnixMilliseconds,
    Strftime(String),
}
