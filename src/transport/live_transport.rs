//! The network. One client with one connection for each host; no redirect is followed, nothing is
//! repeated, and nothing is added to a request.

use crate::awake_timeout::awake_timeout;
use crate::method::Method;
use crate::wire::{BaseUrl, WireRequest, WireResponse};
use bytes::{Bytes, BytesMut};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A larger response is refused; in bytes, counted after decompression.
const MAX_BODY: usize = 32 << 20;

/// Which hosts a client will talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkPolicy {
    /// The loopback interface only: no certificates are loaded and no proxy is used, so a client
    /// starts fast.
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
    /// The response began and did not end: a stream of events, or a slow server.
    #[error("the response of {host} was not complete within {}: the status {status} and {received} bytes came", human_duration(*.after))]
    Incomplete {
        host: String,
        after: Duration,
        status: u16,
        received: usize,
    },
    #[error("the response of {host} is larger than {} MiB", MAX_BODY >> 20)]
    TooLarge { host: String },
    #[error("the response of {host} cannot be read: {reason}")]
    UnreadableResponse { host: String, reason: String },
    #[error("the network cannot be used: {reason}")]
    Setup { reason: String },
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
    /// Never uses a proxy, so that requests to this machine stay on it.
    loopback: reqwest::Client,
    external: Option<reqwest::Client>,
}

impl LiveTransport {
    /// # Errors
    /// When the certificates of this machine cannot be loaded.
    pub fn new(reach: NetworkPolicy) -> Result<Self, TransportError> {
        let external = match reach {
            NetworkPolicy::LoopbackOnly => None,
            NetworkPolicy::Anywhere => Some(external_client()?),
        };
        Ok(Self {
            loopback: loopback_client()?,
            external,
        })
    }

    fn client(&self, request: &WireRequest) -> Result<&reqwest::Client, TransportError> {
        if request.base().is_loopback() {
            return Ok(&self.loopback);
        }
        let reason = || TransportError::Setup {
            reason: "only the loopback interface was expected".to_owned(),
        };
        self.external.as_ref().ok_or_else(reason)
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
        let host = || request.base().authority().to_owned();
        let started_at = Instant::now();
        // One timeout over connecting, sending and reading: separate ones would add up, and a
        // server that sends one byte at a time would never exceed one for reading.
        let progress = ResponseProgress::default();
        let exchange = self.exchange(request, started_at, &progress);
        match awake_timeout(timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(progress.timeout_error(host(), timeout)),
        }
    }

    async fn exchange(
        &self,
        request: &WireRequest,
        started_at: Instant,
        progress: &ResponseProgress,
    ) -> Result<WireResponse, TransportError> {
        let mut response = self
            .client(request)?
            .execute(to_reqwest(request)?)
            .await
            .map_err(|error| exchange_error(&error, request.base()))?;
        let status = response.status().as_u16();
        let headers = header_texts(response.headers());
        progress.status.store(status, Ordering::Relaxed);
        let body = read_body(&mut response, request.base(), progress).await?;
        check_decoded(&headers, &body, request.base())?;
        Ok(WireResponse::new(
            status,
            headers,
            body,
            started_at.elapsed(),
        ))
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
fn exchange_error(error: &reqwest::Error, base: &BaseUrl) -> TransportError {
    let host = base.authority().to_owned();
    let reason = innermost_reason(error);
    if error.is_connect() || is_unsent(error) {
        TransportError::Connect { host, reason }
    } else {
        TransportError::UnreadableResponse { host, reason }
    }
}

/// The whole body of a response, decompressed.
async fn read_body(
    response: &mut reqwest::Response,
    base: &BaseUrl,
    progress: &ResponseProgress,
) -> Result<Bytes, TransportError> {
    let fault = |error: reqwest::Error| exchange_error(&error, base);
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(fault)? {
        // Counted after decompression: a few kilobytes of gzip can expand to gigabytes.
        if body.len() + chunk.len() > MAX_BODY {
            return Err(TransportError::TooLarge {
                host: base.authority().to_owned(),
            });
        }
        body.extend_from_slice(&chunk);
        progress.received.store(body.len(), Ordering::Relaxed);
    }
    Ok(body.freeze())
}

/// How much of a response has come, for a timeout. Atomic only because the future that fills it
/// must be able to move between threads.
#[derive(Default)]
struct ResponseProgress {
    /// Zero before the head of the response.
    status: AtomicU16,
    /// Bytes of the body.
    received: AtomicUsize,
}

impl ResponseProgress {
    fn timeout_error(&self, host: String, after: Duration) -> TransportError {
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

/// A client for other hosts, with the platform's certificates and proxy settings.
fn external_client() -> Result<reqwest::Client, TransportError> {
    // Only the first call in a process can set the provider; the others find it set.
    let _ = rustls::crypto::ring::default_provider().install_default();
    client_builder()
        .build()
        .map_err(|error| setup_error(&error))
}

/// A client for this machine.
fn loopback_client() -> Result<reqwest::Client, TransportError> {
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
    client_builder()
        .no_proxy()
        .tls_backend_preconfigured(config)
        .build()
        .map_err(|error| setup_error(&error))
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
