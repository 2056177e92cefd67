//! Sends wire requests and receives responses, and receives the redirect of a browser after an
//! authorization. The live transport is the only one that knows reqwest.

mod callback;
mod guarded_resolver;
#[cfg(feature = "otlp")]
mod json_post;
mod live_transport;
mod open_response;
mod phase_clock;
mod plain_client;
mod proxy_variables;
mod public_address;
mod route;

pub(crate) use callback::CallbackListener;
#[cfg(feature = "otlp")]
pub(crate) use json_post::JsonPost;
pub(crate) use live_transport::DEFAULT_MAX_BODY;
pub(crate) use live_transport::human_duration;
pub use live_transport::{LiveTransport, NetworkPolicy, SendLimits, TransportError};
pub(crate) use open_response::{OpenBody, OpenResponse};
pub(crate) use phase_clock::PhaseClock;
pub(crate) use plain_client::send_plain;
pub(crate) use proxy_variables::ProxyVariables;
pub use route::Route;
pub(crate) use route::{ClientIdentity, RouteProxy};
