//! Looks up the names of hosts that a response names. It answers the connection itself, so that a
//! name that resolves to another address a moment later (DNS rebinding) leads nowhere.

use super::phase_clock::measured_look_up;
use super::public_address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;

/// Refuses every name that has an address of this machine or of its network.
pub(super) struct GuardedResolver {
    /// The name of the proxy, which the user or the environment has chosen.
    pub(super) proxy_host: Option<String>,
}

/// Why a name is not connected to.
#[derive(Debug, thiserror::Error)]
#[error("its name resolves to {0}, an address of this machine or of a private network")]
pub(super) struct PrivateAddress(std::net::IpAddr);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_proxy = self.proxy_host.as_deref() == Some(name.as_str());
        Box::pin(async move {
            let addresses = measured_look_up(look_up(name.as_str())).await?;
            if !is_proxy {
                refuse_private(&addresses)?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Looks up names as the client does by itself, and notes how long it takes.
pub(super) struct MeasuringResolver;

impl Resolve for MeasuringResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(measured_look_up(async move {
            let addresses = look_up(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        }))
    }
}

/// # Errors
/// When one of the addresses is private: all of them must be public, because any of them could be
/// connected to.
pub(super) fn refuse_private(addresses: &[SocketAddr]) -> Result<(), PrivateAddress> {
    let mut addresses = addresses.iter().map(SocketAddr::ip);
    match addresses.find(|address| !is_public(*address)) {
        Some(address) => Err(PrivateAddress(address)),
        None => Ok(()),
    }
}

/// Every address of a name.
///
/// # Errors
/// When it has none.
pub(super) async fn look_up(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    // The client puts the port of the URL in the place of 0.
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

#[cfg(test)]
mod tests {
    use crate::transport::{LiveTransport, NetworkPolicy, Route};
    use std::net::TcpListener;

    /// The name leads to this machine: no connection is made, whatever it resolved to before.
    #[test]
    fn a_name_that_leads_to_this_machine_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!(
            "http://localhost:{}/",
            listener.local_addr().unwrap().port()
        );
        let live = LiveTransport::new(NetworkPolicy::Anywhere);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let ask = |route: &Route| {
            let client = live.build_client(route).unwrap();
            let limit = std::time::Duration::from_millis(300);
            // Inside of the runtime: the time limit starts its timer at once.
            let sent = async { client.get(&url).timeout(limit).send().await };
            runtime.block_on(sent).unwrap_err()
        };
        let refused = format!("{:?}", ask(&Route::default().for_address()));
        assert!(
            refused.contains("PrivateAddress(127.0.0.1)")
                || refused.contains("PrivateAddress(::1)"),
            "{refused}"
        );
        assert!(listener.accept().is_err(), "a connection was made");
        // Without the guard the same name is connected to.
        ask(&Route::default());
        assert!(listener.accept().is_ok());
    }
}
