//! A forward proxy for clients that have no setting for the base URL. It plays the hosts of the
//! schemes, and refuses every other target with status 502: it opens no connection at all.

use super::authority::SandboxAuthority;
use super::known_hosts::{ProxyTarget, default_port};
use super::tls::tls_acceptor;
use crate::sandbox::reply::LostResponse;
use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// The marketplaces behind the proxy.
pub(crate) trait ProxiedService: Clone + Send + Sync + 'static {
    type ServiceBody: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static;

    /// Whether a target is a host of a marketplace.
    fn has_host(&self, target: &ProxyTarget) -> bool;

    /// # Errors
    /// When the response is to be lost.
    fn respond(
        &self,
        request: Request<Incoming>,
        target: &ProxyTarget,
        peer: IpAddr,
    ) -> impl Future<Output = Result<Response<Self::ServiceBody>, LostResponse>> + Send;

    /// A response of the proxy itself; without a message it is empty.
    fn own_response(&self, status: u16, message: Option<String>) -> Response<Self::ServiceBody>;
}

/// The port of the proxy.
#[derive(Clone)]
pub(crate) struct ForwardProxy<S> {
    pub(crate) marketplaces: S,
    pub(crate) authority: Arc<SandboxAuthority>,
}

impl<S: ProxiedService> ForwardProxy<S> {
    /// Serves one connection of a client.
    pub(crate) async fn serve(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: IpAddr,
    ) {
        let service = service_fn(|request| self.respond(request, peer));
        // A client that goes away in the middle is no fault of the sandbox.
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
    }

    async fn respond(
        &self,
        mut request: Request<Incoming>,
        peer: IpAddr,
    ) -> Result<Response<S::ServiceBody>, LostResponse> {
        let is_tunnel = request.method() == Method::CONNECT;
        let target = if is_tunnel {
            tunnel_target(request.uri())
        } else {
            absolute_target(request.uri())
        };
        let Some(target) = target.filter(|target| self.marketplaces.has_host(target)) else {
            let message = unknown_target(request.uri());
            return Ok(self.marketplaces.own_response(502, Some(message)));
        };
        if is_tunnel {
            tokio::spawn(self.clone().serve_tunnel(request, target, peer));
            return Ok(self.marketplaces.own_response(200, None));
        }
        // RFC 9112, section 3.2.2: the target of the request replaces what `Host` says.
        let authority = request.uri().authority();
        if let Some(host) = authority.and_then(|host| host.as_str().parse().ok()) {
            request.headers_mut().insert(http::header::HOST, host);
        }
        self.marketplaces.respond(request, &target, peer).await
    }

    /// The connection of a client that believes to talk to the marketplace.
    async fn serve_tunnel(self, request: Request<Incoming>, target: ProxyTarget, peer: IpAddr) {
        // A client that goes away in the middle is no fault of the sandbox, and neither is one that
        // does not trust its authority: the client says so.
        let Ok(stream) = hyper::upgrade::on(request).await else {
            return;
        };
        let stream = TokioIo::new(stream);
        if !target.is_https {
            return self.serve_marketplace(stream, &target, peer).await;
        }
        if let Ok(acceptor) = tls_acceptor(Arc::clone(&self.authority), Some(target.host.clone()))
            && let Ok(stream) = acceptor.accept(stream).await
        {
            self.serve_marketplace(stream, &target, peer).await;
        }
    }

    async fn serve_marketplace(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        target: &ProxyTarget,
        peer: IpAddr,
    ) {
        let service = service_fn(|request| self.marketplaces.respond(request, target, peer));
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }
}

/// `CONNECT host:port`. Only the port tells the protocol: 80 has no TLS, and any other has it.
fn tunnel_target(uri: &Uri) -> Option<ProxyTarget> {
    let authority = uri.authority().filter(|_| uri.path_and_query().is_none())?;
    let port = authority.port_u16()?;
    target(authority, port != default_port(false), Some(port))
}

/// `GET http://host/path`
fn absolute_target(uri: &Uri) -> Option<ProxyTarget> {
    let is_https = match uri.scheme_str()? {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let authority = uri.authority()?;
    // `host:` and `host:99999` have a colon and no port.
    let has_port = authority.as_str().len() > authority.host().len();
    let port = authority.port_u16();
    if has_port && port.is_none() {
        return None;
    }
    target(authority, is_https, port)
}

fn target(
    authority: &http::uri::Authority,
    is_https: bool,
    port: Option<u16>,
) -> Option<ProxyTarget> {
    // `known.example@evil.example` and the like name two hosts.
    let is_plain = !authority.as_str().contains('@');
    is_plain.then(|| ProxyTarget {
        is_https,
        host: authority.host().to_ascii_lowercase(),
        port: port.unwrap_or(default_port(is_https)),
    })
}

fn unknown_target(uri: &Uri) -> String {
    format!(
        "the sandbox has no marketplace at `{uri}`, and its proxy forwards nothing: `ingam scheme show NAME` shows the hosts of a scheme"
    )
}
