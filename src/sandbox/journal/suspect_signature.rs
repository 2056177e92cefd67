//! A refused signature, to be examined.

use crate::model::scheme::{Scheme, SigningProcedure};
use crate::sign::{ReceivedRequest, TestAccount};
use std::sync::Arc;

/// A request whose signature is not the expected one, and everything that it was verified with. It
/// is examined after the answer, without the marketplace.
#[derive(Clone)]
pub(in crate::sandbox) struct SuspectSignature {
    pub(in crate::sandbox) scheme: Arc<Scheme>,
    pub(in crate::sandbox) procedure: SigningProcedure,
    /// With the base URL of the host that the scheme sends it to.
    pub(in crate::sandbox) received: ReceivedRequest,
    pub(in crate::sandbox) accounts: Vec<TestAccount>,
    /// Unix milliseconds on the clock of the marketplace.
    pub(in crate::sandbox) now_ms: i64,
}

impl std::fmt::Debug for SuspectSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SuspectSignature").finish_non_exhaustive()
    }
}
