//! Puts wire requests on the network and brings answers back. The live transport is the only room that knows reqwest.

mod live;

pub use live::{Live, Reach, TransportError};
