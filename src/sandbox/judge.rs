//! One marketplace of the sandbox: decides about one received request.

use super::control::Traffic;
use super::names::Names;
use super::owner::{Owner, TestAccount, test_account};
use super::parts::parts_of;
use super::paths::NamedLevel;
use super::reply::{Arrives, Delivery, Reply, broken, not_recorded};
use super::resources::{Call, Resources};
use super::tokens::Tokens;
use crate::model::environment::{DEFAULT_ACCOUNT, SANDBOX};
use crate::model::recording::{Exchange, Outcome, RecordedAnswer};
use crate::model::scheme::{Fault, Procedure, Refusal, Scheme};
use crate::model::workspace::Workspace;
use crate::recording::{Pool, body_of, headers_of, unsigned};
use crate::render::{Moment, format_time};
use crate::sign::{Faulty, Known, Received, Verified, choose_level, verify};
use crate::value::Value;
use crate::wire::{BaseUrl, DraftBody};
use std::path::PathBuf;
use std::sync::Arc;

/// The state of one marketplace.
pub struct Marketplace {
    pub scheme: Arc<Scheme>,
    root: PathBuf,
    /// At least one.
    pub(super) accounts: Vec<TestAccount>,
    named_levels: Vec<NamedLevel>,
    pool: Pool,
    pub(super) resources: Resources,
    pub(super) tokens: Tokens,
    pub(super) traffic: Traffic,
}

impl Marketplace {
    #[must_use]
    pub fn new(workspace: &Workspace, scheme: &Arc<Scheme>) -> Self {
        let known = workspace.accounts(SANDBOX, &scheme.name);
        let mut accounts: Vec<TestAccount> =
            known.into_iter().map(|account| (account.name.clone(), test_account(scheme, &account.name, Some(account)))).collect();
        if accounts.is_empty() {
            accounts.push((DEFAULT_ACCOUNT.to_owned(), test_account(scheme, DEFAULT_ACCOUNT, None)));
        }
        let steps = workspace.requests.iter().flat_map(|request| &request.steps).filter(|step| step.scheme.name == scheme.name);
        Self {
            scheme: Arc::clone(scheme),
            root: workspace.root.clone(),
            accounts,
            named_levels: steps.filter_map(NamedLevel::of).collect(),
            pool: Pool::of(workspace, &scheme.name),
            resources: Resources::of(workspace, &scheme.name),
            tokens: Tokens::default(),
            traffic: Traffic::default(),
        }
    }

    /// What comes back, and how; nothing is waited for here.
    pub fn answer(&mut self, received: &Received, moment: Moment) -> Delivery {
        if let Some(reply) = self.control(received.method, &received.target, moment.unix_ms) {
            return reply.into();
        }
        if let Some(answer) = self.token_request(received, moment) {
            return Delivery { delay: self.traffic.delay, ..answer.into() };
        }
        self.page(received, moment).map_or_else(|| self.call(received, moment), Delivery::from)
    }

    /// Every other request: a call for data.
    fn call(&mut self, received: &Received, moment: Moment) -> Delivery {
        let Some(path) = path_below(&received.base, received) else {
            let base = received.base.path();
            let message = format!("the sandbox of `{}` knows paths below `{base}` only", self.scheme.name);
            return Reply::message(404, message).into();
        };
        let scheme = Arc::clone(&self.scheme);
        let named = self.named_levels.iter().find(|named| named.fits(received.method, path));
        let level = choose_level(&scheme, named.map(|named| named.level.as_str()), received.method, path);
        let token = level.token.as_ref().map(|token| token.name.as_str());
        match self.verify(&level.procedure, token, received, moment.unix_ms) {
            Err(fault) => self.refuse(&fault, path, moment).into(),
            Ok(verified) => match self.punished(&verified, moment.unix_ms) {
                Some(fault) => self.refuse(&fault, path, moment).into(),
                None => self.known(received, verified, moment),
            },
        }
    }

    /// `token` is the one that the level needs.
    pub(super) fn verify(
        &self,
        procedure: &Procedure,
        token: Option<&str>,
        received: &Received,
        now_ms: i64,
    ) -> Result<Verified, Faulty> {
        let accepts_token = |field: &str, value: &str, account: &str| {
            let Some(account) = self.accounts.iter().find(|(name, _)| name == account) else { return false };
            let is_given = account.1.get(field).and_then(Value::as_str).is_some_and(|known| known == value);
            is_given || self.tokens.owner(value, now_ms).is_some_and(|owner| owner.fits(account) && self.serves(owner, token))
        };
        let known = Known { accounts: &self.accounts, accepts_token: &accepts_token, now_ms };
        verify(&self.scheme, procedure, received, &known)
    }

    /// Whether a token is good where this one is needed: it is that one, or a shared one that it is split from.
    fn serves(&self, owner: &Owner, needed: Option<&str>) -> bool {
        let shared = |needed: &str| {
            let splits = self.scheme.token(&owner.token).map(|token| token.splits.as_slice()).unwrap_or_default();
            splits.iter().any(|split| split.token == needed)
        };
        needed.is_none_or(|needed| owner.token == needed || shared(needed))
    }

    fn punished(&self, verified: &Verified, now_ms: i64) -> Option<Faulty> {
        let mut tokens = verified.read.iter().filter(|(name, _)| name.starts_with("token."));
        let punished = tokens.any(|(_, value)| self.tokens.is_punished(value, now_ms));
        punished.then(|| Faulty { fault: Fault::Penalty, name: "quota".to_owned() })
    }

    /// An exchange that is recorded for just this request goes first, so that a stub can disturb one call; then what is kept,
    /// then every other exchange.
    fn known(&mut self, received: &Received, mut verified: Verified, moment: Moment) -> Delivery {
        let content_type = received.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
        if let (DraftBody::Multipart { .. }, Some(content_type)) = (&verified.unsigned.body, content_type) {
            let parts = parts_of(content_type, &received.body).unwrap_or_default();
            verified.unsigned.body = DraftBody::Multipart { parts, boundary: String::new() };
        }
        let (account, sent) = (&verified.account, &verified.unsigned);
        let request = unsigned(sent, account);
        if let Some(exchange) = self.pool.exact(&request) {
            return self.played(&exchange);
        }
        if let Some(found) = self.resources.find(sent.method, &sent.path) {
            let names = self.names(&sent.path, moment).and("account", account.as_str());
            return self.resources.answer(found, Call { account, sent, names }).into();
        }
        match self.pool.answer(&request) {
            Ok(exchange) => self.played(&exchange),
            Err(miss) => not_recorded(&self.scheme, &miss).into(),
        }
    }

    fn played(&self, exchange: &Exchange) -> Delivery {
        let arrives = match &exchange.outcome {
            Outcome::Answer(answer) => Arrives::Whole(self.reply(answer)),
            Outcome::Truncated(answer) => Arrives::Half(self.reply(answer)),
            Outcome::Reset => Arrives::Nothing,
        };
        Delivery { delay: exchange.delay.unwrap_or_default(), arrives }
    }

    /// A body whose file is gone or damaged since the recording was loaded is no answer.
    fn reply(&self, answer: &RecordedAnswer) -> Reply {
        match body_of(&answer.body, &self.root) {
            Ok(body) => Reply { status: answer.status, headers: headers_of(answer), body: body.to_vec() },
            Err(reason) => broken(&reason),
        }
    }

    /// As the marketplace would: the first refusal that fits the fault and the name.
    pub(super) fn refuse(&self, faulty: &Faulty, path: &str, moment: Moment) -> Reply {
        let refusals = self.scheme.sandbox.iter().flat_map(|sandbox| &sandbox.refuse);
        let (part, bare) = faulty.name.split_once('.').unwrap_or(("", &faulty.name));
        let fits = |refusal: &&Refusal| {
            refusal.fault == faulty.fault && refusal.name.as_ref().is_none_or(|name| *name == faulty.name || name == bare)
        };
        let Some(refusal) = refusals.into_iter().find(fits) else {
            return Reply::message(401, format!("the sandbox refuses this request: {} (`{}`)", faulty.fault.name(), faulty.name));
        };
        let names = self.names(path, moment).and("name", bare).and("part", part);
        let mut reply = Reply::json(refusal.status, &names.fill(&refusal.json));
        for header in &refusal.headers {
            let value = names.fill(&header.value).to_plain_text().unwrap_or_default();
            reply.headers.push((header.name.to_ascii_lowercase().into(), value));
        }
        reply
    }

    /// What every answer can say.
    pub(super) fn names(&self, path: &str, moment: Moment) -> Names {
        let iso = format_time(moment.unix_ms, "%Y-%m-%dT%H:%M:%S%.3f%:z", self.scheme.clock.zone).unwrap_or_default();
        let account = self.accounts.first().map_or(DEFAULT_ACCOUNT, |(name, _)| name.as_str());
        Names::new()
            .and("request_id", hex::encode(moment.bytes(2, 16)))
            .and("uuid", moment.uuid(3))
            .and("iso", iso)
            .and("path", path)
            .and("account", account)
    }
}

/// The address of one of the scheme's hosts, here; `None` is the one that requests go to.
#[must_use]
pub fn base_of(scheme: &Scheme, region: Option<&str>, own: &BaseUrl) -> Option<BaseUrl> {
    match region {
        None => Some(own.clone()),
        Some(region) => BaseUrl::parse(&scheme.host(region)?.url).ok()?.moved_to(own.origin()),
    }
}

/// The path of a request below the base path of a host.
#[must_use]
pub fn path_below<'r>(base: &BaseUrl, received: &'r Received) -> Option<&'r str> {
    let path = received.target.split('?').next().unwrap_or_default();
    path.strip_prefix(base.path()).filter(|path| path.is_empty() || path.starts_with('/'))
}
