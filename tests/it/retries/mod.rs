//! What is sent again and what is not, as the marketplace sees it: a server of the loopback
//! interface counts what arrives, and fails in every way. `INGAM_MEASURE=1` runs the counts in
//! full, otherwise a tenth.

mod conditions;
mod flows;
mod for_each;
mod page_links;
mod pages;
mod poll;
mod reads;
mod writes;

use super::program::{Folder, ingam, text};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub at: Instant,
    /// Everything up to the empty line.
    pub head: String,
}

impl Arrived {
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        let named = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value)
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Status, more headers with their line ends, body.
    Answer(u16, String, String),
    /// The connection is reset once a byte of the request has come.
    ResetAtFirstByte,
    ResetAfterAll,
    /// The answer says nothing of it.
    AnswerAndClose,
    HalfAnAnswer,
    Garbage,
    /// Nothing, until the client gives up.
    Silence,
}

pub(crate) fn ok(body: &str) -> Act {
    Act::Answer(200, String::new(), body.to_owned())
}

pub(crate) fn status(status: u16) -> Act {
    Act::Answer(status, String::new(), "{}".to_owned())
}

/// A server that answers every request as `act` says, by the number of the request and what
/// arrived.
pub(crate) struct Server {
    pub origin: String,
    seen: Arc<Mutex<Vec<Arrived>>>,
}

type Acts = dyn Fn(usize, &Arrived) -> Act + Send + Sync;

impl Server {
    pub(crate) fn start(act: impl Fn(usize, &Arrived) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Arrived>>> = Arc::default();
        let (all, act): (_, Arc<Acts>) = (Arc::clone(&seen), Arc::new(act));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (all, act) = (Arc::clone(&all), Arc::clone(&act));
                std::thread::spawn(move || serve(stream.unwrap(), &all, &*act));
            }
        });
        Self { origin, seen }
    }

    /// The same acts, one after the other; the last one again and again.
    pub(crate) fn in_turn(acts: Vec<Act>) -> Self {
        Self::start(move |number, _| acts[number.min(acts.len() - 1)].clone())
    }

    pub(crate) fn seen(&self) -> Vec<Arrived> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Arrived>>, act: &Acts) -> Option<()> {
    stream.set_nodelay(true).unwrap();
    loop {
        let mut first = [0; 1];
        stream.read(&mut first).ok().filter(|read| *read > 0)?;
        let at = Instant::now();
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(Arrived {
                at,
                head: String::new(),
            });
            seen.len() - 1
        };
        let early = act(
            number,
            &Arrived {
                at,
                head: String::new(),
            },
        );
        if matches!(early, Act::ResetAtFirstByte) {
            return reset(&stream);
        }
        let head = head_after(first[0], &mut stream)?;
        let arrived = Arrived { at, head };
        seen.lock().unwrap()[number] = arrived.clone();
        match act(number, &arrived) {
            Act::Answer(status, headers, body) => {
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}");
                stream
                    .write_all(
                        format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes(),
                    )
                    .ok()?;
            }
            Act::ResetAfterAll | Act::ResetAtFirstByte => return reset(&stream),
            Act::AnswerAndClose => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                    .ok()?;
                return stream.shutdown(Shutdown::Both).ok();
            }
            Act::HalfAnAnswer => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":")
                    .ok()?;
                return stream.shutdown(Shutdown::Both).ok();
            }
            Act::Garbage => {
                stream
                    .write_all(b"\x15\x03\x01 this is no HTTP\r\n\r\n")
                    .ok()?;
                return stream.shutdown(Shutdown::Both).ok();
            }
            Act::Silence => {
                // Ends when the client closes.
                let _ = stream.read(&mut [0; 1]);
                return None;
            }
        }
    }
}

/// Closes a connection so that the other side sees a reset.
fn reset(stream: &TcpStream) -> Option<()> {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).ok()
}

/// The rest of the head, and past the body.
fn head_after(first: u8, stream: &mut TcpStream) -> Option<String> {
    let mut head = vec![first];
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0; 1];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    Some(head)
}

/// A workspace whose environment `local` is the server.
pub(crate) fn workspace(origin: &str, files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    let hosts = format!("{{ none: \"{origin}\", coupang: \"{origin}\" }}");
    folder.write(
        "ingam.yaml",
        &format!("envs: {{ local: {{ hosts: {hosts} }} }}\n"),
    );
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

pub(crate) fn command(folder: &Folder, args: &[&str]) -> std::process::Command {
    let mut command = ingam(folder.path());
    command
        .env("INGAM_COUPANG__ACCESS_KEY", "access-key-1")
        .env("INGAM_COUPANG__SECRET_KEY", "secret-key-1");
    command.args(args);
    command
}

/// Everything printed, and the exit code.
pub(crate) fn run(folder: &Folder, more: &[&str]) -> (String, i32) {
    let args = [&["run", "--env", "local"], more].concat();
    let (stdout, stderr, code) = text(&command(folder, &args).output().unwrap());
    (stdout + &stderr, code)
}

/// Runs with what is recorded alone.
pub(crate) fn replay(folder: &Folder, more: &[&str]) -> (String, i32) {
    let (stdout, stderr, code) = text(
        &command(folder, &[&["run", "--replay"], more].concat())
            .output()
            .unwrap(),
    );
    (stdout + &stderr, code)
}
