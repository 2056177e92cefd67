//! Which requests and pushes of the journal are asked for.

use super::entry::{JournalEntry, VerdictKind};
use crate::sandbox::pushes::SentPush;
use std::time::Duration;

/// The longest wait of one question.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

/// What a request of the journal must be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct JournalFilter {
    pub(crate) scheme: Option<String>,
    pub(crate) verdict: Option<VerdictKind>,
    /// Only those after this number.
    pub(crate) after: Option<u64>,
    /// How long to wait for the first one.
    pub(crate) wait: Option<Duration>,
}

/// Which pushes are asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PushFilter {
    pub(crate) scheme: Option<String>,
    pub(crate) event: Option<String>,
    /// Only those after this number.
    pub(crate) after: Option<u64>,
    /// How long to wait for the first one.
    pub(crate) wait: Option<Duration>,
}

impl PushFilter {
    pub(super) fn matches(&self, push: &SentPush) -> bool {
        let scheme = self.scheme.as_ref();
        scheme.is_none_or(|scheme| *scheme == *push.scheme)
            && (self.event.is_none() || self.event == push.event)
            && self.after.is_none_or(|after| push.number > after)
    }
}

impl JournalFilter {
    pub(super) fn matches(&self, entry: &JournalEntry) -> bool {
        let scheme = self.scheme.as_ref();
        scheme.is_none_or(|scheme| *scheme == *entry.call.scheme)
            && self.verdict.is_none_or(|verdict| verdict == entry.kind)
            && self.after.is_none_or(|after| entry.number > after)
    }
}
