//! The tokens of one owner, from one authorization to the next. Time arrives as a value.

use super::owner::Owner;
use std::time::Duration;

/// Milliseconds of a duration.
#[must_use]
pub fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A token or a code, and how long it is good; Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub value: String,
    pub made_ms: i64,
    pub end_ms: i64,
}

impl Stamp {
    #[must_use]
    pub fn seconds_left(&self, now_ms: i64) -> i64 {
        (self.end_ms - now_ms).max(0) / 1_000
    }
}

/// A refresh token that is no longer the current one.
#[derive(Debug)]
struct Retired {
    value: String,
    /// Unix milliseconds; `None` says that it was never used: a new authorization replaced it.
    spent_ms: Option<i64>,
}

/// Until when an account is authorized.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// Unix milliseconds.
    pub end_ms: i64,
    pub revoked: bool,
}

impl Grant {
    /// For tokens that need no authorization, and for marketplaces that never end one.
    pub const ENDLESS: Self = Self { end_ms: i64::MAX, revoked: false };
}

/// What happened, for people and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub issued: i64,
    pub exchanged: i64,
    pub refreshed: i64,
    pub refused: i64,
    pub replayed: i64,
}

/// The answer to a request for a token.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub owner: Owner,
    pub access: Stamp,
    pub refresh: Option<Stamp>,
}

/// The tokens of one owner.
#[derive(Debug)]
pub struct Chain {
    pub owner: Owner,
    /// The newest is the last.
    access: Vec<Stamp>,
    refresh: Option<Stamp>,
    retired: Vec<Retired>,
    pub grant: Grant,
    /// A mistake in a token request has cost the owner its quota.
    pub punished: bool,
    pub counts: Counts,
}

impl Chain {
    #[must_use]
    pub fn new(owner: Owner) -> Self {
        let (access, retired) = (Vec::new(), Vec::new());
        Self { owner, access, refresh: None, retired, grant: Grant::ENDLESS, punished: false, counts: Counts::default() }
    }

    /// Whether an access token is good.
    #[must_use]
    pub fn accepts(&self, access: &str, now_ms: i64) -> bool {
        !self.is_over(now_ms) && self.access.iter().any(|known| known.value == access && known.end_ms > now_ms)
    }

    #[must_use]
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.grant.revoked || self.grant.end_ms <= now_ms
    }

    /// The current refresh token, when it is this one.
    #[must_use]
    pub fn holds(&self, refresh: &str) -> Option<&Stamp> {
        self.refresh.as_ref().filter(|known| known.value == refresh)
    }

    /// Whether this was the refresh token once.
    #[must_use]
    pub fn held(&self, refresh: &str) -> bool {
        self.retired.iter().any(|known| known.value == refresh)
    }

    /// When a refresh token was used; `None` when it was not.
    #[must_use]
    pub fn spent_ms(&self, refresh: &str) -> Option<i64> {
        self.retired.iter().find(|known| known.value == refresh)?.spent_ms
    }

    /// The newest access token.
    #[must_use]
    pub fn newest(&self) -> Option<&Stamp> {
        self.access.last()
    }

    /// The pair that is current.
    #[must_use]
    pub fn given(&self) -> Option<Given> {
        let access = self.newest()?.clone();
        Some(Given { owner: self.owner.clone(), access, refresh: self.refresh.clone() })
    }

    /// A new authorization replaces what was before it, and no grace goes back behind it. What a revoked one gave stays dead.
    pub fn begin(&mut self, grant: Grant, now_ms: i64) {
        if self.is_over(now_ms) {
            self.access.clear();
        }
        for retired in self.retired.iter_mut().filter(|retired| retired.spent_ms.is_some()) {
            retired.spent_ms = Some(i64::MIN);
        }
        self.retired.extend(self.refresh.take().map(|old| Retired { value: old.value, spent_ms: None }));
        self.grant = grant;
    }

    /// The access tokens before this one are good for `old_for` more, or until their own end.
    pub fn give(&mut self, access: Stamp, refresh: Option<Stamp>, old_for: Option<Duration>) -> Given {
        let now_ms = access.made_ms;
        let last = old_for.map_or(i64::MAX, |old_for| now_ms.saturating_add(ms(old_for)));
        self.access.retain(|known| known.end_ms > now_ms);
        self.access.iter_mut().for_each(|known| known.end_ms = known.end_ms.min(last));
        self.access.push(access.clone());
        self.refresh = refresh;
        Given { owner: self.owner.clone(), access, refresh: self.refresh.clone() }
    }

    /// The current refresh token is used up.
    pub fn spend(&mut self, now_ms: i64) {
        if let Some(spent) = self.refresh.take() {
            self.spent_here(spent.value, now_ms);
        }
    }

    /// A refresh token of a shared pair is used up for this owner.
    pub fn spent_here(&mut self, refresh: String, now_ms: i64) {
        self.retired.push(Retired { value: refresh, spent_ms: Some(now_ms) });
    }

    pub fn expire_access(&mut self, now_ms: i64) {
        self.access.iter_mut().for_each(|known| known.end_ms = known.end_ms.min(now_ms));
    }

    pub fn expire_refresh(&mut self, now_ms: i64) {
        self.refresh.iter_mut().for_each(|known| known.end_ms = known.end_ms.min(now_ms));
    }

    pub fn expire_grant(&mut self, now_ms: i64) {
        self.grant.end_ms = self.grant.end_ms.min(now_ms);
    }
}
