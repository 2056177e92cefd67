//! The token of a call: given like a credential, kept in the store, or renewed. It renews at most
//! once for a call.

use super::access::{AccessError, AccountAccess};
use super::context::RunContext;
use super::run_tokens::CachedToken;
use crate::model::environment::RefreshPolicy;
use crate::model::scheme::{Scheme, Token};
use crate::renew::{RefreshError, RefreshJob, RefreshKind};
use crate::sign::NamedValues;
use crate::tokens::{FamilyKey, FamilyLabel, FamilyRecord, StoreError};
use crate::value::Value;
use std::rc::Rc;

/// A record that was read longer ago is read again, in milliseconds: another process may have
/// renewed it.
const CACHE_TTL_MS: i64 = 60_000;

/// A token that a call is signed with.
pub(super) struct ActiveToken {
    pub(super) values: NamedValues,
    /// `None` when it was given like a credential: then there is nothing to renew it with.
    pub(super) generation: Option<u64>,
    /// What a person should know although it works.
    pub(super) warning: Option<String>,
}

/// Which token is wanted, and as whom.
pub(super) struct TokenQuery<'c> {
    pub(super) scheme: &'c Scheme,
    pub(super) token: &'c Token,
    pub(super) access: &'c AccountAccess,
    pub(super) context: &'c RunContext<'c>,
}

impl TokenQuery<'_> {
    /// # Errors
    /// When there is none and none can be got.
    pub(super) async fn get(&self) -> Result<ActiveToken, RefreshError> {
        if let Some(values) = self.given_values() {
            return Ok(ActiveToken {
                values,
                generation: None,
                warning: None,
            });
        }
        let tokens = &self.context.environment.tokens;
        let record = self.read(CACHE_TTL_MS).await?;
        let now = tokens.renewer.now_ms();
        let pair = record.as_ref().and_then(|record| record.current.as_ref());
        if let (Some(record), Some(pair)) = (&record, pair)
            && !pair.is_renewal_due(now, tokens.renewer.renewal_margin_ms(self.token))
        {
            return Ok(active_token(record, None));
        }
        let is_good = pair.is_some_and(|pair| pair.is_valid(now));
        match self
            .renew(record.as_ref().map_or(0, |record| record.generation))
            .await
        {
            Ok(record) => Ok(active_token(&record, None)),
            // An outage of the marketplace's token service costs nothing while the token is good.
            Err(failure) => match record.filter(|_| is_good) {
                Some(record) => Ok(active_token(&record, self.renewal_warning(&failure))),
                None => Err(failure),
            },
        }
    }

    /// Another token than the one that was refused: what another process has stored meanwhile, or a
    /// new one. `None` when there is nothing to renew.
    ///
    /// # Errors
    /// When no other can be got.
    pub(super) async fn replacement(
        &self,
        refused: &ActiveToken,
    ) -> Result<Option<ActiveToken>, RefreshError> {
        let Some(generation) = refused.generation else {
            return Ok(None);
        };
        let record = self.read(0).await?;
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
                .renew(generation)
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
        warns.then(|| format!("the token is still good, but could not be renewed: {failure}"))
    }

    /// From what is known, when that is not older than `at_most_ms`.
    async fn read(&self, at_most_ms: i64) -> Result<Option<FamilyRecord>, StoreError> {
        let (tokens, key) = (&self.context.environment.tokens, self.key());
        let held = tokens.cached.borrow().get(&key).cloned();
        if let Some(held) =
            held.filter(|held| tokens.renewer.now_ms() - held.read_at_ms < at_most_ms)
        {
            return Ok(Some(held.record));
        }
        let record = tokens.renewer.read(&key).await?;
        record.iter().for_each(|record| self.cache_record(record));
        Ok(record)
    }

    /// From now on its tokens are known, and never shown.
    fn cache_record(&self, record: &FamilyRecord) {
        self.context.register_record_secrets(record);
        let (tokens, record) = (&self.context.environment.tokens, record.clone());
        let held = CachedToken {
            read_at_ms: tokens.renewer.now_ms(),
            record,
        };
        tokens
            .cached
            .borrow_mut()
            .insert(held.record.key.clone(), held);
    }

    async fn renew(&self, than: u64) -> Result<FamilyRecord, RefreshError> {
        if self.context.environment.tokens.refresh == RefreshPolicy::Never {
            return Err(self.renewal_forbidden(than == 0));
        }
        let tokens = &self.context.environment.tokens;
        let turn = Rc::clone(
            tokens
                .renewal_locks
                .borrow_mut()
                .entry(self.key())
                .or_default(),
        );
        let _turn = turn.lock().await;
        if let Some(failure) = tokens.failures.borrow().get(&self.key()) {
            return Err(failure.clone());
        }
        // Somebody had the turn before.
        let held = tokens
            .cached
            .borrow()
            .get(&self.key())
            .map(|held| held.record.clone());
        if let Some(record) = held.filter(|record| record.generation > than) {
            return Ok(record);
        }
        let bases = self.context.environment.accesses.token_request_bases(
            self.scheme,
            self.token,
            &self.access.base,
        );
        let bases =
            bases.map_err(|error: AccessError| RefreshError::user_action(error.to_string()))?;
        let renewer = &self.context.environment.tokens.renewer;
        let act = RefreshKind::Renew { newer_than: than };
        let job = RefreshJob::new(
            renewer.scheme_source(self.scheme),
            self.key(),
            self.label(),
            bases,
            &self.access.credentials,
            act,
        );
        let renewed =
            Box::pin(renewer.renew(job, self.scheme, &self.context.environment.transport)).await;
        let record = renewed.inspect_err(|failure| {
            self.context
                .environment
                .tokens
                .failures
                .borrow_mut()
                .insert(self.key(), failure.clone());
        })?;
        self.cache_record(&record);
        Ok(record)
    }

    fn renewal_forbidden(&self, is_none: bool) -> RefreshError {
        let (account, environment) = (&self.access.account, &self.context.options.environment);
        let reason = format!(
            "there is no good token of `{account}` in the store, and with `refresh: never` nothing is renewed"
        );
        let act = if is_none {
            format!("login {}", self.scheme.name)
        } else {
            "refresh".to_owned()
        };
        RefreshError::user_action(reason).with_note(format!(
            "the one who may runs `ingam auth {act} --env {environment}`"
        ))
    }

    fn key(&self) -> FamilyKey {
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

/// What stands for a token where nothing is sent: what was given, or a text that says what it
/// stands for.
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
    NamedValues(token.fields().iter().map(value).collect())
}

/// The access token of an account for the level that most requests of a scheme have, renewed when
/// it is time.
///
/// # Errors
/// When there is none and none can be got.
pub(crate) async fn access_token(
    context: &RunContext<'_>,
    scheme: &Scheme,
    access: &AccountAccess,
) -> Result<String, RefreshError> {
    let level = &scheme.levels[scheme.default_level];
    let none = || {
        RefreshError::user_action(format!(
            "requests of `{}` are signed without a token",
            scheme.name
        ))
    };
    let token = scheme.token_for_level(level).ok_or_else(none)?;
    let used = TokenQuery {
        scheme,
        token,
        access,
        context,
    }
    .get()
    .await?;
    used.values
        .get("access_token")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(none)
}
