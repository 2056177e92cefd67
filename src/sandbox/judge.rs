//! One marketplace of the sandbox: decides about one received request.

use super::NO_RECORDING;
use super::answers::{Miss, Pool, parts_of};
use super::tokens::IssuedTokens;
use crate::model::environment::Account;
use crate::model::environment::DEFAULT_ACCOUNT;
use crate::model::recording::{AnswerBody, RecordedAnswer};
use crate::model::request::Step;
use crate::model::scheme::{Fault, Part, Penalty, Procedure, Refusal, Scheme, Token};
use crate::model::template::Tree;
use crate::model::workspace::Workspace;
use crate::render::{Dialect, Moment, Scope, format_time, tree};
use crate::sign::{Faulty, Known, Received, Values, Verified, choose_level, verify};
use crate::value::Value;
use crate::wire::{DraftBody, join_form, pairs_of};
use std::borrow::Cow;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

/// An answer, ready to be sent.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    fn json(status: u16, value: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json;charset=UTF-8".to_owned())];
        Self { status, headers, body: value.to_json().into_bytes() }
    }
}

/// A level that a request file names itself, for requests like its own.
#[derive(Debug)]
struct NamedLevel {
    method: crate::method::Method,
    /// Its literal parts; anything may stand between them.
    parts: Vec<String>,
    level: String,
}

/// The state of one marketplace.
pub struct Marketplace {
    pub scheme: Arc<Scheme>,
    root: PathBuf,
    accounts: Vec<(String, Values)>,
    named_levels: Vec<NamedLevel>,
    pool: Pool,
    tokens: IssuedTokens,
    /// Owners of tokens that a mistake in a token request has cost their quota.
    punished: HashSet<String>,
}

/// The credentials of a test account: the scheme's keys with what is known of the account over them.
#[must_use]
pub fn test_account(scheme: &Scheme, name: &str, account: Option<&Account>) -> Values {
    let keys = scheme.sandbox.as_ref().map(|sandbox| sandbox.keys.as_slice()).unwrap_or_default();
    let names = Names(vec![("account".to_owned(), Value::from(name))]);
    let mut values = Values::default();
    for credential in &scheme.credentials {
        if let Some(default) = &credential.default {
            values.set(&credential.name, default.clone());
        }
    }
    for key in keys {
        if let Ok(value) = tree(&key.value, &names) {
            values.set(&key.name, value.into_owned());
        }
    }
    for (name, value) in account.map(|account| account.values.as_slice()).unwrap_or_default() {
        values.set(name, value.clone());
    }
    values
}

/// Plain names for the templates of a sandbox.
struct Names(Vec<(String, Value)>);

impl Scope for Names {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        let [name] = path else { return None };
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| Cow::Borrowed(value))
    }

    fn dialect(&self) -> Dialect {
        Dialect::Scheme
    }
}

impl Marketplace {
    #[must_use]
    pub fn new(workspace: &Workspace, scheme: &Arc<Scheme>) -> Self {
        let known = workspace.accounts(crate::model::environment::SANDBOX, &scheme.name);
        let mut accounts: Vec<(String, Values)> =
            known.into_iter().map(|account| (account.name.clone(), test_account(scheme, &account.name, Some(account)))).collect();
        if accounts.is_empty() {
            accounts.push((DEFAULT_ACCOUNT.to_owned(), test_account(scheme, DEFAULT_ACCOUNT, None)));
        }
        let steps = workspace.requests.iter().flat_map(|request| &request.steps).filter(|step| step.scheme.name == scheme.name);
        Self {
            scheme: Arc::clone(scheme),
            root: workspace.root.clone(),
            accounts,
            named_levels: steps.filter_map(named_level).collect(),
            pool: Pool::of(workspace, &scheme.name),
            tokens: IssuedTokens::default(),
            punished: HashSet::new(),
        }
    }

    pub fn answer(&mut self, received: Received, moment: Moment) -> Reply {
        let path = received.target.split('?').next().unwrap_or_default();
        let Some(path) = path.strip_prefix(received.base.path()).filter(|path| path.is_empty() || path.starts_with('/')) else {
            let message = format!("the sandbox of `{}` knows paths below `{}` only", self.scheme.name, received.base.path());
            return Reply::json(404, &Value::Object(vec![("message".to_owned(), message.into())]));
        };
        let path = path.to_owned();
        let scheme = Arc::clone(&self.scheme);
        for token in &scheme.tokens {
            if let Some(issue) =
                token.issue.as_ref().filter(|issue| issue.method == received.method && issue.path.as_literal() == Some(&path))
            {
                return self.issue(&scheme, token, &issue.procedure, received, moment);
            }
        }
        let named = self.named_levels.iter().find(|named| named.method == received.method && fits(&named.parts, &path));
        let level = choose_level(&scheme, named.map(|named| named.level.as_str()), received.method, &path);
        match self.verify(&level.procedure, &received, moment.unix_ms) {
            Err(fault) => self.refuse(&fault, &path, moment),
            Ok(verified) => match self.punished(&verified, moment.unix_ms) {
                Some(fault) => self.refuse(&fault, &path, moment),
                None => self.recorded(&received, verified),
            },
        }
    }

    fn verify(&self, procedure: &Procedure, received: &Received, now_ms: i64) -> Result<Verified, Faulty> {
        let accepts_token = |field: &str, value: &str, account: &str| {
            let given = self.accounts.iter().find(|(name, _)| name == account).and_then(|(_, values)| values.get(field));
            given.and_then(Value::as_str).is_some_and(|known| known == value) || self.tokens.owner(value, now_ms).is_some()
        };
        let known = Known { accounts: &self.accounts, accepts_token: &accepts_token, now_ms };
        verify(&self.scheme, procedure, received, &known)
    }

    /// Answers a request for a token; a mistake that the marketplace punishes later is remembered, and answered with 200.
    fn issue(&mut self, scheme: &Scheme, token: &Token, procedure: &Procedure, received: Received, moment: Moment) -> Reply {
        let penalties = scheme.sandbox.iter().flat_map(|sandbox| &sandbox.penalties);
        let penalties: Vec<&Penalty> = penalties.filter(|penalty| penalty.token == token.name).collect();
        let punishes = !penalties.is_empty();
        let punished = penalties.into_iter().any(|penalty| commits(penalty, &received));
        let path = received.target.split('?').next().unwrap_or_default().to_owned();
        let verified = match self.verify(procedure, &with_parameters_in_body(received), moment.unix_ms) {
            Ok(verified) => verified,
            Err(fault) => return self.refuse(&fault, &path, moment),
        };
        let punished = punished || (punishes && !says_all(token, &verified));
        let answer = scheme.sandbox.iter().flat_map(|sandbox| &sandbox.token_answers).find(|answer| answer.token == token.name);
        let Some(answer) = answer else {
            return Reply::json(
                501,
                &Value::Object(vec![("message".to_owned(), "the scheme says no answer to this token request".into())]),
            );
        };
        let owner = owner(token, &verified);
        let fresh = || format!("sandbox-{}-{}", token.name, moment.random(1, 40));
        let (value, left) = self.tokens.issue(&owner, token, answer, moment.unix_ms, fresh);
        if punished {
            self.punished.insert(owner);
        }
        let mut names = self.names(&path, moment);
        names.0.extend([("token".to_owned(), Value::from(value)), ("expires_in".to_owned(), Value::from(left))]);
        Reply::json(200, &fill(&answer.json, &names))
    }

    fn punished(&self, verified: &Verified, now_ms: i64) -> Option<Faulty> {
        let tokens = verified.read.iter().filter(|(name, _)| name.starts_with("token."));
        let mut owners = tokens.filter_map(|(_, value)| self.tokens.owner(value, now_ms));
        owners.any(|owner| self.punished.contains(owner)).then(|| Faulty { fault: Fault::Penalty, name: "quota".to_owned() })
    }

    fn recorded(&mut self, received: &Received, mut verified: Verified) -> Reply {
        let content_type = received.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
        if let (DraftBody::Multipart { .. }, Some(content_type)) = (&verified.unsigned.body, content_type) {
            let parts = parts_of(content_type, &received.body).unwrap_or_default();
            verified.unsigned.body = DraftBody::Multipart { parts, boundary: String::new() };
        }
        match self.pool.answer(&verified.account, &verified.unsigned) {
            Ok(answer) => self.reply(&answer),
            Err(miss) => not_recorded(&self.scheme, &miss),
        }
    }

    fn reply(&self, answer: &RecordedAnswer) -> Reply {
        let body = match &answer.body {
            AnswerBody::None => Vec::new(),
            AnswerBody::Json(value) => value.to_json().into_bytes(),
            AnswerBody::Text(text) => text.clone().into_bytes(),
            // The file was found when the recording was loaded; one that is gone since leaves an empty body, which no assertion takes for it.
            AnswerBody::File(path) => std::fs::read(self.root.join(path)).unwrap_or_default(),
        };
        let mut headers = answer.headers.clone();
        headers.retain(|(name, _)| {
            !["content-length", "transfer-encoding", "content-encoding", "connection"].contains(&name.as_str())
        });
        if matches!(answer.body, AnswerBody::Json(_)) && !headers.iter().any(|(name, _)| name == "content-type") {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        Reply { status: answer.status, headers, body }
    }

    /// As the marketplace would: the first refusal that fits the fault and the name.
    fn refuse(&self, faulty: &Faulty, path: &str, moment: Moment) -> Reply {
        let refusals = self.scheme.sandbox.iter().flat_map(|sandbox| &sandbox.refuse);
        let bare = faulty.name.split_once('.').map_or(faulty.name.as_str(), |(_, name)| name);
        let fits = |refusal: &&Refusal| {
            refusal.fault == faulty.fault && refusal.name.as_ref().is_none_or(|name| *name == faulty.name || name == bare)
        };
        let Some(refusal) = refusals.into_iter().find(fits) else {
            let message = format!("the sandbox refuses this request: {} (`{}`)", faulty.fault.name(), faulty.name);
            return Reply::json(401, &Value::Object(vec![("message".to_owned(), message.into())]));
        };
        let mut names = self.names(path, moment);
        let part = faulty.name.split_once('.').map_or("", |(part, _)| part);
        names.0.extend([("name".to_owned(), Value::from(bare)), ("part".to_owned(), Value::from(part))]);
        let mut reply = Reply::json(refusal.status, &fill(&refusal.json, &names));
        for header in &refusal.headers {
            let value = fill(&header.value, &names).to_plain_text().unwrap_or_default();
            reply.headers.push((header.name.to_ascii_lowercase(), value));
        }
        reply
    }

    fn names(&self, path: &str, moment: Moment) -> Names {
        let iso = format_time(moment.unix_ms, "%Y-%m-%dT%H:%M:%S%.3f%:z", self.scheme.clock.zone).unwrap_or_default();
        let account = self.accounts.first().map_or(DEFAULT_ACCOUNT, |(name, _)| name.as_str());
        let pairs = [
            ("request_id", hex::encode(moment.bytes(2, 16))),
            ("uuid", moment.uuid(3)),
            ("iso", iso),
            ("path", path.to_owned()),
            ("account", account.to_owned()),
        ];
        Names(pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
    }
}

fn fill(written: &Tree, names: &Names) -> Value {
    tree(written, names).map_or(Value::Null, Cow::into_owned)
}

/// Credentials that tell one token from another, as they were read.
fn owner(token: &Token, verified: &Verified) -> String {
    let read = |name: &String| {
        verified.read.iter().find(|(key, _)| key.strip_prefix("cred.") == Some(name)).map(|(_, value)| value.as_str())
    };
    let values: Vec<&str> = token.store_by.iter().map(|name| read(name).unwrap_or(&verified.account)).collect();
    format!("{} {}", token.name, values.join(" "))
}

/// Whether a token request has the parameters that the scheme gives it: constants as they are, the rest at all, but for what
/// may be left out.
fn says_all(token: &Token, verified: &Verified) -> bool {
    let DraftBody::Form(sent) = &verified.unsigned.body else {
        return token.issue.as_ref().is_none_or(|issue| issue.form.is_empty());
    };
    let fields = token.issue.iter().flat_map(|issue| &issue.form);
    fields.into_iter().all(|field| {
        let value = sent.iter().find(|(name, _)| *name == field.name).map(|(_, value)| value);
        match field.value.as_constant().and_then(Value::to_plain_text) {
            Some(constant) => value == Some(&constant),
            // An expression with a condition can leave its parameter out.
            None => value.is_some() || field.value.expressions().iter().any(|expression| expression.lookup.is_none()),
        }
    })
}

fn commits(penalty: &Penalty, received: &Received) -> bool {
    let query = received.target.split_once('?').map_or("", |(_, query)| query);
    let pairs = match penalty.part {
        Part::Query => pairs_of(query),
        Part::Form => crate::wire::pairs_of_form(&String::from_utf8_lossy(&received.body)),
        Part::Header => received.headers.clone(),
        Part::Json => Vec::new(),
    };
    match &penalty.field {
        Some(field) => pairs.iter().any(|(name, _)| name == field),
        None => !pairs.is_empty(),
    }
}

/// Parameters in the query are read as if they stood in the body: the marketplace tolerates them, and punishes later.
fn with_parameters_in_body(mut received: Received) -> Received {
    let Some((path, query)) = received.target.split_once('?') else { return received };
    if received.body.is_empty() {
        received.body = join_form(&pairs_of(query)).into();
        received.headers.retain(|(name, _)| name != "content-type");
        received.headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        received.target = path.to_owned();
    }
    received
}

fn named_level(step: &Step) -> Option<NamedLevel> {
    use crate::model::template::Part as Piece;
    let level = step.level.as_ref()?.name.clone();
    let mut parts = vec![String::new()];
    for piece in &step.path.parts {
        if matches!(piece, Piece::Literal(text) if parts.len() > 1 && text.starts_with('?')) {
            break;
        }
        match (piece, parts.last_mut()) {
            (Piece::Literal(text), Some(last)) => last.push_str(text.split('?').next().unwrap_or_default()),
            _ => parts.push(String::new()),
        }
    }
    Some(NamedLevel { method: step.method, parts, level })
}

/// Whether the literal parts of a path stand in it in this order, from its start to its end.
fn fits(parts: &[String], path: &str) -> bool {
    let Some((first, rest)) = parts.split_first() else { return false };
    let Some(mut left) = path.strip_prefix(first.as_str()) else { return false };
    for (index, part) in rest.iter().enumerate() {
        let last = index + 1 == rest.len();
        let found = if last { left.ends_with(part.as_str()).then(|| left.len() - part.len()) } else { left.find(part.as_str()) };
        let Some(at) = found else { return false };
        left = &left[at + part.len()..];
    }
    left.is_empty()
}

fn not_recorded(scheme: &Scheme, miss: &Miss) -> Reply {
    let verified = if scheme.signs() { format!("the signature is right for `{}`, but ", scheme.name) } else { String::new() };
    let mut message = format!("{verified}no file in fixtures/recordings answers this request");
    let nearest = match &miss.nearest {
        Some((file, differs)) => {
            message.push_str(&format!(
                "; the nearest is fixtures/recordings/{file}.yaml, and it differs in: {}",
                differs.join("; ")
            ));
            Value::from(file.as_str())
        }
        None => Value::Null,
    };
    let mut reply =
        Reply::json(501, &Value::Object(vec![("message".to_owned(), message.into()), ("nearest".to_owned(), nearest)]));
    reply.headers.push((NO_RECORDING.to_owned(), "true".to_owned()));
    reply
}
