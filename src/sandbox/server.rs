//! Listens on the loopback interface, one address for each scheme, and hands every request to its
//! marketplace as the raw bytes that arrived.

use super::marketplace::TestMarketplace;
use super::reply::{DeliveryOutcome, LostResponse, ReplyDelivery, SandboxReply, unmakeable_reply};
use super::reserved_names::NO_RECORDING;
use super::tokens::token_subject::TestCredentialError;
use super::truncated_body::TruncatedBody;
use crate::host::ClockAndRng;
use crate::method::Method;
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use crate::render::FreshValues;
use crate::sign::ReceivedRequest;
use crate::wire::BaseUrl;
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// A larger request is refused with status 413; in bytes.
const MAX_REQUEST_BYTES: usize = 64 << 20;

/// The pause before the next connection is accepted, after the machine had no resources for one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("the sandbox cannot listen on 127.0.0.1:{port}: {source}")]
    Listen { port: u16, source: std::io::Error },
    #[error("the sandbox has no address for the scheme `{scheme}`: its host is not a base URL")]
    NoBaseUrl { scheme: String },
    #[error(transparent)]
    TestCredential(#[from] TestCredentialError),
}

/// Scheme → the origin that its marketplace listens on.
#[derive(Clone, Debug, Default)]
pub struct SandboxOrigins(HashMap<String, String>);

impl SandboxOrigins {
    /// The address of a scheme's marketplace, with the base path that the real one has.
    #[must_use]
    pub fn base_url(&self, scheme: &Scheme) -> Option<BaseUrl> {
        let origin = self.0.get(&scheme.name)?;
        match scheme.main_host() {
            Some(host) => BaseUrl::parse(&host.example_url())
                .ok()?
                .with_origin(origin),
            None => BaseUrl::parse(origin).ok(),
        }
    }

    #[must_use]
    pub fn get(&self, scheme: &str) -> Option<&str> {
        self.0.get(scheme).map(String::as_str)
    }

    /// Fixed addresses on which nothing listens, for commands that explain requests without sending
    /// them.
    #[must_use]
    pub fn unbound(names: &[&str]) -> Self {
        let ports = 9_000_u16..;
        Self(
            names
                .iter()
                .zip(ports)
                .map(|(name, port)| ((*name).to_owned(), format!("http://127.0.0.1:{port}")))
                .collect(),
        )
    }
}

/// Where the marketplaces listen, and what they believe of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListenOptions {
    /// The port of the first scheme; each scheme gets the next one. `None` for free ports.
    pub first_port: Option<u16>,
    /// Whether `X-Forwarded-Proto` says the protocol of a request, as a proxy in front sets it.
    pub trusts_forwarded_proto: bool,
}

/// Marketplaces that are listening; they stop when the runtime does.
pub struct SandboxServer {
    pub origins: SandboxOrigins,
}

impl SandboxServer {
    /// Starts one marketplace for each scheme.
    ///
    /// # Errors
    /// When a port is taken, or a scheme has no usable host or test credentials.
    pub async fn start(
        workspace: &Workspace,
        schemes: &[Arc<Scheme>],
        options: ListenOptions,
        clock_and_rng: ClockAndRng,
    ) -> Result<Self, SandboxError> {
        let (origins, listeners) = bind_all(schemes, options.first_port).await?;
        for (scheme, listener) in schemes.iter().zip(listeners) {
            // Without this error the origin would stay published while nobody listens, and each
            // request would fail as "connection refused" for no visible reason.
            let Some(base) = origins.base_url(scheme) else {
                return Err(SandboxError::NoBaseUrl {
                    scheme: scheme.name.clone(),
                });
            };
            let marketplace = Arc::new(Mutex::new(TestMarketplace::new(workspace, scheme)?));
            tokio::spawn(listen(
                listener,
                MarketplaceEndpoint {
                    marketplace,
                    base,
                    trusts_forwarded_proto: options.trusts_forwarded_proto,
                    clock_and_rng,
                },
            ));
        }
        Ok(Self { origins })
    }
}

/// A listener for each scheme, in their order, and the addresses. All ports are taken first, so
/// that a taken one is reported before any marketplace runs.
async fn bind_all(
    schemes: &[Arc<Scheme>],
    port: Option<u16>,
) -> Result<(SandboxOrigins, Vec<TcpListener>), SandboxError> {
    let mut origins = HashMap::new();
    let mut listeners = Vec::new();
    for (index, scheme) in (0_u16..).zip(schemes) {
        let wanted = port.map_or(0, |port| port.saturating_add(index));
        let fault = |error: std::io::Error| SandboxError::Listen {
            port: wanted,
            source: error,
        };
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, wanted)))
            .await
            .map_err(fault)?;
        let origin = format!("http://{}", listener.local_addr().map_err(fault)?);
        origins.insert(scheme.name.clone(), origin);
        listeners.push(listener);
    }
    Ok((SandboxOrigins(origins), listeners))
}

#[derive(Clone)]
struct MarketplaceEndpoint {
    marketplace: Arc<Mutex<TestMarketplace>>,
    /// The address that it listens on.
    base: BaseUrl,
    trusts_forwarded_proto: bool,
    clock_and_rng: ClockAndRng,
}

impl MarketplaceEndpoint {
    /// The address that a client sent a request to: behind a port mapping or a proxy it is another
    /// than the one that this listens on, and some schemes sign the whole address.
    ///
    /// # Errors
    /// When the headers name no address.
    fn base_of(&self, headers: &[(String, String)]) -> Result<BaseUrl, SandboxReply> {
        let refused = |name: &str| {
            let message = format!("the sandbox cannot read the `{name}` header of this request");
            SandboxReply::message(400, message)
        };
        // Without one, which HTTP/1.0 allows, the client knows no other address.
        let host = single_header(headers, "host").map_err(|()| refused("host"))?;
        let host = host.unwrap_or(self.base.authority());
        let proto = if self.trusts_forwarded_proto {
            single_header(headers, "x-forwarded-proto")
                .map_err(|()| refused("x-forwarded-proto"))?
        } else {
            None
        };
        let proto = match proto {
            None => "http",
            Some(proto @ ("http" | "https")) => proto,
            Some(_) => return Err(refused("x-forwarded-proto")),
        };
        if proto == "http" && host == self.base.authority() {
            return Ok(self.base.clone());
        }
        // A `/` or `?` in it would move the base path.
        let is_authority = !host.contains(['/', '?', '#', '\\']);
        self.base
            .with_origin(&format!("{proto}://{host}"))
            .filter(|_| is_authority)
            .ok_or_else(|| refused("host"))
    }
}

/// The value of a header that may stand once.
///
/// # Errors
/// When it stands several times.
fn single_header<'h>(headers: &'h [(String, String)], name: &str) -> Result<Option<&'h str>, ()> {
    let mut values = headers.iter().filter(|(known, _)| known == name);
    let first = values.next().map(|(_, value)| value.as_str());
    if values.next().is_some() {
        return Err(());
    }
    Ok(first)
}

async fn listen(listener: TcpListener, market: MarketplaceEndpoint) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                if let Some(pause) = accept_pause(&error) {
                    tokio::time::sleep(pause).await;
                }
                continue;
            }
        };
        // Header and body are two writes. With Nagle's algorithm the second one waits until the
        // client has acknowledged the first, which a client that delays acknowledgements does after
        // 40 ms. A socket that refuses the option is slower and not wrong.
        let _ = stream.set_nodelay(true);
        let market = market.clone();
        let service =
            hyper::service::service_fn(move |request| handle_request(request, market.clone()));
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
        tokio::spawn(async move {
            // A client that goes away in the middle is no fault of the sandbox.
            let _ = connection.await;
        });
    }
}

/// How long to wait before the next connection is accepted. A connection that ended before it was
/// accepted says nothing about the next one. Any other error (no descriptor or memory is free)
/// stays until a connection is closed, and nothing reports when that is: without a pause the loop
/// would take a whole core from the requests that would close one.
fn accept_pause(error: &std::io::Error) -> Option<Duration> {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    match error.kind() {
        ConnectionAborted | ConnectionRefused | ConnectionReset => None,
        _ => Some(ACCEPT_PAUSE),
    }
}

/// The whole body of a response, or half of it.
type ReplyBody = Either<Full<Bytes>, TruncatedBody>;

/// An error closes the connection without a byte of a response.
async fn handle_request(
    request: http::Request<Incoming>,
    market: MarketplaceEndpoint,
) -> Result<http::Response<ReplyBody>, LostResponse> {
    // Tokens that are not random must not be issued: without a seed the request gets a 500.
    let received = receive(request, &market).await.and_then(|received| {
        let seed = (market.clock_and_rng.rng)().map_err(|_| SandboxReply::empty(500))?;
        Ok((received, seed))
    });
    let delivery = match received {
        Ok((received, seed)) => {
            let moment = FreshValues {
                unix_ms: (market.clock_and_rng.clock)(),
                seed,
            };
            market
                .marketplace
                .lock()
                // A panic in another request poisons the lock. Tokens and counts are whole after
                // each step, and a test that still runs needs its answers more than a second panic.
                .unwrap_or_else(PoisonError::into_inner)
                .respond(&received, moment)
        }
        Err(refusal) => ReplyDelivery::from(refusal),
    };
    // The lock is free by now: a response that is delayed delays no other request.
    if !delivery.delay.is_zero() {
        tokio::time::sleep(delivery.delay).await;
    }
    deliver(delivery.outcome)
}

/// # Errors
/// When the response is to be lost.
fn deliver(outcome: DeliveryOutcome) -> Result<http::Response<ReplyBody>, LostResponse> {
    match outcome {
        DeliveryOutcome::Complete(reply) => {
            Ok(http_response(reply, |body| Either::Left(Full::new(body))))
        }
        DeliveryOutcome::Truncated(reply) => Ok(http_response(reply, |body| {
            Either::Right(TruncatedBody::of(&body))
        })),
        DeliveryOutcome::Dropped => Err(LostResponse),
    }
}

/// Reads a request as the bytes that arrived.
///
/// # Errors
/// The response that refuses it.
async fn receive(
    request: http::Request<Incoming>,
    market: &MarketplaceEndpoint,
) -> Result<ReceivedRequest, SandboxReply> {
    let (parts, body) = request.into_parts();
    let method = Method::parse(parts.method.as_str()).ok_or_else(|| SandboxReply::empty(405))?;
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    let body = Limited::new(body, MAX_REQUEST_BYTES)
        .collect()
        .await
        .map_err(|_| SandboxReply::empty(413))?
        .to_bytes();
    let headers = received_headers(&parts.headers)?;
    Ok(ReceivedRequest {
        method,
        target,
        base: market.base_of(&headers)?,
        headers,
        body,
    })
}

fn received_headers(headers: &http::HeaderMap) -> Result<Vec<(String, String)>, SandboxReply> {
    headers
        .iter()
        .map(|(name, value)| {
            // A header can be signed. With replacement characters two different values would be the
            // same text, so a value that is not UTF-8 is refused.
            let value =
                std::str::from_utf8(value.as_bytes()).map_err(|_| SandboxReply::empty(400))?;
            Ok((name.as_str().to_owned(), value.to_owned()))
        })
        .collect()
}

fn http_response(
    reply: SandboxReply,
    body: impl FnOnce(Bytes) -> ReplyBody,
) -> http::Response<ReplyBody> {
    match head_of(&reply) {
        Ok((status, headers)) => {
            let mut response = http::Response::new(body(reply.body.into()));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Err(error) => {
            let message = unmakeable_reply(&error);
            let mut response = http::Response::new(Either::Left(Full::new(message.body.into())));
            *response.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
            // Without this header, a run would take the 501 for a response of the marketplace.
            let mark = http::HeaderValue::from_static("true");
            response.headers_mut().insert(NO_RECORDING, mark);
            response
        }
    }
}

/// Status and headers as HTTP has them. A recording or a scheme can name a status that does not
/// exist, or a header that no response can carry.
fn head_of(reply: &SandboxReply) -> Result<(http::StatusCode, http::HeaderMap), http::Error> {
    let status = http::StatusCode::from_u16(reply.status)?;
    let mut headers = http::HeaderMap::with_capacity(reply.headers.len());
    for (name, value) in &reply.headers {
        headers.append(
            http::HeaderName::from_bytes(name.as_bytes())?,
            http::HeaderValue::from_bytes(value.as_bytes())?,
        );
    }
    Ok((status, headers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn accepting_pauses_when_descriptors_run_out_and_not_for_a_client_that_left() {
        // EMFILE and ENFILE of Linux and macOS.
        for code in [24, 23] {
            let error = Error::from_raw_os_error(code);
            assert_eq!(accept_pause(&error), Some(ACCEPT_PAUSE), "{error}");
        }
        assert_eq!(accept_pause(&ErrorKind::ConnectionAborted.into()), None);
    }

    #[test]
    fn a_reply_that_http_cannot_carry_is_an_error_and_not_a_success() {
        for (status, headers) in [
            (1_000, Vec::new()),
            (200, vec![("a b".to_owned(), String::new())]),
            (200, vec![("a".to_owned(), "1\r\nb: 2".to_owned())]),
        ] {
            let reply = SandboxReply {
                status,
                headers,
                body: Vec::new(),
            };
            let response = http_response(reply, |body| Either::Left(Full::new(body)));
            assert_eq!(response.status(), 501);
            assert!(response.headers().contains_key(NO_RECORDING));
        }
    }
}
