//! Recording and replay as users have them: a marketplace on the loopback interface is recorded,
//! taken away, and replayed.

mod bodies;
mod broken;
mod charsets;
mod concurrent_processes;
mod exactness;
mod headers;
mod leaks;
mod lifecycle;
mod maintenance;
mod matching;
mod skeleton;

use super::program::{Folder, ingam, text};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A request as it arrived.
pub(crate) struct Arrived {
    pub target: String,
    /// Names in lower case; of several of one name the last one.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// An answer: status, headers, body.
pub(crate) type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// A server of the loopback interface; how many requests it has seen.
#[derive(Clone)]
pub(crate) struct Server {
    pub origin: String,
    seen: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Arrived) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (seen, answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(answer));
        let server = Self {
            origin,
            seen: Arc::clone(&seen),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream.unwrap(), &*answer, &seen));
            }
        });
        server
    }

    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, answer: &dyn Fn(&Arrived) -> Answer, seen: &AtomicUsize) -> Option<()> {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut out = stream;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let target = line.split(' ').nth(1)?.to_owned();
        let (mut length, mut headers) = (0, BTreeMap::new());
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            if header.trim().is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').unwrap();
            let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
            if name == "content-length" {
                length = value.parse().unwrap();
            }
            headers.insert(name, value);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        seen.fetch_add(1, Ordering::SeqCst);
        let (status, headers, body) = answer(&Arrived {
            target,
            headers,
            body,
        });
        let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
        headers
            .iter()
            .for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        out.write_all(format!("{head}\r\n").as_bytes()).ok()?;
        out.write_all(&body).ok()?;
    }
}

/// An answer in JSON.
pub(crate) fn json(body: &str) -> Answer {
    (
        200,
        vec![("content-type".to_owned(), "application/json".to_owned())],
        body.as_bytes().to_vec(),
    )
}

/// A workspace whose environment `local` is the server, for plain requests and for two
/// marketplaces.
pub(crate) fn workspace(server: &Server) -> Folder {
    let folder = Folder::new();
    let origin = &server.origin;
    folder.write(
        "ingam.yaml",
        &format!(
            "envs:\n  local:\n    hosts: {{ none: \"{origin}\", coupang: \"{origin}\", shopee: \"{origin}\" }}\n    accounts:\n      \
             shopee: {{ sg: {{ shop_id: 123 }} }}\n"
        ),
    );
    folder
}

pub(crate) const KEYS: [(&str, &str); 6] = [
    ("INGAM_COUPANG__ACCESS_KEY", "access-key-1"),
    ("INGAM_COUPANG__SECRET_KEY", "secret-key-1"),
    ("INGAM_COUPANG__VENDOR_ID", "A1"),
    ("INGAM_SHOPEE__PARTNER_ID", "1000001"),
    ("INGAM_SHOPEE__PARTNER_KEY", "partner-key-1"),
    ("INGAM_SHOPEE__ACCESS_TOKEN", "access-token-1"),
];

/// Runs the program with keys; what it prints, and its exit code.
pub(crate) fn run(folder: &Folder, args: &[&str]) -> (String, i32) {
    run_with(folder, args, &KEYS)
}

pub(crate) fn run_with(folder: &Folder, args: &[&str], env: &[(&str, &str)]) -> (String, i32) {
    let mut command = ingam(folder.path());
    command.args(args).envs(env.iter().copied());
    let (stdout, stderr, code) = text(&command.output().unwrap());
    (format!("{stdout}{stderr}"), code)
}

pub(crate) fn record(folder: &Folder) -> String {
    let (output, code) = run(folder, &["run", "--env", "local", "--record"]);
    assert_eq!(code, 0, "{output}");
    output
}

/// Every file below a folder with its bytes, in order.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}
