//! Gets and renews tokens so that none is lost. The order for each renewal is: lock the token
//! family, read it again, use a response that an earlier process has left in the inbox, reserve
//! space in the inbox, mark the record as refreshing, send, store the raw response in the inbox,
//! replace the record, clear the inbox, and only then use the new token. A crash at any point
//! leaves either the old record, or a mark or a response from which the next process goes on.
//!
//! The caller decides when to renew. Messages of this room hold no secrets.

mod device_flow;
mod helper_process;
mod refresh_flow;
mod refresh_job;
mod token_budget;
mod token_refresher;
mod token_response;

pub(crate) use device_flow::DeviceCodes;
pub(crate) use helper_process::{HelperProcess, encode_notice, encode_reply};
pub(crate) use refresh_flow::{RefreshContext, renew};
pub(crate) use refresh_job::{DeviceWait, RefreshError};
pub use refresh_job::{RefreshJob, RefreshKind, SchemeSource};
pub(crate) use token_refresher::{SharedStore, TokenRefresher};
pub(crate) use token_response::token_moment;
