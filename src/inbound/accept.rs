//! Accepts connections until the runtime stops, also when the machine has no resources for one.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// The pause before the next connection is accepted, after the machine had no resources for one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Hands every connection, with the address of its client, to `serve`, which must not block.
pub(crate) async fn accept_connections(
    listener: TcpListener,
    serve: impl Fn(TcpStream, SocketAddr),
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Header and body are two writes. With Nagle's algorithm the second one waits until
                // the client has acknowledged the first, which a client that delays
                // acknowledgements does after 40 ms. A socket that refuses the option is slower and
                // not wrong.
                let _ = stream.set_nodelay(true);
                serve(stream, peer);
            }
            Err(error) => {
                if let Some(pause) = accept_pause(&error) {
                    tokio::time::sleep(pause).await;
                }
            }
        }
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
}
