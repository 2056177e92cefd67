//! Stands between a client library and a marketplace of the sandbox: passes every byte on, notes
//! whether the marketplace accepted the call, and returns what the library expects of a success.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A driver posts the name of its next call here, and below it the body of a success.
const NEXT_CALL: &str = "POST /.next-call ";

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) call: String,
    /// Method and path, for messages.
    pub(crate) request: String,
    /// The status and body of a refusal.
    pub(crate) refusal: Option<String>,
}

#[derive(Default)]
struct RelayState {
    call: String,
    answer: String,
    arrivals: Vec<Arrival>,
}

pub(crate) struct Relay {
    pub(crate) origin: String,
    state: Arc<Mutex<RelayState>>,
}

impl Relay {
    /// Passes requests on to `market`, an origin.
    pub(crate) fn start(market: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let market = market.strip_prefix("http://").unwrap().to_owned();
        let state = Arc::new(Mutex::new(RelayState::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (market, state) = (market.clone(), Arc::clone(&shared));
                std::thread::spawn(move || serve(client.unwrap(), &market, &state));
            }
        });
        Self { origin, state }
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.state.lock().unwrap().arrivals.clone()
    }
}

/// Every request of one connection. A library that keeps it open ends it when its process ends.
fn serve(mut client: TcpStream, market: &str, state: &Mutex<RelayState>) {
    while let Some(request) = read_message(&mut client, true) {
        let response = if request.starts_with(NEXT_CALL.as_bytes()) {
            next_call(&request, state)
        } else {
            pass_on(&request, market, state)
        };
        if client.write_all(&response).is_err() {
            return;
        }
    }
}

fn next_call(request: &[u8], state: &Mutex<RelayState>) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    let (call, answer) = parts(&text).1.split_once('\n').unwrap();
    let mut state = state.lock().unwrap();
    call.clone_into(&mut state.call);
    answer.clone_into(&mut state.answer);
    success("")
}

fn pass_on(request: &[u8], market: &str, state: &Mutex<RelayState>) -> Vec<u8> {
    let mut market = TcpStream::connect(market).unwrap();
    market.write_all(request).unwrap();
    let has_body = !request.starts_with(b"HEAD ");
    let response = read_message(&mut market, has_body).unwrap();
    let text = String::from_utf8_lossy(&response).into_owned();
    let (head, body) = parts(&text);
    let status = head.split(' ').nth(1).unwrap();
    let is_verified = head.contains("\r\nx-ingam-no-recording:");
    let issued = status == "200"
        && ["\"access_token\":\"", "\"accessToken\":\""]
            .iter()
            .any(|member| body.contains(member));
    let line = String::from_utf8_lossy(request);
    let mut words = line.split(' ');
    let method = words.next().unwrap();
    let path = words.next().unwrap().split('?').next().unwrap();
    let mut state = state.lock().unwrap();
    // The controls and the page that an authorization link leads to are no calls of a library.
    if !path.starts_with("/.ingam/") && !head.contains("content-type: text/html") {
        let call = state.call.clone();
        state.arrivals.push(Arrival {
            call,
            request: format!("{method} {path}"),
            refusal: (!is_verified && !issued).then(|| format!("{status} {body}")),
        });
    }
    if is_verified {
        success(&state.answer)
    } else {
        response
    }
}

fn success(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Head and body.
fn parts(text: &str) -> (&str, &str) {
    text.split_once("\r\n\r\n").unwrap()
}

/// A request or a response as its bytes; `None` if the connection ended before it was whole.
fn read_message(stream: &mut TcpStream, has_body: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16_384];
    loop {
        if is_whole(&bytes, has_body) {
            return Some(bytes);
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn is_whole(bytes: &[u8], has_body: bool) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let body = &bytes[end + 4..];
    if !has_body {
        return true;
    }
    if head.contains("\r\ntransfer-encoding: chunked") {
        return body.ends_with(b"0\r\n\r\n");
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    length.is_none_or(|length| body.len() >= length.trim().parse().unwrap())
}
