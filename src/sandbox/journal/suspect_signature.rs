//! A refused signature, to be examined.

use crate::model::scheme::{Scheme, SigningProcedure};
use crate::sign::{ReceivedRequest, TestAccount};
use std::sync::Arc;

/// A request whose signature is not the expected one, and everything that it was verified with. It
/// is examined after the answer, without the marketplace.
#[derive(Clone)]
pub(crate) struct SuspectSignature {
    pub(crate) scheme: Arc<Scheme>,
    pub(crate) procedure: SigningProcedure,
    /// With the base URL of the host that the scheme sends it to.
    pub(crate) received: ReceivedRequest,
    pub(crate) accounts: Vec<TestAccount>,
    /// Unix milliseconds on the clock of the marketplace.
    pub(crate) now_ms: i64,
}

impl std::fmt::Debug for SuspectSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SuspectSignature").finish_non_exhaustive()
    }
}
