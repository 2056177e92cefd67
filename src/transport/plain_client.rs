//! Sends one request over plain HTTP as it was made: names of headers keep their case, nothing is
//! added but the length of a body, and no redirect is followed. It goes to addresses that the user
//! named, without any proxy.

use super::live_transport::TransportError;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use std::time::Duration;
use tokio::net::TcpStream;

/// A larger response is refused; in bytes.
const MAX_RESPONSE: usize = 8 << 20;

/// Sends a request whose URI is a path, and waits for the whole response, at most `timeout`.
///
/// # Errors
/// When there is no connection, no complete response in time, or the response is too large.
pub(crate) async fn send_plain(
    (host, port): (&str, u16),
    request: http::Request<Full<Bytes>>,
    timeout: Duration,
) -> Result<http::Response<Bytes>, TransportError> {
    let authority = || format!("{host}:{port}");
    let exchange = exchange((host, port), request);
    match tokio::time::timeout(timeout, exchange).await {
        Ok(result) => result,
        Err(_) => Err(TransportError::Timeout {
            host: authority(),
            after: timeout,
        }),
    }
}

async fn exchange(
    (host, port): (&str, u16),
    request: http::Request<Full<Bytes>>,
) -> Result<http::Response<Bytes>, TransportError> {
    let authority = || format!("{host}:{port}");
    let unreadable = |reason: String| TransportError::UnreadableResponse {
        host: authority(),
        reason,
    };
    // An IPv6 address has brackets in a URL, and none for the resolver.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream =
        TcpStream::connect((bare, port))
            .await
            .map_err(|error| TransportError::Connect {
                host: authority(),
                reason: error.to_string(),
            })?;
    // As in the sandbox: without it, the second of two writes can wait 40 ms.
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .preserve_header_case(true)
        .handshake(hyper_util::rt::TokioIo::new(stream))
        .await
        .map_err(|error| unreadable(error.to_string()))?;
    tokio::spawn(async move {
        // Its errors are those of the request.
        let _ = connection.await;
    });
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| unreadable(error.to_string()))?;
    let (parts, body) = response.into_parts();
    let body = whole_body(body).await.map_err(unreadable)?;
    Ok(http::Response::from_parts(parts, body))
}

async fn whole_body(body: Incoming) -> Result<Bytes, String> {
    Limited::new(body, MAX_RESPONSE)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                format!("it is larger than {} MiB", MAX_RESPONSE >> 20)
            } else {
                error.to_string()
            }
        })
}
