//! The token of a call: given like a credential, kept in the store, or renewed. It renews at most once for a call.

use super::Context;
use super::access::{Access, AccessError};
use crate::model::environment::Refresh;
use crate::model::scheme::{Scheme, Token};
use crate::renew::{Act, Failure, Job, Renewer};
use crate::sign::NamedValues;
use crate::store::{FamilyKey, FamilyLabel, FamilyRecord, StoreError};
use crate::value::Value;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tokio::sync::Mutex;

/// A record that was read longer ago is read again, in milliseconds: another process may have renewed it.
const READ_AGAIN_MS: i64 = 60_000;

/// The tokens of a run.
pub struct Tokens<'w> {
    pub renewer: Renewer<'w>,
    pub refresh: Refresh,
    held: RefCell<HashMap<FamilyKey, Held>>,
    /// What could not be renewed is not tried again by every request of a run.
    failed: RefCell<HashMap<FamilyKey, Failure>>,
    /// Of requests that run side by side one renews a token, and the others wait for it.
    turns: RefCell<HashMap<FamilyKey, Rc<Mutex<()>>>>,
}

#[derive(Clone)]
struct Held {
    record: FamilyRecord,
    read_at_ms: i64,
}

impl<'w> Tokens<'w> {
    #[must_use]
    pub fn new(renewer: Renewer<'w>, refresh: Refresh) -> Self {
        Self { renewer, refresh, held: RefCell::default(), failed: RefCell::default(), turns: RefCell::default() }
    }
}

/// A token that a call is signed with.
pub struct Used {
    pub values: NamedValues,
    /// `None` when it was given like a credential: then there is nothing to renew it with.
    pub generation: Option<u64>,
    /// What a person should know although it works.
    pub warning: Option<String>,
}

/// Which token is wanted, and as whom.
pub struct Wanted<'c> {
    pub scheme: &'c Scheme,
    pub token: &'c Token,
    pub access: &'c Access,
    pub context: &'c Context<'c>,
}

impl Wanted<'_> {
    /// # Errors
    /// When there is none and none can be got.
    pub async fn get(&self) -> Result<Used, Failure> {
        if let Some(values) = self.given() {
            return Ok(Used { values, generation: None, warning: None });
        }
        let tokens = &self.context.tokens;
        let record = self.read(READ_AGAIN_MS).await?;
        let now = tokens.renewer.now_ms();
        let pair = record.as_ref().and_then(|record| record.current.as_ref());
        if let (Some(record), Some(pair)) = (&record, pair)
            && !pair.is_renewal_due(now, tokens.renewer.margin_ms(self.token))
        {
            return Ok(used(record, None));
        }
        let is_good = pair.is_some_and(|pair| pair.is_valid(now));
        match self.renew(record.as_ref().map_or(0, |record| record.generation)).await {
            Ok(record) => Ok(used(&record, None)),
            // An outage of the marketplace's token service costs nothing while the token is good.
            Err(failure) => match record.filter(|_| is_good) {
                Some(record) => Ok(used(&record, self.warning(&failure))),
                None => Err(failure),
            },
        }
    }

    /// Another token than the one that was refused: what another process has stored meanwhile, or a new one. `None` when there
    /// is nothing to renew.
    ///
    /// # Errors
    /// When no other can be got.
    pub async fn another(&self, refused: &Used) -> Result<Option<Used>, Failure> {
        let Some(generation) = refused.generation else { return Ok(None) };
        let record = self.read(0).await?;
        let now = self.context.tokens.renewer.now_ms();
        let is_newer = |record: &FamilyRecord| {
            record.generation != generation && record.current.as_ref().is_some_and(|pair| pair.is_valid(now))
        };
        match record.filter(is_newer) {
            Some(record) => Ok(Some(used(&record, None))),
            None if self.context.tokens.refresh == Refresh::Never => Ok(None),
            None => self.renew(generation).await.map(|record| Some(used(&record, None))),
        }
    }

    fn given(&self) -> Option<NamedValues> {
        self.access.given_token.get("access_token").map(|_| self.access.given_token.clone())
    }

    fn warning(&self, failure: &Failure) -> Option<String> {
        let warns = self.context.tokens.refresh == Refresh::Auto;
        warns.then(|| format!("the token is still good, but could not be renewed: {failure}"))
    }

    /// From what is known, when that is not older than `at_most_ms`.
    async fn read(&self, at_most_ms: i64) -> Result<Option<FamilyRecord>, StoreError> {
        let (tokens, key) = (&self.context.tokens, self.key());
        let held = tokens.held.borrow().get(&key).cloned();
        if let Some(held) = held.filter(|held| tokens.renewer.now_ms() - held.read_at_ms < at_most_ms) {
            return Ok(Some(held.record));
        }
        let record = tokens.renewer.read(&key).await?;
        record.iter().for_each(|record| self.hold(record));
        Ok(record)
    }

    /// From now on its tokens are known, and never shown.
    fn hold(&self, record: &FamilyRecord) {
        self.context.remember_record(record);
        let (tokens, record) = (&self.context.tokens, record.clone());
        let held = Held { read_at_ms: tokens.renewer.now_ms(), record };
        tokens.held.borrow_mut().insert(held.record.key.clone(), held);
    }

    async fn renew(&self, than: u64) -> Result<FamilyRecord, Failure> {
        if self.context.tokens.refresh == Refresh::Never {
            return Err(self.may_not_renew(than == 0));
        }
        let tokens = &self.context.tokens;
        let turn = Rc::clone(tokens.turns.borrow_mut().entry(self.key()).or_default());
        let _turn = turn.lock().await;
        if let Some(failure) = tokens.failed.borrow().get(&self.key()) {
            return Err(failure.clone());
        }
        // Somebody had the turn before.
        let held = tokens.held.borrow().get(&self.key()).map(|held| held.record.clone());
        if let Some(record) = held.filter(|record| record.generation > than) {
            return Ok(record);
        }
        let bases = self.context.accesses.bases(self.scheme, self.token, &self.access.base);
        let bases = bases.map_err(|error: AccessError| Failure::person(error.to_string()))?;
        let renewer = &self.context.tokens.renewer;
        let act = Act::Renew { than };
        let job = Job::new(renewer.source(self.scheme), self.key(), self.label(), bases, &self.access.credentials, act);
        let renewed = Box::pin(renewer.renew(job, self.scheme, &self.context.transport)).await;
        let record = renewed.inspect_err(|failure| {
            self.context.tokens.failed.borrow_mut().insert(self.key(), failure.clone());
        })?;
        self.hold(&record);
        Ok(record)
    }

    fn may_not_renew(&self, is_none: bool) -> Failure {
        let (account, environment) = (&self.access.account, &self.context.environment);
        let reason = format!("there is no good token of `{account}` in the store, and with `refresh: never` nothing is renewed");
        let act = if is_none { format!("login {}", self.scheme.name) } else { "refresh".to_owned() };
        Failure::person(reason).with(format!("the one who may runs `ingam auth {act} --env {environment}`"))
    }

    fn key(&self) -> FamilyKey {
        FamilyKey::new(self.scheme, self.token, self.access.base.authority(), &self.access.account, &self.access.credentials)
    }

    fn label(&self) -> FamilyLabel {
        FamilyLabel { environment: self.context.environment.clone(), account: self.access.account.clone() }
    }
}

fn used(record: &FamilyRecord, warning: Option<String>) -> Used {
    Used { values: record.values(), generation: Some(record.generation), warning }
}

/// What stands for a token where nothing is sent: what was given, or a text that says what it stands for.
#[must_use]
pub fn stand_in(token: &Token, given: &NamedValues) -> NamedValues {
    if given.get("access_token").is_some() {
        return given.clone();
    }
    let value = |field: &&str| ((*field).into(), Value::from(format!("placeholder-for-{field}")));
    NamedValues(token.fields().iter().map(value).collect())
}

/// The access token of an account for the level that most requests of a scheme have, renewed when it is time.
///
/// # Errors
/// When there is none and none can be got.
pub async fn access_token(context: &Context<'_>, scheme: &Scheme, access: &Access) -> Result<String, Failure> {
    let level = &scheme.levels[scheme.default_level];
    let none = || Failure::person(format!("requests of `{}` are signed without a token", scheme.name));
    let token = scheme.token_of(level).ok_or_else(none)?;
    let used = Wanted { scheme, token, access, context }.get().await?;
    used.values.get("access_token").and_then(Value::as_str).map(str::to_owned).ok_or_else(none)
}
