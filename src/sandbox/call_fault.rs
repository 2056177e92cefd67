//! A fault that a control asked for: the next calls of data fail, or are slow.

use super::journal::VerdictKind;
use super::reply::{DeliveryOutcome, ReplyDelivery, SandboxReply};
use crate::method::Method;
use std::time::Duration;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallFaultKind {
    /// A response with this status.
    Status(u16),
    /// The connection is closed without a response.
    Reset,
    /// The response is held back.
    Delay(Duration),
}

/// The next calls that fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallFault {
    pub(super) calls: i64,
    pub(super) kind: CallFaultKind,
    /// Only calls with this method …
    pub(super) method: Option<Method>,
    /// … and this path.
    pub(super) path: Option<String>,
}

impl CallFault {
    /// What happens to this call, if it is one of them; it is counted then.
    pub(super) fn take(&mut self, method: Method, path: &str) -> Option<Self> {
        let fits = self.calls > 0
            && self.method.is_none_or(|wanted| wanted == method)
            && self.path.as_ref().is_none_or(|wanted| wanted == path);
        self.calls -= i64::from(fits);
        fits.then(|| self.clone())
    }

    /// The response of a call that fails; `None` if it is only slow. `error` makes the response
    /// with a status.
    pub(super) fn delivery(
        &self,
        error: impl FnOnce(u16) -> SandboxReply,
    ) -> Option<ReplyDelivery> {
        match self.kind {
            CallFaultKind::Status(status) => {
                let note = format!("status {status}, because of the control `fail`");
                Some(error(status).noted(VerdictKind::Accepted, note).into())
            }
            CallFaultKind::Reset => Some(ReplyDelivery {
                delay: Duration::ZERO,
                outcome: DeliveryOutcome::Dropped,
                push: None,
            }),
            CallFaultKind::Delay(_) => None,
        }
    }

    pub(super) fn delay(&self) -> Duration {
        match self.kind {
            CallFaultKind::Delay(delay) => delay,
            _ => Duration::ZERO,
        }
    }
}
