//! The loopback address that a browser comes back to after an authorization. Whoever does not know
//! its path gets nothing.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, Sender, channel};

const DONE_PAGE: &str = "<!doctype html><meta charset=utf-8><title>ingam</title><p>Back from the marketplace. You can close this page: the rest is in the terminal.";

/// Listens until it is dropped.
pub(crate) struct CallbackListener {
    listener: TcpListener,
    origin: String,
    path: String,
}

impl CallbackListener {
    /// `secret` makes the path one that nobody guesses; port 0 takes a free one.
    ///
    /// # Errors
    /// When the port is taken.
    pub(crate) async fn bind(port: u16, secret: &str) -> std::io::Result<Self> {
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

    /// A page that leads to a link: a link that is an argument of a browser can be seen by every
    /// process of the machine.
    #[must_use]
    pub(crate) fn start_url(&self) -> String {
        self.redirect_url().replace("/callback/", "/start/")
    }

    /// Waits for the browser; gives the whole address that it came back to.
    pub(crate) async fn wait_for_redirect(self, link: &str) -> Option<String> {
        let (sender, mut receiver): (Sender<String>, Receiver<String>) = channel(1);
        let door = Arc::new(CallbackContext {
            sender,
            origin: self.origin,
            path: self.path,
            link: link.to_owned(),
        });
        let accept = async {
            loop {
                let Ok((stream, _)) = self.listener.accept().await else {
                    continue;
                };
                let door = Arc::clone(&door);
                let service = hyper::service::service_fn(move |request| {
                    handle_request(request, Arc::clone(&door))
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
                tokio::spawn(async move {
                    // A browser that opens a connection for nothing is no fault.
                    let _ = connection.await;
                });
            }
        };
        tokio::select! {
            address = receiver.recv() => {
                // The page that says so must leave before the process does.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                address
            }
            () = accept => None,
        }
    }
}

struct CallbackContext {
    sender: Sender<String>,
    origin: String,
    path: String,
    link: String,
}

#[expect(clippy::unused_async, reason = "hyper asks for a future")]
async fn handle_request(
    request: http::Request<Incoming>,
    door: Arc<CallbackContext>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    let response = http::Response::builder()
        .header("referrer-policy", "no-referrer")
        .header("cache-control", "no-store");
    let built = if path == door.path {
        let target = request
            .uri()
            .path_and_query()
            .map_or("", |target| target.as_str());
        let _ = door.sender.try_send(format!("{}{target}", door.origin));
        response
            .header("content-type", "text/html; charset=utf-8")
            .body(Full::new(Bytes::from_static(DONE_PAGE.as_bytes())))
    } else if path == door.path.replace("/callback/", "/start/") {
        response
            .status(302)
            .header("location", door.link.as_str())
            .body(Full::default())
    } else {
        response.status(404).body(Full::default())
    };
    Ok(built.unwrap_or_default())
}
