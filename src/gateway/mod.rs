//! A signing reverse proxy for the user's own programs: what arrives at `/SCHEME@ACCOUNT/PATH` is
//! signed, gets its token, waits for its budget, and is sent; the response goes back as it is. It
//! records nothing, repeats nothing but a call whose token had expired, and shows nothing of a
//! response. It refuses token and authorization paths, and writes unless they are allowed.

mod call_error;
mod call_record;
mod call_response;
mod call_target;
mod client_request;
mod gateway_guard;
mod gateway_server;
mod protected_paths;

pub(crate) use call_record::CallRecord;
pub(crate) use gateway_guard::{GatewayGuard, GatewayKey};
pub(crate) use gateway_server::{GatewayLimits, GatewayServer};
