//! Clients that open a connection and do not go on.

use super::*;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;

/// Longer than any test, for the timeouts that a test is not about.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(10);
const LONG_TIMEOUTS: ClientTimeouts = ClientTimeouts {
    head: LONG,
    first_head: LONG,
    body: LONG,
    write: LONG,
};

/// A connection of a client, served with these timeouts, and the calls that it makes.
async fn connect(
    timeouts: ClientTimeouts,
) -> (TcpStream, UnboundedReceiver<ClientCall>, StopSender) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (client, accepted) = tokio::join!(client, listener.accept());
    let (calls, arriving) = unbounded_channel();
    let (stopper, ending) = stop_channel();
    let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
    let (stream, _) = accepted.unwrap();
    tokio::spawn(serve_connection(stream, calls, ending, (permit, timeouts)));
    (client.unwrap(), arriving, stopper)
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, what).await.unwrap()
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let timeouts = ClientTimeouts {
        first_head: SHORT,
        ..LONG_TIMEOUTS
    };
    let (mut client, _calls, _stopper) = connect(timeouts).await;
    assert!(within(client.read_u8()).await.is_err());
}

#[tokio::test]
async fn a_client_that_stops_within_the_head_of_a_request_is_cut_off() {
    let timeouts = ClientTimeouts {
        head: SHORT,
        ..LONG_TIMEOUTS
    };
    let (mut client, _calls, _stopper) = connect(timeouts).await;
    client.write_all(b"GET /x HTTP/1.1\r\nhost:").await.unwrap();
    let mut response = Vec::new();
    // hyper can say why before it closes the connection.
    let _ = within(client.read_to_end(&mut response)).await;
    assert!(!response.starts_with(b"HTTP/1.1 200"), "{response:?}");
}

#[tokio::test]
async fn a_client_that_stops_within_a_body_gets_an_error_in_its_place() {
    let (mut client, mut calls, _stopper) = connect(LONG_TIMEOUTS).await;
    let head = b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf";
    client.write_all(head).await.unwrap();
    let call = within(calls.recv()).await.unwrap();
    let body = within(read_body(call.request.into_body(), 9, SHORT)).await;
    assert_eq!(body, Err(CallError::BodyTimeout { seconds: 0 }));
}

/// The body is dropped with the connection, and with it that to the marketplace.
#[tokio::test]
async fn a_client_that_stops_reading_is_cut_off() {
    let timeouts = ClientTimeouts {
        write: SHORT,
        ..LONG_TIMEOUTS
    };
    let (mut client, mut calls, _stopper) = connect(timeouts).await;
    let head = b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
    client.write_all(head).await.unwrap();
    let call = within(calls.recv()).await.unwrap();
    let (alive, dropped) = oneshot::channel::<()>();
    let endless = stream::unfold(alive, |alive| async move {
        let frame = Frame::data(Bytes::from_static(&[b' '; 8_192]));
        Some((Ok(frame), alive))
    });
    let response = http::Response::new(StreamBody::new(endless).boxed_unsync());
    assert!(call.reply.send(response).is_ok());
    assert!(within(dropped).await.is_err());
    drop(client);
}
