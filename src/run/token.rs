//! The token of a call: configured like a credential, read from the store, or renewed. A call
//! renews at most once.

use super::access::{AccessError, AccountAccess};
use super::context::RunContext;
use super::run_tokens::CachedToken;
use crate::model::environment::RefreshPolicy;
use crate::model::scheme::{Scheme, Token};
use crate::renew::{RefreshError, RefreshJob, RefreshKind};
use crate::secret::Secret;
use crate::sign::NamedValues;
use crate::tokens::{FamilyKey, FamilyLabel, FamilyRecord, MissingFamilyId};
use crate::value::Value;
use std::rc::Rc;
use tokio::sync::Mutex;

/// How long a cached record is used, in milliseconds. Then it is read again, since another process
/// may have renewed it.
const CACHE_TTL_MS: i64 = 60_000;

/// A token that a call is signed with.
pub(super) struct ActiveToken {
    pub(super) values: NamedValues,
    /// `None` if it is configured like a credential: ingam cannot renew such a token.
    pub(super) generation: Option<u64>,
    /// What the user should know although the token works.
    pub(super) warning: Option<String>,
}

/// The token of a scheme for an account.
#[derive(Clone, Copy)]
pub(super) struct TokenQuery<'c> {
    pub(super) scheme: &'c Scheme,
    pub(super) token: &'c Token,
    pub(super) access: &'c AccountAccess,
    pub(super) context: &'c RunContext<'c>,
}

impl TokenQuery<'_> {
    /// The token to sign with. It is renewed when it is about to expire.
    ///
    /// # Errors
    /// When there is no valid token, and it cannot be renewed.
    pub(super) async fn get(&self) -> Result<ActiveToken, RefreshError> {
        if let Some(values) = self.given_values() {
            return Ok(ActiveToken {
                values,
                generation: None,
                warning: None,
            });
        }
        let tokens = &self.context.environment.tokens;
        let key = self.key()?;
        let record = self.read(&key, CACHE_TTL_MS).await?;
        let now = tokens.renewer.now_ms();
        let pair = record.as_ref().and_then(|record| record.current.as_ref());
        if let (Some(record), Some(pair)) = (&record, pair)
            && !tokens.renewer.has_response(&key)
            && !pair.is_renewal_due(now, tokens.renewer.renewal_margin_ms(self.token)?)
        {
            return Ok(active_token(record, None));
        }
        let is_valid = pair.is_some_and(|pair| pair.is_valid(now));
        // Without a record, a record of any later generation than 0 is a newer one.
        let generation = record.as_ref().map_or(0, |record| record.generation);
        match self.renew(&key, generation).await {
            Ok(record) => Ok(active_token(&record, None)),
            // The renewal comes before the token expires, so an outage of the marketplace's token
            // service does not fail the call until it has expired.
            Err(failure) => match record.filter(|_| is_valid) {
                Some(record) => Ok(active_token(&record, self.renewal_warning(&failure))),
                None => Err(failure),
            },
        }
    }

    /// A token to use in place of one that the marketplace refused: the one that another process
    /// has stored since then, or a renewed one. `None` if nothing can be renewed.
    ///
    /// # Errors
    /// When the store cannot be read, or the renewal fails.
    pub(super) async fn replacement(
        &self,
        refused: &ActiveToken,
    ) -> Result<Option<ActiveToken>, RefreshError> {
        let Some(generation) = refused.generation else {
            return Ok(None);
        };
        // Not from the cache: another process may have renewed the token, which ended the refused
        // one.
        let key = self.key()?;
        let record = self.read(&key, 0).await?;
        let now = self.context.environment.tokens.renewer.now_ms();
        let is_newer = |record: &FamilyRecord| {
            record.generation != generation
                && record
                    .current
                    .as_ref()
                    .is_some_and(|pair| pair.is_valid(now))
        };
        match record.filter(is_newer) {
            Some(record) => Ok(Some(active_token(&record, None))),
            None if self.context.environment.tokens.refresh == RefreshPolicy::Never => Ok(None),
            None => self
                .renew(&key, generation)
                .await
                .map(|record| Some(active_token(&record, None))),
        }
    }

    fn given_values(&self) -> Option<NamedValues> {
        self.access
            .given_token
            .get("access_token")
            .map(|_| self.access.given_token.clone())
    }

    fn renewal_warning(&self, failure: &RefreshError) -> Option<String> {
        let warns = self.context.environment.tokens.refresh == RefreshPolicy::Auto;
        warns.then(|| format!("the token is still valid, but could not be renewed: {failure}"))
    }

    /// The cached record if it was read less than `max_age_ms` ago, else that of the store.
    async fn read(
        &self,
        key: &FamilyKey,
        max_age_ms: i64,
    ) -> Result<Option<FamilyRecord>, RefreshError> {
        let tokens = &self.context.environment.tokens;
        let now = tokens.renewer.now_ms();
        if let Some(cached) = tokens.cached.borrow().get(key)
            && now - cached.read_at_ms < max_age_ms
        {
            return Ok(Some(cached.record.clone()));
        }
        let record = tokens.renewer.read(key).await;
        for recovered in tokens.renewer.take_recovered() {
            self.context
                .warn(&recovered.message(), recovered.hint().as_deref());
        }
        let record = record?;
        record.iter().for_each(|record| self.cache_record(record));
        Ok(record)
    }

    /// Keeps a record for this run, and registers its tokens with the redactor before any of them
    /// is sent.
    fn cache_record(&self, record: &FamilyRecord) {
        self.context.register_record_secrets(record);
        let tokens = &self.context.environment.tokens;
        let cached = CachedToken {
            read_at_ms: tokens.renewer.now_ms(),
            record: record.clone(),
        };
        tokens
            .cached
            .borrow_mut()
            .insert(record.key.clone(), cached);
    }

    /// Renews the record if its generation is not newer than `than`.
    async fn renew(&self, key: &FamilyKey, than: u64) -> Result<FamilyRecord, RefreshError> {
        let tokens = &self.context.environment.tokens;
        if tokens.refresh == RefreshPolicy::Never {
            return Err(self.renewal_forbidden(than == 0));
        }
        let lock = self.renewal_lock(key);
        // One renewal per family: a refresh token can be used once, so a second renewal at the
        // same time would spend the token that the first one was given.
        let _guard = lock.lock().await;
        if let Some(failure) = tokens.recent_failure(key) {
            return Err(failure);
        }
        // Another call may have renewed it while this one waited for the lock.
        let cached = tokens
            .cached
            .borrow()
            .get(key)
            .map(|cached| cached.record.clone());
        if let Some(record) = cached.filter(|record| record.generation > than) {
            return Ok(record);
        }
        let record = self.send_renewal(key, than).await?;
        self.cache_record(&record);
        Ok(record)
    }

    fn renewal_lock(&self, key: &FamilyKey) -> Rc<Mutex<()>> {
        let mut locks = self.context.environment.tokens.renewal_locks.borrow_mut();
        // Cloned, since no borrow of the map may be held while a call waits for the lock.
        Rc::clone(locks.entry(key.clone()).or_default())
    }

    /// Renews in the store; other processes may use the same record.
    async fn send_renewal(&self, key: &FamilyKey, than: u64) -> Result<FamilyRecord, RefreshError> {
        let environment = &self.context.environment;
        let bases = environment
            .accesses
            .token_request_bases(self.scheme, self.token, self.access)
            .map_err(|error: AccessError| RefreshError::user_action(error.to_string()))?;
        let renewer = &environment.tokens.renewer;
        let job = RefreshJob::new(
            renewer.scheme_source(self.scheme),
            key.clone(),
            self.label(),
            bases,
            &self.access.credentials,
            RefreshKind::Renew { newer_than: than },
        )
        .by_route(self.access.route.clone())
        .issued_with(self.issuing_token().await?);
        // Boxed: most calls renew nothing, and the future of each would have the size of this one.
        let sent = &self.context.state.requests.token;
        sent.set(sent.get() + 1);
        let notify = |text: &str| self.context.warn(text, None);
        let budget = &environment.budget.budget;
        let transport = &environment.transport;
        let renewed = Box::pin(renewer.renew(job, self.scheme, transport, budget, &notify)).await;
        // Other requests would only repeat the failure.
        renewed.inspect_err(|failure| {
            environment
                .tokens
                .keep_failure(key.clone(), failure.clone());
        })
    }

    /// The token that this one is issued with, which is renewed when it is about to expire. Empty if
    /// none is needed.
    ///
    /// # Errors
    /// When there is no valid one, and it cannot be renewed.
    async fn issuing_token(&self) -> Result<Vec<(String, Secret<String>)>, RefreshError> {
        let Some(with) = self.token.issued_with() else {
            return Ok(Vec::new());
        };
        let Some(token) = self.scheme.token(&with.name) else {
            return Err(RefreshError::temporary(format!(
                "the scheme `{}` has no token `{}`",
                self.scheme.name, with.name
            )));
        };
        let query = TokenQuery { token, ..*self };
        // Boxed: a token that is issued with another can be what a third one is issued with.
        let active = Box::pin(query.get()).await?;
        let fields = active.values.iter();
        Ok(fields
            .map(|(name, value)| (name.to_owned(), Secret::new(value.expose().to_text())))
            .collect())
    }

    fn renewal_forbidden(&self, is_none: bool) -> RefreshError {
        let (account, environment) = (&self.access.account, &self.context.options.environment);
        let reason = format!(
            "the store has no valid token of `{account}`, and with `refresh: never` ingam does not renew tokens"
        );
        let command = if is_none {
            format!("login {}", self.scheme.name)
        } else {
            "refresh".to_owned()
        };
        RefreshError::user_action(reason).with_note(format!(
            "run `ingam auth {command} --env {environment}` in the job that renews tokens"
        ))
    }

    fn key(&self) -> Result<FamilyKey, MissingFamilyId> {
        FamilyKey::new(
            self.scheme,
            self.token,
            self.access.base.authority(),
            &self.access.account,
            &self.access.credentials,
        )
    }

    fn label(&self) -> FamilyLabel {
        FamilyLabel {
            environment: self.context.options.environment.clone(),
            account: self.access.account.clone(),
        }
    }
}

fn active_token(record: &FamilyRecord, warning: Option<String>) -> ActiveToken {
    ActiveToken {
        values: record.values(),
        generation: Some(record.generation),
        warning,
    }
}

/// The token where nothing is sent: the configured one, or one of placeholders.
#[must_use]
pub(super) fn placeholder_token(token: &Token, given: &NamedValues) -> NamedValues {
    if given.get("access_token").is_some() {
        return given.clone();
    }
    let value = |field: &&str| {
        (
            (*field).into(),
            Value::from(format!("placeholder-for-{field}")),
        )
    };
    token.fields().iter().map(value).collect()
}

/// The fields of the token that another one is issued with; empty if it needs none.
///
/// # Errors
/// When there is no valid one, and it cannot be renewed.
pub(crate) async fn issuing_token(
    context: &RunContext<'_>,
    scheme: &Scheme,
    token: &Token,
    access: &AccountAccess,
) -> Result<Vec<(String, Secret<String>)>, RefreshError> {
    let query = TokenQuery {
        scheme,
        token,
        access,
        context,
    };
    query.issuing_token().await
}

/// The access token of an account for the default level of a scheme. It is renewed when it is about
/// to expire.
///
/// # Errors
/// When the level needs no token, or there is no valid one and it cannot be renewed.
pub(crate) async fn access_token(
    context: &RunContext<'_>,
    scheme: &Scheme,
    access: &AccountAccess,
) -> Result<Secret<String>, RefreshError> {
    let level = &scheme.levels[scheme.default_level];
    let none = || {
        RefreshError::user_action(format!(
            "requests of `{}` are signed without a token",
            scheme.name
        ))
    };
    let token = scheme.token_for_level(level).ok_or_else(none)?;
    let query = TokenQuery {
        scheme,
        token,
        access,
        context,
    };
    let active = query.get().await?;
    active
        .values
        .get("access_token")
        .and_then(Value::as_str)
        .map(Secret::from)
        .ok_or_else(none)
}
