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
    /// Families whose renewal failed: the other requests of the run do not try again.
    pub(super) failures: RefCell<HashMap<FamilyKey, RefreshError>>,
    /// Of requests that run in parallel, one renews a token, and the others wait for it.
    pub(super) renewal_locks: RefCell<HashMap<FamilyKey, Rc<Mutex<()>>>>,
}

#[derive(Clone)]
pub(super) struct CachedToken {
    pub(super) record: FamilyRecord,
    pub(super) read_at_ms: i64,
}

impl<'w> RunTokens<'w> {
    #[must_use]
    pub(crate) fn new(renewer: TokenRefresher<'w>, refresh: RefreshPolicy) -> Self {
        Self {
            renewer,
            refresh,
            cached: RefCell::default(),
            failures: RefCell::default(),
            renewal_locks: RefCell::default(),
        }
    }
}
