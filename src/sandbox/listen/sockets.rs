//! Takes the ports, and names the addresses that clients use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::TcpListener;

/// A port cannot be taken.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot listen on {address}: {source}")]
pub struct BindError {
    pub address: SocketAddr,
    pub source: std::io::Error,
}

/// A listener, and the `host:port` that clients on this machine use.
pub(crate) struct BoundListener {
    pub(crate) listener: TcpListener,
    pub(crate) authority: SocketAddr,
}

/// A listener for each port, in their order. All are taken before the first is used, so that a
/// taken one is reported before any marketplace runs.
///
/// # Errors
/// When one is taken, or the address is none of this machine.
pub(crate) async fn bind_all(
    address: IpAddr,
    ports: &[u16],
) -> Result<Vec<BoundListener>, BindError> {
    let mut listeners = Vec::new();
    for port in ports {
        listeners.push(bind_one(address, *port).await?);
    }
    Ok(listeners)
}

/// # Errors
/// As [`bind_all`].
pub(crate) async fn bind_one(address: IpAddr, port: u16) -> Result<BoundListener, BindError> {
    let address = SocketAddr::from((address, port));
    let fault = |source: std::io::Error| BindError { address, source };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    Ok(BoundListener {
        listener,
        authority: SocketAddr::from((reachable(bound.ip()), bound.port())),
    })
}

/// `0.0.0.0` and `::` stand for every address of the machine, and no client can name them.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
