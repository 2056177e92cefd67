//! TLS with certificates of the sandbox's authority.

use super::authority::{AuthorityError, SandboxAuthority};
use super::certificate_name::CertificateName;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Accepts TLS for the name that a client asks for or, in a tunnel of the proxy, for the host of
/// the tunnel and no other.
///
/// # Errors
/// When the cryptography has no usable protocol.
pub(crate) fn tls_acceptor(
    authority: Arc<SandboxAuthority>,
    tunnel_host: Option<String>,
) -> Result<TlsAcceptor, AuthorityError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(CertificateResolver {
            authority,
            tunnel_host,
        }));
    // Without it some clients try HTTP/2 and fail with an unreadable error.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

struct CertificateResolver {
    authority: Arc<SandboxAuthority>,
    tunnel_host: Option<String>,
}

impl std::fmt::Debug for CertificateResolver {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CertificateResolver")
            .field("tunnel_host", &self.tunnel_host)
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for CertificateResolver {
    /// `None` ends the handshake: the client is told that there is no certificate for the name.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = match (hello.server_name(), &self.tunnel_host) {
            (Some(name), Some(host)) if !name.eq_ignore_ascii_case(host) => return None,
            (name, host) => CertificateName::of_server_name(name.or(host.as_deref())),
        };
        // An error cannot be told to the client in another way.
        self.authority.certificate(&name).ok().flatten()
    }
}
