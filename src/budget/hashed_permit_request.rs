//! A permit request as the limiters know it. It holds no credential: what identifies an application
//! or an account is a salted hash, so it can be written to a store that others can read.

use super::limit_counter::LimitRule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Names that `ingam budget` prints for a limiter. They are shown to people and decide nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BudgetLabels {
    pub(crate) scheme: String,
    pub(crate) host: String,
    /// Environments and accounts that have used the application key.
    pub(crate) accounts: BTreeSet<(String, String)>,
}

/// One limit that counts a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppliedLimit {
    pub(crate) limit: String,
    pub(crate) subject: String,
    /// For people: the account and the operation that are counted separately.
    pub(crate) account_label: String,
    pub(crate) operation: String,
    pub(crate) rule: LimitRule,
}

impl AppliedLimit {
    pub(super) fn label(&self) -> String {
        let parts = [self.account_label.as_str(), &self.operation]
            .into_iter()
            .filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// A permit request in the form that is stored: credentials are only in it as salted hashes.
#[derive(Clone, Debug)]
pub(crate) struct HashedPermitRequest {
    pub(crate) id: String,
    pub(crate) labels: BudgetLabels,
    pub(crate) limits: Vec<AppliedLimit>,
    pub(crate) arrives_within_ms: i64,
    pub(crate) keeps_reserve: bool,
}
