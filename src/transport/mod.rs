//! Puts wire requests on the network and brings answers back, and lets a browser come back after an
//! authorization. The live transport is the only room that knows reqwest.

mod callback;
mod live_transport;

pub use callback::CallbackListener;
pub use live_transport::{LiveTransport, NetworkPolicy, TransportError, human_duration};
