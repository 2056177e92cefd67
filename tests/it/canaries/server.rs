//! A marketplace that hands two secrets out and sends canaries back, ten in a response.

use super::CANARIES;
use super::spellings::{Spelling, groups};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where in a response a canary stands.
pub(super) const SHAPES: [&str; 7] = [
    "json", "nested", "text", "form", "html", "header", "redirect",
];

pub(super) struct Marketplace {
    pub(super) origin: String,
    /// How far `/echo/N` is from the group of that number.
    shift: Arc<AtomicUsize>,
}

impl Marketplace {
    pub(super) fn start(spellings: &[Spelling]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let shift = Arc::new(AtomicUsize::new(0));
        let responses = Arc::new(Responses {
            texts: groups(spellings),
            things: AtomicUsize::new(0),
            shift: Arc::clone(&shift),
        });
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let responses = Arc::clone(&responses);
                std::thread::spawn(move || responses.serve(stream.unwrap()));
            }
        });
        Self { origin, shift }
    }

    /// From now on every response holds the next ten spellings.
    pub(super) fn shift(&self) {
        self.shift.fetch_add(1, Ordering::SeqCst);
    }
}

struct Responses {
    texts: Vec<String>,
    things: AtomicUsize,
    shift: Arc<AtomicUsize>,
}

impl Responses {
    fn serve(&self, mut stream: TcpStream) {
        let (mut seen, mut buffer) = (Vec::new(), vec![0; 65_536]);
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            seen.extend_from_slice(&buffer[..read]);
            let head = String::from_utf8_lossy(&seen).into_owned();
            if !head.contains("\r\n\r\n") {
                continue;
            }
            seen.clear();
            let target = head.split(' ').nth(1).unwrap_or_default();
            let (status, headers, body) = self.respond(target);
            let head = format!(
                "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n",
                body.len()
            );
            if stream.write_all((head + &body).as_bytes()).is_err() {
                return;
            }
        }
    }

    fn respond(&self, target: &str) -> (&'static str, String, String) {
        let json = "content-type: application/json\r\n".to_owned();
        let path = target.split('?').next().unwrap();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts[..] {
            ["login"] => {
                let body = serde_json::json!({
                    "access_token": CANARIES[3].value, "restricted": CANARIES[4].value
                });
                ("200 OK", json, body.to_string())
            }
            ["thing"] => {
                let id = self.things.fetch_add(1, Ordering::SeqCst);
                let leak = &self.texts[id % self.texts.len()];
                let body = serde_json::json!({ "id": id, "leak": leak });
                ("200 OK", json, body.to_string())
            }
            ["large"] => {
                let filler = "nothing of note ".repeat(4_096);
                let body = self.texts.join("\n") + "\n" + &filler;
                ("200 OK", "content-type: text/plain\r\n".to_owned(), body)
            }
            ["echo", n, shape] => {
                let n: usize = n.parse().unwrap();
                let n = n + self.shift.load(Ordering::SeqCst);
                echo(shape, &self.texts[n % self.texts.len()])
            }
            _ => ("200 OK", json, "{}".to_owned()),
        }
    }
}

fn echo(shape: &str, text: &str) -> (&'static str, String, String) {
    let of_type = |kind: &str| format!("content-type: {kind}\r\n");
    let line = text.replace(['\r', '\n'], " ");
    let json = serde_json::json!({ "spelling": text, "n": 1 }).to_string();
    match shape {
        "json" => ("200 OK", of_type("application/json"), json),
        "nested" => {
            let body = serde_json::json!({ "spelling": json, text: [text] });
            ("200 OK", of_type("application/json"), body.to_string())
        }
        "text" => ("200 OK", of_type("text/plain"), text.to_owned()),
        "form" => (
            "200 OK",
            of_type("application/x-www-form-urlencoded"),
            format!("a=1&spelling={}", percent(text)),
        ),
        "html" => (
            "200 OK",
            of_type("text/html"),
            format!("<p title=\"{0}\">{0}</p>", html(text)),
        ),
        "header" => (
            "200 OK",
            format!(
                "{}x-echo: {line}\r\nset-cookie: sid={line}; Path=/\r\n",
                of_type("application/json")
            ),
            "{\"spelling\":1}".to_owned(),
        ),
        "redirect" => (
            "302 Found",
            format!(
                "{}location: https://other.example/?sent={}\r\n",
                of_type("application/json"),
                percent(text)
            ),
            "{\"spelling\":1}".to_owned(),
        ),
        other => unreachable!("{other}"),
    }
}

pub(super) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

pub(super) fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
