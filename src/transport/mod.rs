//! Puts wire requests on the network and brings answers back, and lets a browser come back after an authorization. The live
//! transport is the only room that knows reqwest.

mod callback;
mod live;

pub use callback::Callback;
pub use live::{Live, Reach, TransportError, human};
