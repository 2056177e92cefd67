//! Servers of the tests that speak TLS, and a proxy. Their certificates were made by `make.sh`.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What arrived, one text for each request, or each connection of a proxy.
pub(crate) type Seen = Arc<Mutex<Vec<String>>>;

/// A file of this folder.
pub(crate) fn pem(name: &str) -> PathBuf {
    super::program::root().join("tests/it/tls").join(name)
}

pub(crate) fn pem_text(name: &str) -> String {
    std::fs::read_to_string(pem(name)).unwrap()
}

/// A server with the certificate `server.pem`; with `wants_client`, only for clients that have a
/// certificate of the same authority. It answers every request with `answer`.
pub(crate) fn https_server(wants_client: bool, answer: &'static str) -> (u16, Seen) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if wants_client {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(pem("ca.pem")).unwrap())
            .unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let certificates = vec![CertificateDer::from_pem_file(pem("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(pem("server.key")).unwrap();
    let config = Arc::new(builder.with_single_cert(certificates, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            // A client that refuses the certificate ends here.
            if let Some(request) = read_request(&mut stream) {
                log.lock().unwrap().push(request);
                let _ = stream.write_all(answer.as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (port, seen)
}

/// Head and body of a request; `None` if the connection ended before.
pub(crate) fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// A proxy that opens a connection for `CONNECT` and passes plain requests on. With `password`, the
/// value of `proxy-authorization`, only for those who know it.
pub(crate) fn proxy(password: Option<&'static str>) -> (u16, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (log, stream) = (Arc::clone(&log), stream.unwrap());
            std::thread::spawn(move || pass_on(stream, password, &log));
        }
    });
    (port, seen)
}

fn pass_on(mut client: TcpStream, password: Option<&str>, log: &Seen) {
    let Some(request) = read_request(&mut client) else {
        return;
    };
    log.lock().unwrap().push(request.clone());
    let knows = password.is_none_or(|password| request.contains(password));
    if !knows {
        let _ = client.write_all(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
        return;
    }
    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    // `http://host:port/path` of a plain request, `host:port` of a tunnel.
    let authority = target
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap();
    let Ok(mut server) = TcpStream::connect(authority.replace("localhost", "127.0.0.1")) else {
        let _ = client.write_all(
            b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
        return;
    };
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    } else {
        server.write_all(request.as_bytes()).unwrap();
    }
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Write);
}
