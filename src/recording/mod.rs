//! What marketplaces answered: how a request is compared with recorded ones, and which recorded answer it gets. It refuses to
//! open a socket.

mod fits;
mod pool;
mod unsigned;

pub use pool::{Miss, Pool, Unused};
pub use unsigned::unsigned;
