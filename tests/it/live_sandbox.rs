//! A sandbox as `ingam sandbox` starts it, with a journal, and a plain client that can send any
//! bytes.

use super::program::Folder;
use ingam::internals::host::{ClockAndRng, RandomError};
use ingam::internals::load::load;
use ingam::internals::method::Method;
use ingam::internals::model::scheme::Scheme;
use ingam::internals::render::FreshValues;
use ingam::internals::sandbox::{
    ControlGuard, ListenOptions, RequestJournal, SandboxServer, test_account,
};
use ingam::internals::sign::{NamedValues, SigningInputs, choose_level, seal};
use ingam::internals::value::{Value, parse};
use ingam::internals::wire::{BaseUrl, Draft, DraftBody, WireRequest, parse_form};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};

/// The time of this machine in these tests, in Unix milliseconds.
pub(crate) const NOW: i64 = 1_795_338_000_000;

fn clock() -> i64 {
    NOW
}

/// Tokens must differ, and nothing else matters.
fn chance() -> Result<[u8; 16], RandomError> {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut seed = [7; 16];
    seed[..8].copy_from_slice(&count.to_le_bytes());
    Ok(seed)
}

pub(crate) struct LiveSandbox {
    pub(crate) folder: Folder,
    pub(crate) scheme: Arc<Scheme>,
    pub(crate) account: NamedValues,
    base: BaseUrl,
    /// The lines that the sandbox wrote.
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        parse(self.body.as_bytes()).unwrap()
    }
}

impl LiveSandbox {
    /// One marketplace of Shopee, with one recorded request.
    pub(crate) fn open(guard: ControlGuard) -> Self {
        let folder = Folder::new();
        folder.write(
            "fixtures/recordings/shop.yaml",
            &recording("/api/v2/shop/get_shop_info", "one"),
        );
        Self::open_in(folder, "shopee", guard)
    }

    pub(crate) fn open_in(folder: Folder, scheme: &str, guard: ControlGuard) -> Self {
        // Only the schemes that files name are decoded.
        let accounts =
            format!("envs: {{ sandbox: {{ accounts: {{ {scheme}: {{ default: {{}} }} }} }} }}\n");
        folder.write("ingam.yaml", &accounts);
        let loaded = load(folder.path(), 1).unwrap();
        assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
        let scheme = Arc::clone(loaded.workspace.scheme(scheme).unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&lines);
        let journal = RequestJournal::start(
            vec![scheme.name.clone()],
            Some(Box::new(move |entry| {
                seen.lock().unwrap().push(entry.to_text());
            })),
        )
        .unwrap();
        let options = ListenOptions {
            guard,
            journal: Some(journal),
            ..ListenOptions::default()
        };
        let (started, base) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let played = Arc::clone(&scheme);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let schemes = [Arc::clone(&played)];
                let nature = ClockAndRng { clock, rng: chance };
                let sandbox = SandboxServer::start(&loaded.workspace, &schemes, options, nature)
                    .await
                    .unwrap();
                started
                    .send(sandbox.origins.base_url(&played).unwrap())
                    .unwrap();
                let _ = stopped.await;
            });
        });
        Self {
            account: test_account(&scheme, "default", None).unwrap(),
            base: base.recv().unwrap(),
            folder,
            scheme,
            lines,
            stop: Some(stop),
        }
    }

    /// A right request, at the time of the tests.
    pub(crate) fn signed(&self, method: Method, target: &str, at_ms: i64) -> WireRequest {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let draft = Draft {
            external: None,
            method,
            path: path.to_owned(),
            raw_query: String::new(),
            query: parse_form(query),
            headers: Vec::new(),
            body: DraftBody::None,
        };
        let level = choose_level(&self.scheme, None, method, path);
        let inputs = SigningInputs {
            credentials: &self.account,
            token: Some(&self.account),
            moment: FreshValues {
                unix_ms: at_ms,
                seed: [1; 16],
            },
            steps: &[],
            extra: &[],
        };
        seal(&self.scheme, &level.procedure, draft, &self.base, inputs)
            .unwrap()
            .request
    }

    /// Sends a right request.
    pub(crate) fn get(&self, target: &str) -> Answer {
        let request = self.signed(Method::Get, target, NOW);
        self.send(&request, request.target())
    }

    /// Sends a request with another target than the one that was signed.
    pub(crate) fn send(&self, request: &WireRequest, target: &str) -> Answer {
        let headers = request.headers().iter();
        let headers: Vec<(&str, &str)> = headers
            .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.http(request.method().name(), target, &headers, request.body())
    }

    /// `GET requests?verdict=refused`
    pub(crate) fn control(&self, line: &str, body: &str) -> Answer {
        let (method, name) = line.split_once(' ').unwrap();
        self.http(method, &format!("/.ingam/{name}"), &[], body.as_bytes())
    }

    /// Sends these bytes; the `Host` is that of the sandbox unless a header says otherwise.
    pub(crate) fn http(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_http(method, target, headers, body).unwrap()
    }

    /// `None` if the connection was closed without a response.
    pub(crate) fn try_http(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        let has_host = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = (!has_host).then_some(("host", self.base.authority()));
        for (name, value) in headers.iter().copied().chain(host) {
            if !name.eq_ignore_ascii_case("content-length") {
                request.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        let mut stream = TcpStream::connect(self.base.authority()).unwrap();
        stream
            .write_all(format!("{request}\r\n").as_bytes())
            .unwrap();
        stream.write_all(body).unwrap();
        let mut received = Vec::new();
        let _ = stream.read_to_end(&mut received);
        let text = String::from_utf8(received).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        Some(Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        })
    }
}

impl Drop for LiveSandbox {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// A recording of one request of Shopee.
pub(crate) fn recording(path: &str, name: &str) -> String {
    format!(
        "format: 2\nscheme: shopee\nexchanges:\n  - request:\n      get: {path}\n    response:\n      status: 200\n      json: {{ name: \"{name}\" }}\n"
    )
}
