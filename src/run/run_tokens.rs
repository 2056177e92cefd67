//! The token families that a run has read or renewed.

use crate::model::environment::RefreshPolicy;
use crate::renew::{RefreshError, TokenRefresher};
use crate::tokens::{FamilyKey, FamilyRecord};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tokio::sync::Mutex;

/// The tokens of a run.
pub(crate) struct RunTokens<'w> {
    pub(crate) renewer: TokenRefresher<'w>,
    pub(crate) refresh: RefreshPolicy,
    pub(super) cached: RefCell<HashMap<FamilyKey, CachedToken>>,
    /// Families whose renewal failed: other requests do not try again at once.
    pub(super) failures: RefCell<HashMap<FamilyKey, FailedRenewal>>,
    /// How long a failure is kept, in milliseconds; `None` for the whole run.
    pub(crate) failure_ttl_ms: Option<i64>,
    /// Of requests that run in parallel, one renews a token, and the others wait for it.
    pub(super) renewal_locks: RefCell<HashMap<FamilyKey, Rc<Mutex<()>>>>,
}

#[derive(Clone)]
pub(super) struct CachedToken {
    pub(super) record: FamilyRecord,
    pub(super) read_at_ms: i64,
}

pub(super) struct FailedRenewal {
    pub(super) error: RefreshError,
    pub(super) at_ms: i64,
}

impl<'w> RunTokens<'w> {
    #[must_use]
    pub(crate) fn new(renewer: TokenRefresher<'w>, refresh: RefreshPolicy) -> Self {
        Self {
            renewer,
            refresh,
            cached: RefCell::default(),
            failures: RefCell::default(),
            failure_ttl_ms: None,
            renewal_locks: RefCell::default(),
        }
    }

    /// Why the last renewal of a family failed, as long as it is not tried again.
    pub(super) fn recent_failure(&self, key: &FamilyKey) -> Option<RefreshError> {
        let failures = self.failures.borrow();
        let failed = failures.get(key)?;
        let age_ms = self.renewer.now_ms().saturating_sub(failed.at_ms);
        let is_recent = self.failure_ttl_ms.is_none_or(|ttl| age_ms < ttl);
        is_recent.then(|| failed.error.clone())
    }

    pub(super) fn keep_failure(&self, key: FamilyKey, error: RefreshError) {
        let at_ms = self.renewer.now_ms();
        let failed = FailedRenewal { error, at_ms };
        self.failures.borrow_mut().insert(key, failed);
    }
}
