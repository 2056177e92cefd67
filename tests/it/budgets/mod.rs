//! Budgets, seen from a marketplace: a loopback server that notes when calls arrive, and the
//! program in many processes. `INGAM_MEASURE=1` runs the counts in full, otherwise a tenth.

mod answers;
mod counts;
mod messages;
mod postgres;
mod speed;
mod token_requests;

use super::program::{Folder, ingam, text};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// It may stand in no file of the store.
pub(crate) const KEY: &str = "canary-access-key-0017";

/// One call that has arrived.
#[derive(Clone)]
pub(crate) struct Arrival {
    pub path: String,
    pub at: Instant,
}

/// What is answered, whole: from the path, and how many calls to it came before.
type Answer = dyn Fn(&str, usize) -> String + Send + Sync;

pub(crate) fn ok(_: &str, _: usize) -> String {
    answer("200 OK", "")
}

pub(crate) fn answer(status: &str, headers: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    )
}

/// A marketplace that answers everything and notes it.
pub(crate) struct TestMarketplace {
    pub folder: Folder,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    pub env: Vec<(String, String)>,
}

impl TestMarketplace {
    /// With these limits, as YAML.
    pub(crate) fn new(limits: &str) -> Self {
        Self::with(limits, ok)
    }

    pub(crate) fn with(
        limits: &str,
        answer: impl Fn(&str, usize) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let arrivals: Arc<Mutex<Vec<Arrival>>> = Arc::default();
        let (noted, answer): (_, Arc<Answer>) = (Arc::clone(&arrivals), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &noted, &*answer));
            }
        });
        let folder = Folder::new();
        folder.write("schemes/mall.yaml", &scheme(port, limits));
        std::fs::create_dir(folder.path().join("home")).unwrap();
        Self {
            folder,
            arrivals,
            env: Vec::new(),
        }
    }

    /// A request file with so many cases, each a call of its own.
    pub(crate) fn request(&self, name: &str, line: &str, cases: usize) {
        let cases: Vec<String> = (0..cases)
            .map(|index| format!("c{index}: {{ n: {index} }}"))
            .collect();
        let text = format!(
            "scheme: mall\n{line}\nquery: {{ n: \"{{{{ n }}}}\" }}\ntimeout: 1s\ncases: {{ {} }}\n",
            cases.join(", ")
        );
        self.folder.write(&format!("requests/{name}.yaml"), &text);
    }

    pub(crate) fn ingam(&self, args: &[&str]) -> Command {
        let mut command = ingam(self.folder.path());
        command
            .args(args)
            .env("HOME", self.home())
            .env("INGAM_MALL__ACCESS_KEY", KEY);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Everything printed, and the exit code.
    pub(crate) fn run(&self, args: &[&str]) -> (String, i32) {
        let (stdout, stderr, code) = text(&self.ingam(args).output().unwrap());
        (stdout + &stderr, code)
    }

    pub(crate) fn live(&self, name: &str, more: &[&str]) -> (String, i32) {
        let at_once: &[&str] = if more.contains(&"--wait") {
            &[]
        } else {
            &["--wait", "0s"]
        };
        self.run(&[&["run", name, "--env", "live"], more, at_once].concat())
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn budget_folder(&self) -> PathBuf {
        self.home().join(".local/state/ingam/budget")
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        let mut arrivals = self.arrivals.lock().unwrap().clone();
        arrivals.sort_by_key(|arrival| arrival.at);
        arrivals
    }

    /// How many calls have arrived at most in any window of this length.
    pub(crate) fn most_within(&self, window: Duration) -> usize {
        let times: Vec<Instant> = self.arrivals().iter().map(|arrival| arrival.at).collect();
        let within = |first: usize| {
            times[first..]
                .iter()
                .take_while(|at| at.duration_since(times[first]) < window)
                .count()
        };
        (0..times.len()).map(within).max().unwrap_or(0)
    }
}

fn scheme(port: u16, limits: &str) -> String {
    format!(
        "scheme: mall
credentials: {{ access_key: {{}} }}
hosts: {{ live: \"http://127.0.0.1:{port}\" }}
attach: {{ headers: {{ x-key: \"{{{{ cred.access_key }}}}\" }} }}
limits: {limits}
errors:
  - {{ status: 403, kind: rate_limit, then: block, hint: the account is blocked for a day }}
  - {{ status: 429, kind: rate_limit, then: back_off }}
"
    )
}

/// Answers calls without bodies, one after the other, as long as the connection lives.
fn serve(mut stream: TcpStream, noted: &Mutex<Vec<Arrival>>, answer: &Answer) {
    let _ = stream.set_nodelay(true);
    let (mut held, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(count) => held.extend_from_slice(&piece[..count]),
        }
        while let Some(end) = held.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&held[..end]).into_owned();
            held.drain(..end + 4);
            let path = head
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .split('?')
                .next()
                .unwrap()
                .to_owned();
            let before = {
                let mut noted = noted.lock().unwrap();
                noted.push(Arrival {
                    path: path.clone(),
                    at: Instant::now(),
                });
                noted.iter().filter(|other| other.path == path).count() - 1
            };
            if stream.write_all(answer(&path, before).as_bytes()).is_err() {
                return;
            }
        }
    }
}
