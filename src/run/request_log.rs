//! The requests of a run, one by one, for traces. Nothing is kept unless a trace is written.

use crate::event::RequestReport;
use std::cell::RefCell;

/// Every request that was sent, or replayed, in the order of their ends.
#[derive(Default)]
pub(crate) struct RequestLog(Option<RefCell<Vec<RequestReport>>>);

impl RequestLog {
    /// Keeps the requests from now on.
    #[must_use]
    pub(crate) fn kept() -> Self {
        Self(Some(RefCell::default()))
    }

    /// What was kept so far.
    #[must_use]
    pub(crate) fn take(&self) -> Vec<RequestReport> {
        self.0.as_ref().map(RefCell::take).unwrap_or_default()
    }

    #[must_use]
    pub(super) fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn push(&self, request: RequestReport) {
        if let Some(requests) = &self.0 {
            requests.borrow_mut().push(request);
        }
    }
}
