//! The network. One client with one connection for each host; no redirect is followed, nothing is
//! repeated, and nothing is added to a request.

use super::guarded_resolver::{GuardedResolver, MeasuringResolver, look_up, refuse_private};
use super::phase_clock::{self, PhaseClock};
use super::proxy_variables::ProxyVariables;
use super::route::{Route, RouteProxy};
use crate::awake_timeout::awake_timeout;
use crate::body_stream::{BodyStream, MAX_HELD_BYTES, StreamedBody};
use crate::method::Method;
use crate::wire::{BaseUrl, BodyPassage, WireRequest, WireResponse};
use bytes::{Bytes, BytesMut};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// A larger response is refused, unless a file says otherwise; in bytes, counted after decompression.
pub(crate) const DEFAULT_MAX_BODY: usize = 32 << 20;

/// How long a request may take, and how large its response may be.
#[derive(Clone, Copy, Debug)]
pub struct SendLimits<'p> {
    pub timeout: Duration,
    /// In bytes, counted after decompression.
    pub max_body: usize,
    /// How a large response may pass into a file, in place of memory.
    pub(crate) passage: Option<&'p BodyPassage>,
    /// What measures the request, where its phases are shown.
    pub(crate) clock: Option<&'p PhaseClock>,
}

impl SendLimits<'_> {
    /// With the default size.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self {
            timeout,
            max_body: DEFAULT_MAX_BODY,
            passage: None,
            clock: None,
        }
    }
}

/// Which hosts a client will talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkPolicy {
    /// The loopback interface only.
    LoopbackOnly,
    Anywhere,
}

/// Why there is no response. No variant holds the URL: it can contain a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing of the request has left this machine.
    #[error("cannot connect to {host}: {reason}")]
    Connect { host: String, reason: String },
    #[error("no response from {host} within {}", human_duration(*.after))]
    Timeout { host: String, after: Duration },
    /// Nothing of the request has reached the host.
    #[error("cannot connect to {host} through the proxy {proxy}: {reason}")]
    Proxy {
        host: String,
        proxy: String,
        reason: String,
    },
    /// The response began and did not end: a stream of events, or a slow server.
    #[error("the response of {host} was not complete within {}: the status {status} and {received} bytes arrived", human_duration(*.after))]
    Incomplete {
        host: String,
        after: Duration,
        status: u16,
        received: usize,
    },
    #[error("the response of {host} is larger than {}: increase the limit with `max_body`", human_size(*.limit))]
    TooLarge {
        host: String,
        /// In bytes.
        limit: usize,
    },
    #[error("the response of {host} cannot be read: {reason}")]
    UnreadableResponse { host: String, reason: String },
    #[error("the response cannot be written to the output folder: {reason}")]
    Unwritten { reason: String },
    #[error("the network cannot be used: {reason}")]
    Setup { reason: String },
}

impl TransportError {
    /// Whether another attempt may reach the host: a proxy that wants a password does not change
    /// its mind.
    #[must_use]
    pub(crate) fn may_connect_later(&self) -> bool {
        match self {
            Self::Connect { .. } => true,
            Self::Proxy { reason, .. } => reason != PROXY_WANTS_PASSWORD,
            _ => false,
        }
    }

    /// Whether it is certain that no byte of the request has reached the host.
    #[must_use]
    pub(crate) fn was_not_sent(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Proxy { .. } | Self::Setup { .. }
        )
    }
}

/// A size as files write it.
fn human_size(bytes: usize) -> String {
    if bytes.is_multiple_of(1 << 20) {
        format!("{} MiB", bytes >> 20)
    } else {
        format!("{} KiB", bytes >> 10)
    }
}

/// A duration as files write it: `5 s` or `250 ms`.
#[must_use]
pub(crate) fn human_duration(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

/// Clients that keep their connections.
#[derive(Clone)]
pub struct LiveTransport {
    policy: NetworkPolicy,
    proxies: ProxyVariables,
    /// Whether its clients tell the phases of requests.
    measures: bool,
    /// Each is made when it is needed first: to read the certificates of a machine takes longer
    /// than all the rest of a command that sends nothing.
    clients: Arc<Mutex<HashMap<ClientKind, reqwest::Client>>>,
}

/// Which hosts share a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum ClientKind {
    /// Plain `http` to this machine: it loads no certificates, so it starts fast, and never uses a
    /// proxy of the user's variables, so that requests to this machine stay on it.
    Loopback,
    /// With the fingerprint of the route.
    Routed([u8; 32]),
}

/// A client, and the proxy that it uses, for errors.
pub(super) struct ChosenClient {
    pub(super) client: reqwest::Client,
    pub(super) proxy: Option<String>,
}

impl LiveTransport {
    /// It opens nothing and reads nothing.
    #[must_use]
    pub fn new(reach: NetworkPolicy) -> Self {
        Self {
            policy: reach,
            proxies: ProxyVariables::default(),
            measures: false,
            clients: Arc::default(),
        }
    }

    /// Names the proxies of these variables in errors.
    #[must_use]
    pub(crate) fn with_proxies(mut self, proxies: ProxyVariables) -> Self {
        self.proxies = proxies;
        self
    }

    /// Measures the phases of requests that have a clock.
    #[must_use]
    pub(crate) fn measuring(self) -> Self {
        Self {
            measures: true,
            // Clients that were made before do not measure.
            clients: Arc::default(),
            ..self
        }
    }

    /// The client for a host. The first one of its kind is built here, before the time of an
    /// exchange begins.
    ///
    /// # Errors
    /// When the host must not be reached, the certificates of this machine cannot be read, or the
    /// route cannot be used.
    pub(super) fn client(
        &self,
        base: &BaseUrl,
        route: &Route,
    ) -> Result<ChosenClient, TransportError> {
        if self.policy == NetworkPolicy::LoopbackOnly && !base.is_loopback() {
            return Err(TransportError::Setup {
                reason: "only the loopback interface was expected".to_owned(),
            });
        }
        let unguarded;
        let route = if route.is_guarded && base.is_loopback() {
            // A file allowed this machine itself.
            unguarded = Route {
                is_guarded: false,
                ..route.clone()
            };
            &unguarded
        } else {
            route
        };
        let (kind, proxy) = if let Some(proxy) = &route.proxy {
            (
                ClientKind::Routed(route.fingerprint()),
                Some(proxy.url.clone()),
            )
        } else if base.is_loopback() && !base.is_https() {
            (ClientKind::Loopback, None)
        } else {
            (
                ClientKind::Routed(route.fingerprint()),
                self.proxies.proxy_of(base.origin()),
            )
        };
        let client = self.client_of_kind(kind, route)?;
        Ok(ChosenClient { client, proxy })
    }

    fn client_of_kind(
        &self,
        kind: ClientKind,
        route: &Route,
    ) -> Result<reqwest::Client, TransportError> {
        // A map that a thread left while it panicked holds whole clients all the same.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&kind) {
            return Ok(client.clone());
        }
        let client = match kind {
            ClientKind::Loopback => self.loopback_client()?,
            ClientKind::Routed(_) => self.build_client(route)?,
        };
        clients.insert(kind, client.clone());
        Ok(client)
    }

    pub(super) fn build_client(&self, route: &Route) -> Result<reqwest::Client, TransportError> {
        let provider = if self.measures {
            phase_clock::measuring_provider()
        } else {
            rustls::crypto::ring::default_provider()
        };
        // Only the first call in a process can set the provider; the others find it set.
        let _ = provider.install_default();
        let mut builder = routed_client(route)?;
        if route.is_guarded {
            let named = route.proxy.as_ref().map(|proxy| proxy.url.clone());
            // Any host will do: only `NO_PROXY` depends on it.
            let proxy = named.or_else(|| self.proxies.proxy_of("https://host.invalid"));
            let proxy = proxy.and_then(|proxy| url::Url::parse(&proxy).ok());
            builder = builder.dns_resolver(GuardedResolver {
                proxy_host: proxy.and_then(|proxy| proxy.host_str().map(str::to_owned)),
            });
        } else if self.measures {
            builder = builder.dns_resolver(MeasuringResolver);
        }
        if self.measures {
            builder = phase_clock::measured(builder);
        }
        builder.build().map_err(|error| setup_error(&error))
    }

    fn loopback_client(&self) -> Result<reqwest::Client, TransportError> {
        let mut builder = loopback_client()?;
        if self.measures {
            builder = phase_clock::measured(builder.dns_resolver(MeasuringResolver));
        }
        builder.build().map_err(|error| setup_error(&error))
    }

    /// Where a proxy looks up a name, nothing here sees its addresses: those that this machine knows
    /// are judged before the proxy is asked.
    async fn check_behind_proxy(&self, base: &BaseUrl) -> Result<(), TransportError> {
        let Ok(addresses) = look_up(base.host()).await else {
            return Ok(());
        };
        refuse_private(&addresses).map_err(|error| TransportError::Connect {
            host: base.authority().to_owned(),
            reason: error.to_string(),
        })
    }

    /// Sends the bytes and waits for the whole response, at most `timeout`.
    ///
    /// # Errors
    /// When there is no connection, no complete response in time, or the response is not HTTP.
    pub async fn send(
        &self,
        request: &WireRequest,
        timeout: Duration,
    ) -> Result<WireResponse, TransportError> {
        self.send_by(request, &Route::default(), SendLimits::within(timeout))
            .await
    }

    /// The same, by a route.
    ///
    /// # Errors
    /// As [`Self::send`], and when the route cannot be used.
    pub async fn send_by(
        &self,
        request: &WireRequest,
        route: &Route,
        limits: SendLimits<'_>,
    ) -> Result<WireResponse, TransportError> {
        let timeout = limits.timeout;
        let host = || request.base().authority().to_owned();
        let client = self.client(request.base(), route)?;
        let started_at = Instant::now();
        // One timeout over connecting, sending and reading: separate ones would add up, and a
        // server that sends one byte at a time would never exceed one for reading.
        let progress = ResponseProgress::default();
        let exchange = self.exchange(request, (client, route), limits, started_at, &progress);
        let ended = match limits.clock {
            None => awake_timeout(timeout, exchange).await,
            // Boxed: without a clock the future must not grow.
            Some(clock) => Box::pin(clock.measure(awake_timeout(timeout, exchange))).await,
        };
        match ended {
            Ok(result) => result,
            Err(_) => Err(progress.timeout_error(host(), timeout)),
        }
    }

    async fn exchange(
        &self,
        request: &WireRequest,
        by: (ChosenClient, &Route),
        limits: SendLimits<'_>,
        started_at: Instant,
        progress: &ResponseProgress,
    ) -> Result<WireResponse, TransportError> {
        let (mut response, status, headers) = self.begin(request, by, progress).await?;
        if let Some(clock) = limits.clock {
            clock.note_head();
        }
        let head = (status, headers.as_slice());
        let body = read_body(&mut response, head, request.base(), limits, progress).await?;
        let beginning = match &body {
            ReceivedBody::Held(body) => body,
            ReceivedBody::Streamed(body) => body.head(),
        };
        check_decoded(&headers, beginning, request.base())?;
        let latency = started_at.elapsed();
        Ok(match body {
            ReceivedBody::Held(body) => WireResponse::new(status, headers, body, latency),
            ReceivedBody::Streamed(body) => WireResponse::streamed(status, headers, &body, latency),
        })
    }

    /// Sends the bytes, and waits for the head of the response.
    pub(super) async fn begin(
        &self,
        request: &WireRequest,
        (chosen, route): (ChosenClient, &Route),
        progress: &ResponseProgress,
    ) -> Result<(reqwest::Response, u16, Vec<(String, String)>), TransportError> {
        let ChosenClient { client, proxy } = chosen;
        if route.is_guarded && proxy.is_some() && !request.base().is_loopback() {
            self.check_behind_proxy(request.base()).await?;
        }
        let response = client
            .execute(to_reqwest(request)?)
            .await
            .map_err(|error| exchange_error(&error, request.base(), proxy.as_deref()))?;
        let status = response.status().as_u16();
        let headers = header_texts(response.headers());
        check_proxy_response(status, &headers, request.base(), proxy.as_deref())?;
        progress.status.store(status, Ordering::Relaxed);
        Ok((response, status, headers))
    }
}

/// Names and values of response headers, in the order received.
fn header_texts(headers: &http::HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                // RFC 9110, section 5.5 allows other bytes than UTF-8. Nothing is signed over a
                // response header, and a replacement character in a report is better than no
                // response.
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

/// The class of an error decides whether a request may be sent again: only `Connect` guarantees
/// that no byte of it has left.
pub(super) fn exchange_error(
    error: &reqwest::Error,
    base: &BaseUrl,
    proxy: Option<&str>,
) -> TransportError {
    let host = base.authority().to_owned();
    let reason = innermost_reason(error);
    if !error.is_connect() && !is_unsent(error) {
        return TransportError::UnreadableResponse { host, reason };
    }
    match proxy {
        None => TransportError::Connect { host, reason },
        Some(proxy) => TransportError::Proxy {
            host,
            proxy: proxy.to_owned(),
            reason: proxy_reason(reason),
        },
    }
}

const PROXY_WANTS_PASSWORD: &str = "it requires a user and a password (407)";

/// The client names only what it was doing.
fn proxy_reason(reason: String) -> String {
    match reason.as_str() {
        "tunnel error: proxy authorization required" => PROXY_WANTS_PASSWORD.to_owned(),
        "tunnel error: unsuccessful" => "it opened no connection to the host".to_owned(),
        "tunnel error: unexpected end of file" => "it closed the connection".to_owned(),
        _ => reason,
    }
}

/// A proxy answers a request of plain `http` itself when it does not know the client, and the
/// response is none of the host.
fn check_proxy_response(
    status: u16,
    headers: &[(String, String)],
    base: &BaseUrl,
    proxy: Option<&str>,
) -> Result<(), TransportError> {
    let asks = || headers.iter().any(|(name, _)| name == "proxy-authenticate");
    match proxy {
        Some(proxy) if status == 407 && !base.is_https() && asks() => Err(TransportError::Proxy {
            host: base.authority().to_owned(),
            proxy: proxy.to_owned(),
            reason: PROXY_WANTS_PASSWORD.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The whole body of a response, decompressed.
enum ReceivedBody {
    Held(Bytes),
    Streamed(StreamedBody),
}

/// Reads a body; `head` are the status and the headers. What is large and need not be held goes
/// into a file.
async fn read_body(
    response: &mut reqwest::Response,
    head: (u16, &[(String, String)]),
    base: &BaseUrl,
    limits: SendLimits<'_>,
    progress: &ResponseProgress,
) -> Result<ReceivedBody, TransportError> {
    let fault = |error: reqwest::Error| exchange_error(&error, base, None);
    let mut body = BytesMut::new();
    let mut received = 0;
    while let Some(chunk) = response.chunk().await.map_err(fault)? {
        received += chunk.len();
        check_size(received, limits, base)?;
        body.extend_from_slice(&chunk);
        progress.received.store(received, Ordering::Relaxed);
        // Decided once, when the limit is passed: later the beginning is the same.
        if body.len() > MAX_HELD_BYTES
            && body.len() - chunk.len() <= MAX_HELD_BYTES
            && let Some(passage) = passage_for(&body, head, limits)
        {
            let stream = BodyStream::begin(&passage.folder, body.freeze())
                .map_err(|error| unwritten(&error))?;
            return stream_body(response, stream, base, limits, progress).await;
        }
    }
    Ok(ReceivedBody::Held(body.freeze()))
}

fn passage_for<'p>(
    body: &BytesMut,
    (status, headers): (u16, &[(String, String)]),
    limits: SendLimits<'p>,
) -> Option<&'p BodyPassage> {
    let content_type = headers.iter().find(|(name, _)| name == "content-type");
    let content_type = content_type.map(|(_, value)| value.as_str());
    limits
        .passage
        .filter(|_| BodyPassage::admits(status, content_type, body))
}

async fn stream_body(
    response: &mut reqwest::Response,
    mut stream: BodyStream,
    base: &BaseUrl,
    limits: SendLimits<'_>,
    progress: &ResponseProgress,
) -> Result<ReceivedBody, TransportError> {
    let fault = |error: reqwest::Error| exchange_error(&error, base, None);
    let mut received = progress.received.load(Ordering::Relaxed);
    while let Some(chunk) = response.chunk().await.map_err(fault)? {
        received += chunk.len();
        check_size(received, limits, base)?;
        stream.append(&chunk).map_err(|error| unwritten(&error))?;
        progress.received.store(received, Ordering::Relaxed);
    }
    Ok(ReceivedBody::Streamed(stream.end()))
}

/// Counted after decompression: a few kilobytes of gzip can expand to gigabytes.
fn check_size(
    received: usize,
    limits: SendLimits<'_>,
    base: &BaseUrl,
) -> Result<(), TransportError> {
    if received > limits.max_body {
        return Err(TransportError::TooLarge {
            host: base.authority().to_owned(),
            limit: limits.max_body,
        });
    }
    Ok(())
}

fn unwritten(error: &std::io::Error) -> TransportError {
    TransportError::Unwritten {
        reason: error.to_string(),
    }
}

/// How much of a response has come, for a timeout. Atomic only because the future that fills it
/// must be able to move between threads.
#[derive(Default)]
pub(super) struct ResponseProgress {
    /// Zero before the head of the response.
    pub(super) status: AtomicU16,
    /// Bytes of the body.
    pub(super) received: AtomicUsize,
}

impl ResponseProgress {
    pub(super) fn timeout_error(&self, host: String, after: Duration) -> TransportError {
        match self.status.load(Ordering::Relaxed) {
            0 => TransportError::Timeout { host, after },
            status => TransportError::Incomplete {
                host,
                after,
                status,
                received: self.received.load(Ordering::Relaxed),
            },
        }
    }
}

/// The client decodes one encoding and removes its header. What is left is packed, and would only
/// be reported as text that is not UTF-8.
fn check_decoded(
    headers: &[(String, String)],
    body: &Bytes,
    base: &BaseUrl,
) -> Result<(), TransportError> {
    const PACKED: [&str; 6] = ["gzip", "x-gzip", "deflate", "br", "zstd", "compress"];
    let mut encodings = headers
        .iter()
        .filter(|(name, _)| name == "content-encoding");
    let is_packed = |value: &str| {
        value
            .split(',')
            .any(|word| PACKED.contains(&word.trim().to_ascii_lowercase().as_str()))
    };
    match encodings.find(|(_, value)| is_packed(value)) {
        Some((_, value)) if !body.is_empty() => Err(TransportError::UnreadableResponse {
            host: base.authority().to_owned(),
            reason: format!("ingam cannot decode its `content-encoding: {value}`"),
        }),
        _ => Ok(()),
    }
}

/// A client with the platform's certificates and the user's proxies, and what the route says
/// besides.
fn routed_client(route: &Route) -> Result<reqwest::ClientBuilder, TransportError> {
    let unusable = |what: &str, error: &reqwest::Error| TransportError::Setup {
        reason: format!("{what} cannot be used: {}", innermost_reason(error)),
    };
    let mut builder = client_builder();
    if let Some(ca) = &route.ca {
        let authorities = reqwest::Certificate::from_pem_bundle(ca.as_bytes())
            .map_err(|error| unusable("`ca`", &error))?;
        builder = builder.tls_certs_merge(authorities);
    }
    if let Some(client) = &route.client {
        let pem = Zeroizing::new(format!("{}\n{}", client.certificate, client.key.expose()));
        let identity = reqwest::Identity::from_pem(pem.as_bytes())
            .map_err(|error| unusable("`client_cert` and its key", &error))?;
        builder = builder.identity(identity);
    }
    if let Some(proxy) = &route.proxy {
        builder =
            builder.proxy(explicit_proxy(proxy).map_err(|error| unusable("`proxy`", &error))?);
    }
    Ok(builder)
}

fn explicit_proxy(proxy: &RouteProxy) -> Result<reqwest::Proxy, reqwest::Error> {
    let all = reqwest::Proxy::all(&proxy.url)?;
    Ok(match &proxy.user {
        Some(user) => all.basic_auth(user, proxy.password.expose()),
        None => all,
    })
}

/// A client for this machine.
fn loopback_client() -> Result<reqwest::ClientBuilder, TransportError> {
    // The default client reads the platform's certificates and proxy settings when it is built.
    // A loopback address needs neither, so its client gets an empty store and no proxy.
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TransportError::Setup {
            reason: error.to_string(),
        })?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(client_builder()
        .no_proxy()
        .tls_backend_preconfigured(config))
}

fn setup_error(error: &reqwest::Error) -> TransportError {
    TransportError::Setup {
        reason: innermost_reason(error),
    }
}

/// No redirect is followed, nothing is repeated, and nothing is added.
fn client_builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        // A redirected request would carry its signature and token to a host nobody approved, and a
        // repeated one could create a thing twice: both are decided above this room.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // Head and body are two writes: without this the second one can wait for a delayed
        // acknowledgement of the first.
        .tcp_nodelay(true)
        // As the sealed request spells them, and as its reports show them.
        .http1_title_case_headers()
}

/// The same request in the client's own type. Its headers are already all there, so nothing is
/// added.
fn to_reqwest(request: &WireRequest) -> Result<reqwest::Request, TransportError> {
    let method = match request.method() {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
        Method::Head => reqwest::Method::HEAD,
        Method::Options => reqwest::Method::OPTIONS,
    };
    let mut plain = reqwest::Request::new(method, request.url().clone());
    let headers = plain.headers_mut();
    headers.reserve(request.headers().len());
    for (name, value) in request.headers() {
        // Sealing has checked both with the same functions. If one of them failed all the same, the
        // header may have been signed, so the request must not leave without it.
        let unusable = || TransportError::Setup {
            reason: format!("the header `{name}` of a sealed request cannot be sent"),
        };
        headers.append(
            http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?,
            http::HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unusable())?,
        );
    }
    if !request.body().is_empty() {
        *plain.body_mut() = Some(Bytes::clone(request.body()).into());
    }
    Ok(plain)
}

/// Whether the connection was closed before any byte of the request was written to it. hyper
/// reports a request as cancelled only if it has not started to write it. If the connection had
/// been used before, hyper retries on a new one by itself.
fn is_unsent(error: &reqwest::Error) -> bool {
    let mut causes =
        std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_canceled)
    })
}

/// The innermost reason, without the address.
fn innermost_reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    // A URL can contain a signature or a token in its query, and this text is shown to users.
    if text.contains("://") {
        "the connection failed".to_owned()
    } else {
        text
    }
}
