//! The loopback address that the marketplace redirects the browser to after an authorization (RFC
//! 8252, section 7.3). A request for any other path gets a 404 and reveals nothing.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Sender, channel};

const DONE_PAGE: &str = "<!doctype html><meta charset=utf-8><title>ingam</title><p>The login is complete in the browser. You can close this page and return to the terminal.";

/// Listens until it is dropped.
pub(crate) struct CallbackListener {
    listener: TcpListener,
    origin: String,
    path: String,
}

impl CallbackListener {
    /// `secret` makes the path impossible to guess. Port 0 takes a free port.
    ///
    /// # Errors
    /// When the port is taken.
    pub(crate) async fn bind(port: u16, secret: &str) -> std::io::Result<Self> {
        // The address and not the name `localhost` (RFC 8252, section 8.3): a name could resolve to
        // another interface, which other machines can reach.
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        Ok(Self {
            listener,
            origin,
            path: format!("/callback/{secret}"),
        })
    }

    /// Where the marketplace sends the browser back to.
    #[must_use]
    pub(crate) fn redirect_url(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// A page that redirects to the authorization link. The command line of a browser is visible to
    /// every process of the machine, so it gets this address and not the link.
    #[must_use]
    pub(crate) fn start_url(&self) -> String {
        self.redirect_url().replace("/callback/", "/start/")
    }

    /// Waits for the browser and returns the full URL that it was redirected to.
    ///
    /// # Errors
    /// When the link cannot be sent to a browser, or no more connections can be accepted.
    pub(crate) async fn wait_for_redirect(self, link: &str) -> Result<String, CallbackError> {
        let link = http::HeaderValue::from_str(link).map_err(|_| CallbackError::UnusableLink)?;
        // Room for one: only the first redirect counts, whatever else connects.
        let (sender, mut receiver) = channel(1);
        let context = Arc::new(CallbackContext {
            origin: self.origin,
            path: self.path,
            link,
        });
        loop {
            tokio::select! {
                Some(address) = receiver.recv() => return Ok(address),
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        tokio::spawn(serve(stream, Arc::clone(&context), sender.clone()));
                    }
                    // The browser closed the connection before it was accepted, and opens another.
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
                    // Accepting again at once would fail for the same reason and take a whole core.
                    // The user waits at the terminal, and can start again or paste the URL.
                    Err(error) => return Err(CallbackError::Accept(error)),
                },
            }
        }
    }
}

/// Why the redirect of a browser cannot be received.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallbackError {
    #[error("the authorization link contains a character that is not allowed in a header")]
    UnusableLink,
    #[error("the callback address on this machine cannot accept a connection: {0}")]
    Accept(#[from] std::io::Error),
}

struct CallbackContext {
    origin: String,
    path: String,
    link: http::HeaderValue,
}

/// Serves one request. The URL is passed on only when the connection has ended: the process may
/// exit as soon as it has the URL, and the browser must have received its page by then.
async fn serve(stream: TcpStream, context: Arc<CallbackContext>, sender: Sender<String>) {
    let came_back = Arc::new(OnceLock::new());
    let answer = (Arc::clone(&context), Arc::clone(&came_back));
    let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
        let response = respond(&request, &answer.0, &answer.1);
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let connection = hyper::server::conn::http1::Builder::new()
        // A browser keeps connections open for minutes, and `serve` ends only with the connection.
        .keep_alive(false)
        .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
    // Browsers open connections in advance and may close them unused: that is not a failure.
    let _ = connection.await;
    if let Some(address) = came_back.get() {
        // If the channel is full, another connection was first, and that one counts.
        let _ = sender.try_send(address.clone());
    }
}

fn respond(
    request: &http::Request<Incoming>,
    context: &CallbackContext,
    came_back: &OnceLock<String>,
) -> http::Response<Full<Bytes>> {
    let path = request.uri().path();
    let mut response = http::Response::new(Full::default());
    if path == context.path {
        let target = request
            .uri()
            .path_and_query()
            .map_or("", |target| target.as_str());
        came_back.get_or_init(|| format!("{}{target}", context.origin));
        *response.body_mut() = Full::new(Bytes::from_static(DONE_PAGE.as_bytes()));
        insert(&mut response, "content-type", "text/html; charset=utf-8");
    } else if path == context.path.replace("/callback/", "/start/") {
        *response.status_mut() = http::StatusCode::FOUND;
        let link = context.link.clone();
        response.headers_mut().insert("location", link);
    } else {
        *response.status_mut() = http::StatusCode::NOT_FOUND;
    }
    // The URL of this page contains the authorization code: it must reach neither another site, as
    // a referrer, nor a cache on disk (RFC 9700, section 4.2.4).
    insert(&mut response, "referrer-policy", "no-referrer");
    insert(&mut response, "cache-control", "no-store");
    response
}

fn insert(response: &mut http::Response<Full<Bytes>>, name: &'static str, value: &'static str) {
    let value = http::HeaderValue::from_static(value);
    response.headers_mut().insert(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn a_link_that_no_header_can_hold_is_an_error() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = CallbackListener::bind(0, "s").await.unwrap();
            let waited = listener.wait_for_redirect("https://x/\ny").await;
            assert!(matches!(waited, Err(CallbackError::UnusableLink)));
        });
    }

    #[test]
    fn the_browser_has_its_page_before_the_address_is_handed_over() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = CallbackListener::bind(0, "s").await.unwrap();
            let redirect = listener.redirect_url();
            let mut browser = TcpStream::connect(listener.listener.local_addr().unwrap())
                .await
                .unwrap();
            let request = b"GET /callback/s?code=1 HTTP/1.1\r\nhost: x\r\n\r\n";
            browser.write_all(request).await.unwrap();
            let address = listener.wait_for_redirect("https://x/").await.unwrap();
            assert_eq!(address, format!("{redirect}?code=1"));
            let mut page = String::new();
            browser.read_to_string(&mut page).await.unwrap();
            assert!(
                page.ends_with(DONE_PAGE) && page.contains("no-store"),
                "{page}"
            );
        });
    }
}
