//! The tokens of one subject, across its authorizations. Time is passed as a value.

use super::token_subject::TokenSubject;
use std::time::Duration;

/// Milliseconds of a duration.
#[must_use]
pub(crate) fn millis(duration: Duration) -> i64 {
    // Longer than any clock: such a token never expires.
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A token or a code, and when it expires; Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpiringToken {
    pub(crate) value: String,
    pub(crate) issued_at_ms: i64,
    pub(crate) expires_at_ms: i64,
}

impl ExpiringToken {
    #[must_use]
    pub(crate) fn seconds_left(&self, now_ms: i64) -> i64 {
        (self.expires_at_ms - now_ms).max(0) / 1_000
    }
}

/// A refresh token that is no longer the current one.
#[derive(Debug)]
struct RetiredRefreshToken {
    value: String,
    /// Unix milliseconds; `None` if it was never used, since a new authorization replaced it.
    used_at_ms: Option<i64>,
}

/// An authorization, and when it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IssuedGrant {
    /// Unix milliseconds.
    pub(crate) expires_at_ms: i64,
    pub(crate) revoked: bool,
}

impl IssuedGrant {
    /// For tokens that need no authorization, and for marketplaces whose authorizations do not end.
    pub(crate) const UNLIMITED: Self = Self {
        expires_at_ms: i64::MAX,
        revoked: false,
    };
}

/// Counts of token requests, for users and tests.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IssueCounts {
    pub(crate) issued: i64,
    pub(crate) exchanged: i64,
    pub(crate) refreshed: i64,
    pub(crate) refused: i64,
    pub(crate) replayed: i64,
}

/// The response to a token request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IssuedPair {
    pub(crate) subject: TokenSubject,
    pub(crate) access: ExpiringToken,
    pub(crate) refresh: Option<ExpiringToken>,
}

/// The tokens of one subject.
#[derive(Debug)]
pub(crate) struct IssuedFamily {
    pub(crate) subject: TokenSubject,
    /// The newest is the last.
    access: Vec<ExpiringToken>,
    refresh: Option<ExpiringToken>,
    retired: Vec<RetiredRefreshToken>,
    pub(crate) grant: IssuedGrant,
    /// A mistake in a token request has cost the subject its quota.
    pub(crate) penalized: bool,
    pub(crate) counts: IssueCounts,
}

impl IssuedFamily {
    #[must_use]
    pub(crate) fn new(owner: TokenSubject) -> Self {
        let (access, retired) = (Vec::new(), Vec::new());
        Self {
            subject: owner,
            access,
            refresh: None,
            retired,
            grant: IssuedGrant::UNLIMITED,
            penalized: false,
            counts: IssueCounts::default(),
        }
    }

    /// Whether an access token is valid.
    #[must_use]
    pub(crate) fn accepts(&self, access: &str, now_ms: i64) -> bool {
        // The end of an authorization ends all its tokens at once, whatever their own lifetime.
        !self.is_grant_ended(now_ms)
            && self
                .access
                .iter()
                .any(|known| known.value == access && known.expires_at_ms > now_ms)
    }

    /// Whether an access token was valid, and is too old.
    #[must_use]
    pub(crate) fn has_expired(&self, access: &str, now_ms: i64) -> bool {
        let mut known = self.access.iter();
        !self.grant.revoked
            && known.any(|known| known.value == access && known.expires_at_ms <= now_ms)
    }

    #[must_use]
    pub(crate) fn is_grant_ended(&self, now_ms: i64) -> bool {
        self.grant.revoked || self.grant.expires_at_ms <= now_ms
    }

    /// The current refresh token, when it is this one.
    #[must_use]
    pub(crate) fn current_refresh(&self, refresh: &str) -> Option<&ExpiringToken> {
        self.refresh.as_ref().filter(|known| known.value == refresh)
    }

    /// Whether this is an earlier refresh token.
    #[must_use]
    pub(crate) fn has_retired(&self, refresh: &str) -> bool {
        self.retired.iter().any(|known| known.value == refresh)
    }

    /// When a refresh token was used; `None` when it was not.
    #[must_use]
    pub(crate) fn used_at_ms(&self, refresh: &str) -> Option<i64> {
        self.retired
            .iter()
            .find(|known| known.value == refresh)?
            .used_at_ms
    }

    /// The newest access token.
    #[must_use]
    pub(crate) fn newest_access(&self) -> Option<&ExpiringToken> {
        self.access.last()
    }

    /// The pair that is current.
    #[must_use]
    pub(crate) fn current_pair(&self) -> Option<IssuedPair> {
        let access = self.newest_access()?.clone();
        Some(IssuedPair {
            subject: self.subject.clone(),
            access,
            refresh: self.refresh.clone(),
        })
    }

    /// Starts a new authorization, which replaces the earlier one. Its grace period does not cover
    /// earlier tokens, and tokens of a revoked authorization stay invalid.
    pub(crate) fn start_grant(&mut self, grant: IssuedGrant, now_ms: i64) {
        // Access tokens outlive a renewal of the same authorization, but `accepts` looks at the
        // grant alone: with a new grant, tokens of a revoked one would work again.
        if self.is_grant_ended(now_ms) {
            self.access.clear();
        }
        for retired in self
            .retired
            .iter_mut()
            .filter(|retired| retired.used_at_ms.is_some())
        {
            // A grace period counts from the use. At the earliest time it is over, however long it
            // is: a retry with a token from before the new authorization must not get the new pair.
            retired.used_at_ms = Some(i64::MIN);
        }
        // Kept as "never used", so that it is recognised and refused without any grace.
        self.retired
            .extend(self.refresh.take().map(|old| RetiredRefreshToken {
                value: old.value,
                used_at_ms: None,
            }));
        self.grant = grant;
    }

    /// Earlier access tokens stay valid for `overlap`, but at most until they expire.
    pub(crate) fn issue_pair(
        &mut self,
        access: ExpiringToken,
        refresh: Option<ExpiringToken>,
        old_for: Option<Duration>,
    ) -> IssuedPair {
        let now_ms = access.issued_at_ms;
        // Some marketplaces let the old access token work for a while, so that calls under way do
        // not fail. Without a limit it works until it expires.
        let last = old_for.map_or(i64::MAX, |old_for| now_ms.saturating_add(millis(old_for)));
        self.access.retain(|known| known.expires_at_ms > now_ms);
        self.access
            .iter_mut()
            .for_each(|known| known.expires_at_ms = known.expires_at_ms.min(last));
        self.access.push(access.clone());
        self.refresh = refresh;
        IssuedPair {
            subject: self.subject.clone(),
            access,
            refresh: self.refresh.clone(),
        }
    }

    /// Marks the current refresh token as used.
    pub(crate) fn retire_refresh(&mut self, now_ms: i64) {
        if let Some(spent) = self.refresh.take() {
            self.retire_shared_refresh(spent.value, now_ms);
        }
    }

    /// Marks a refresh token of a shared pair as used for this subject.
    pub(crate) fn retire_shared_refresh(&mut self, refresh: String, now_ms: i64) {
        self.retired.push(RetiredRefreshToken {
            value: refresh,
            used_at_ms: Some(now_ms),
        });
    }

    pub(crate) fn expire_access(&mut self, now_ms: i64) {
        self.access
            .iter_mut()
            .for_each(|known| known.expires_at_ms = known.expires_at_ms.min(now_ms));
    }

    pub(crate) fn expire_refresh(&mut self, now_ms: i64) {
        self.refresh
            .iter_mut()
            .for_each(|known| known.expires_at_ms = known.expires_at_ms.min(now_ms));
    }

    pub(crate) fn expire_grant(&mut self, now_ms: i64) {
        self.grant.expires_at_ms = self.grant.expires_at_ms.min(now_ms);
    }
}
