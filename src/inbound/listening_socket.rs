//! A port of this machine that is open before anything says so.

use std::net::SocketAddr;
use tokio::net::TcpListener;

/// A bound port, and its address: the port of the request may have been 0.
pub(crate) struct ListeningSocket {
    pub(crate) listener: TcpListener,
    pub(crate) local: SocketAddr,
}

impl ListeningSocket {
    /// # Errors
    /// When the port is taken, or the address is none of this machine.
    pub(crate) async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local = listener.local_addr()?;
        Ok(Self { listener, local })
    }
}
