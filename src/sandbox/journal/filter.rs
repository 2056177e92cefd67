//! Which requests of the journal are asked for.

use super::entry::{JournalEntry, VerdictKind};
use std::time::Duration;

/// The longest wait of one question.
pub(in crate::sandbox) const MAX_WAIT: Duration = Duration::from_secs(60);

/// What a request of the journal must be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct JournalFilter {
    pub(in crate::sandbox) scheme: Option<String>,
    pub(in crate::sandbox) verdict: Option<VerdictKind>,
    /// Only those after this number.
    pub(in crate::sandbox) after: Option<u64>,
    /// How long to wait for the first one.
    pub(in crate::sandbox) wait: Option<Duration>,
}

impl JournalFilter {
    pub(super) fn matches(&self, entry: &JournalEntry) -> bool {
        let scheme = self.scheme.as_ref();
        scheme.is_none_or(|scheme| *scheme == *entry.call.scheme)
            && self.verdict.is_none_or(|verdict| verdict == entry.kind)
            && self.after.is_none_or(|after| entry.number > after)
    }
}
