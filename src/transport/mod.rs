//! Sends wire requests and receives responses, and receives the redirect of a browser after an
//! authorization. The live transport is the only room that knows reqwest.

mod callback;
mod live_transport;

pub(crate) use callback::CallbackListener;
pub(crate) use live_transport::human_duration;
pub use live_transport::{LiveTransport, NetworkPolicy, TransportError};
