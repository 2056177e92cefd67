//! How a marketplace signs, issues tokens, limits and fails, as data. It refuses to interpret (that is `sign`).

use crate::model::assertion::Assertion;
use crate::model::outcome::ErrorKind;
use crate::model::request::{Field, Method, Named};
use crate::model::template::{Template, Tree};
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
    pub authorize: Option<Authorize>,
    pub limits: Vec<Limit>,
    pub ok: Vec<OkRule>,
    pub errors: Vec<ErrorRule>,
    /// JSONPaths of what varies in answers.
    pub mask: Vec<String>,
    /// JSONPaths of what is personal in answers.
    pub redact: Vec<String>,
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockFormat {
    UnixSeconds,
    UnixMilliseconds,
    Strftime(String),
}

/// A condition on a request's method and path.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// Any of these; none means every path.
    pub paths: Vec<PathPattern>,
    pub methods: Vec<Method>,
}

impl Matcher {
    #[must_use]
    pub fn fits(&self, method: Method, path: &str) -> bool {
        (self.methods.is_empty() || self.methods.contains(&method))
            && (self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.fits(path)))
    }
}

/// A path in which `*` is one segment and `**` any number of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(pub String);

impl PathPattern {
    #[must_use]
    pub fn fits(&self, path: &str) -> bool {
        fits_segments(self.0.split('/'), path.split('/'))
    }
}

fn fits_segments<'t>(mut pattern: std::str::Split<'t, char>, mut path: std::str::Split<'t, char>) -> bool {
    match (pattern.next(), path.clone().next()) {
        (None, None) => true,
        (Some("**"), _) => loop {
            if fits_segments(pattern.clone(), path.clone()) {
                return true;
            }
            if path.next().is_none() {
                return false;
            }
        },
        (Some(first), Some(segment)) => {
            path.next();
            fits_segment(first, segment) && fits_segments(pattern, path)
        }
        _ => false,
    }
}

/// Within a segment, `*` stands for any text.
fn fits_segment(pattern: &str, segment: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == segment,
        Some((before, after)) => segment
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).any(|at| rest.is_char_boundary(at) && fits_segment(after, &rest[at..]))),
    }
}

#[derive(Clone, Debug)]
pub struct LevelRule {
    pub matcher: Matcher,
    pub level: usize,
}

/// A named variant of a scheme.
#[derive(Clone, Debug)]
pub struct Level {
    /// Empty for a scheme that has no levels.
    pub name: String,
    pub token: Option<Named>,
    pub procedure: Procedure,
}

/// What is done to a draft, in this order: prepare, freeze, sign, attach.
#[derive(Clone, Debug, Default)]
pub struct Procedure {
    pub vars: Vec<Field>,
    pub prepare: Placement,
    pub sign: Vec<SignStep>,
    pub attach: Placement,
}

/// What is put where.
#[derive(Clone, Debug, Default)]
pub struct Placement {
    pub query: Vec<Field>,
    pub headers: Vec<Field>,
    pub form: Vec<Field>,
    pub json: Vec<Field>,
}

impl Placement {
    /// Every field with the name of the part that it goes to.
    pub fn all(&self) -> impl Iterator<Item = (Part, &Field)> {
        let parts =
            [(Part::Query, &self.query), (Part::Header, &self.headers), (Part::Form, &self.form), (Part::Json, &self.json)];
        parts.into_iter().flat_map(|(part, fields)| fields.iter().map(move |field| (part, field)))
    }

    /// This one, and then `more`.
    #[must_use]
    pub fn and(&self, more: &Self) -> Self {
        let join = |left: &[Field], right: &[Field]| left.iter().chain(right).cloned().collect();
        Self {
            query: join(&self.query, &more.query),
            headers: join(&self.headers, &more.headers),
            form: join(&self.form, &more.form),
            json: join(&self.json, &more.json),
        }
    }
}

/// A part of a request that a named value can stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Query,
    Header,
    Form,
    Json,
}

impl Part {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Header => "header",
            Self::Form => "form",
            Self::Json => "json",
        }
    }
}

/// One step of a signature; it yields one text, known to later steps by `id`.
#[derive(Clone, Debug)]
pub struct SignStep {
    pub id: String,
    pub at: Span,
    pub op: Op,
}

#[derive(Clone, Debug)]
pub enum Op {
    Text(Template),
    Digest {
        hash: Hash,
        of: Template,
        out: Encoding,
    },
    Hmac {
        hash: Hash,
        key: Template,
        key_as: KeyForm,
        of: Template,
        out: Encoding,
    },
    Bcrypt {
        password: Template,
        salt: Template,
    },
    Encode {
        encoding: Encoding,
        of: Template,
    },
    Jwt {
        key: Template,
        header: Vec<Field>,
        claims: Vec<Field>,
    },
    Uuid,
    /// So many letters and digits.
    Random(usize),
}

impl Op {
    /// The key that names it in a file.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Digest { .. } => "digest",
            Self::Hmac { .. } => "hmac",
            Self::Bcrypt { .. } => "bcrypt",
            Self::Encode { .. } => "encode",
            Self::Jwt { .. } => "jwt",
            Self::Uuid => "uuid",
            Self::Random(_) => "random",
        }
    }

    /// Every template in it.
    #[must_use]
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Text(template) => vec![template],
            Self::Digest { of, .. } | Self::Encode { of, .. } => vec![of],
            Self::Hmac { key, of, .. } => vec![key, of],
            Self::Bcrypt { password, salt } => vec![password, salt],
            Self::Jwt { key, .. } => vec![key],
            Self::Uuid | Self::Random(_) => Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// How the key text becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    Utf8,
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `hex`
    HexLower,
    /// `HEX`
    HexUpper,
    Base64,
    /// Without padding.
    Base64Url,
}

/// A part of a request that a signature can cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    Method,
    Path,
    Query,
    Body,
}

impl Covered {
    pub const ALL: [Self; 4] = [Self::Method, Self::Path, Self::Query, Self::Body];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Path => "path",
            Self::Query => "query",
            Self::Body => "body",
        }
    }
}

/// What the tool obtains and renews for a level.
#[derive(Clone, Debug)]
pub struct Token {
    pub name: String,
    pub at: Span,
    /// Credentials that tell one token from another.
    pub store_by: Vec<String>,
    /// Got with the application's credentials alone.
    pub issue: Option<TokenRequest>,
    /// Got with the code of an authorization.
    pub exchange: Option<TokenRequest>,
    /// Got with a refresh token.
    pub refresh: Option<TokenRequest>,
    /// How long it lives when the answer does not say.
    pub lifetime: Lifetime,
    /// It is renewed when less than this is left.
    pub renew_before: Duration,
}

impl Token {
    /// The names that its answers bring, such as `access_token`.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in [&self.issue, &self.exchange, &self.refresh].into_iter().flatten().flat_map(|request| &request.save) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

/// What the scheme says of lives, for messages and for answers that say nothing.
#[derive(Clone, Debug, Default)]
pub struct Lifetime {
    pub access: Option<Duration>,
    pub refresh: Option<Duration>,
    pub grant: Option<Duration>,
    /// A refresh token works once.
    pub refresh_once: bool,
}

/// A request for a token, in the language of requests, with its own way to be signed.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    pub at: Span,
    pub method: Method,
    pub path: Template,
    pub query: Vec<Field>,
    pub form: Vec<Field>,
    pub json: Option<Tree>,
    /// Another host than the environment's; one of the scheme's own regions.
    pub host: Option<String>,
    pub procedure: Procedure,
    /// Name → JSONPath in the answer.
    pub save: Vec<(String, crate::jsonpath::JsonPath)>,
}

/// The link that a person opens to authorize an account.
#[derive(Clone, Debug)]
pub struct Authorize {
    pub at: Span,
    pub host: Option<String>,
    pub path: Template,
    pub query: Vec<Field>,
    pub procedure: Procedure,
    /// The name of the code in the address that comes back.
    pub code: String,
    /// Account credential → the name that its value has in that address.
    pub keep: Vec<(String, String)>,
    pub code_lifetime: Option<Duration>,
}

/// How many calls are allowed.
#[derive(Clone, Debug)]
pub struct Limit {
    pub at: Span,
    pub matcher: Matcher,
    pub count: u32,
    pub per: Duration,
    pub burst: Option<u32>,
    pub scope: Vec<String>,
    /// Meaning → header name.
    pub headers: Vec<(String, String)>,
}

/// What an answer must look like for a rule to hold.
#[derive(Clone, Debug, Default)]
pub struct AnswerCondition {
    pub statuses: Vec<StatusPattern>,
    pub assertions: Vec<Assertion>,
}

/// `401`, or `2xx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPattern {
    Exactly(u16),
    Class(u16),
}

impl StatusPattern {
    #[must_use]
    pub fn fits(self, status: u16) -> bool {
        match self {
            Self::Exactly(code) => status == code,
            Self::Class(class) => status / 100 == class,
        }
    }
}

/// What success is; the first rule whose matcher fits the request decides.
#[derive(Clone, Debug)]
pub struct OkRule {
    pub matcher: Matcher,
    pub condition: AnswerCondition,
}

/// Which answer is which kind of refusal; the first that fits decides.
#[derive(Clone, Debug)]
pub struct ErrorRule {
    pub matcher: Matcher,
    pub condition: AnswerCondition,
    pub kind: ErrorKind,
    pub then: Option<Remedy>,
    /// What a person should look at.
    pub hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    RenewOnce,
    Authorize,
    BackOff,
}

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
    Signature,
    /// Held back because of an earlier mistake.
    Penalty,
}

impl Fault {
    pub const ALL: [Self; 9] = [
        Self::Missing,
        Self::Malformed,
        Self::UnknownKey,
        Self::Stale,
        Self::Future,
        Self::Token,
        Self::Account,
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

/// A known answer, with where it was published.
#[derive(Clone, Debug)]
pub struct Vector {
    pub at: Span,
    pub source: String,
    pub credentials: Vec<(String, Value)>,
    pub token: Vec<(String, Value)>,
    /// Fixed values of steps that would be random.
    pub steps: Vec<(String, Value)>,
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
        request: Box<crate::model::request::Step>,
    },
    /// Token name and `issue`, `exchange` or `refresh`.
    Token {
        token: String,
        act: String,
    },
    Authorize {
        vars: Vec<(String, Value)>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_segments() {
        let fits = |pattern: &str, path: &str| PathPattern(pattern.to_owned()).fits(path);
        assert!(fits("/api/v2/auth/**", "/api/v2/auth/token/get"));
        assert!(fits("/api/v2/auth/**", "/api/v2/auth"));
        assert!(!fits("/api/v2/auth/**", "/api/v2/authors"));
        assert!(fits("/product/*/brands", "/product/202309/brands"));
        assert!(!fits("/product/*/brands", "/product/a/b/brands"));
        assert!(fits("/product/*/global_*", "/product/1/global_products"));
        assert!(fits("/x", "/x") && !fits("/x", "/x/"));
    }
}
