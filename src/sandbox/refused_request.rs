//! A request that a marketplace refuses, and what is needed to explain it.

use super::journal::{ReplyVerdict, SuspectSignature, VerdictKind};
use crate::sign::VerifyError;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(super) struct RefusedRequest {
    pub(super) error: VerifyError,
    /// The signature, if it is the fault and a journal is kept.
    pub(super) suspect: Option<Box<SuspectSignature>>,
}

impl From<VerifyError> for RefusedRequest {
    fn from(error: VerifyError) -> Self {
        Self {
            error,
            suspect: None,
        }
    }
}

impl RefusedRequest {
    pub(super) fn verdict(&self) -> ReplyVerdict {
        ReplyVerdict {
            kind: VerdictKind::Refused,
            fault: Some(self.error.fault),
            location: Some(self.error.location.clone()),
            suspect: self.suspect.clone(),
            ..ReplyVerdict::default()
        }
    }
}
