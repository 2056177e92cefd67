//! Gets and renews tokens so that none is lost: lock, read again, mark as spending, send, keep the
//! raw answer, write, and only then use. It refuses to decide when: that is the caller's. What it
//! says has no secrets in it.

mod helper_process;
mod refresh_flow;
mod refresh_job;
mod token_refresher;
mod token_response;

pub(crate) use helper_process::{HelperProcess, encode_reply};
pub(crate) use refresh_flow::{RefreshContext, renew};
pub(crate) use refresh_job::RefreshError;
pub use refresh_job::{RefreshJob, RefreshKind, SchemeSource};
pub(crate) use token_refresher::TokenRefresher;
