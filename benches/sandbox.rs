//! How many requests the sandbox answers with its journal on, beside a plain hyper server that
//! returns the same bytes, in the same run; and how much memory it takes after many requests.
//! `cargo bench --bench sandbox`. `INGAM_MEASURE=1` sends a million requests.

#![allow(
    clippy::pedantic,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a benchmark may fail where it stands, and prints its figures"
)]

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use ingam::internals::host::{ClockAndRng, RandomError};
use ingam::internals::load::load;
use ingam::internals::method::Method;
use ingam::internals::render::FreshValues;
use ingam::internals::sandbox::{ListenOptions, RequestJournal, SandboxServer, test_account};
use ingam::internals::sign::{SigningInputs, choose_level, seal};
use ingam::internals::wire::{Draft, DraftBody};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const NOW: i64 = 1_795_338_000_000;
const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;

fn clock() -> i64 {
    NOW
}

fn chance() -> Result<[u8; 16], RandomError> {
    Ok([7; 16])
}

fn on_a_thread<F: Future<Output = ()>>(work: impl FnOnce() -> F + Send + 'static) {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(work());
    });
}

/// The sandbox of a scheme, and a request that it accepts, as bytes.
fn sandbox() -> (String, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let recordings = folder.path().join("fixtures/recordings");
    std::fs::create_dir_all(&recordings).unwrap();
    let text = "format: 2\nscheme: shopee\nexchanges:\n  - request: { get: /api/v2/shop/get_shop_info }\n    response: { status: 200, json: { shop_name: A, region: SG } }\n";
    std::fs::write(recordings.join("shop.yaml"), text).unwrap();
    let loaded = load(folder.path(), 1).unwrap();
    let scheme = Arc::clone(loaded.workspace.scheme("shopee").unwrap());
    let (started, base) = channel();
    let played = Arc::clone(&scheme);
    on_a_thread(move || async move {
        let lines = AtomicU64::new(0);
        let sink = Box::new(move |entry: &ingam::internals::sandbox::JournalLine<'_>| {
            lines.fetch_add(entry.to_text().len() as u64, Ordering::Relaxed);
        });
        let journal = RequestJournal::start(vec!["shopee".to_owned()], Some(sink)).unwrap();
        let options = ListenOptions {
            journal: Some(journal),
            ..ListenOptions::default()
        };
        let nature = ClockAndRng { clock, rng: chance };
        let schemes = [Arc::clone(&played)];
        let sandbox = SandboxServer::start(&loaded.workspace, &schemes, options, nature)
            .await
            .unwrap();
        started
            .send(sandbox.origins.base_url(&played).unwrap())
            .unwrap();
        let _kept = folder;
        std::future::pending::<()>().await;
    });
    let base = base.recv().unwrap();
    let account = test_account(&scheme, "default", None).unwrap();
    let draft = Draft {
        external: None,
        method: Method::Get,
        path: "/api/v2/shop/get_shop_info".to_owned(),
        raw_query: String::new(),
        query: Vec::new(),
        headers: Vec::new(),
        body: DraftBody::None,
    };
    let inputs = SigningInputs {
        credentials: &account,
        token: Some(&account),
        moment: FreshValues {
            unix_ms: NOW,
            seed: [1; 16],
        },
        steps: &[],
        extra: &[],
    };
    let level = choose_level(&scheme, None, draft.method, &draft.path);
    let sealed = seal(&scheme, &level.procedure, draft, &base, inputs).unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {}\r\n\r\n",
        sealed.request.target(),
        base.authority()
    );
    (base.authority().to_owned(), request.into_bytes())
}

/// A server that returns this body to everybody.
fn plain_server(body: Bytes) -> String {
    let (started, authority) = channel();
    on_a_thread(move || async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        started
            .send(listener.local_addr().unwrap().to_string())
            .unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = stream.set_nodelay(true);
            let body = body.clone();
            let service =
                hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let body = body.clone();
                    async move {
                        request.into_body().collect().await.unwrap();
                        let mut response = http::Response::new(Full::new(body));
                        let kind = http::HeaderValue::from_static("application/json");
                        response.headers_mut().insert("content-type", kind);
                        Ok::<_, Infallible>(response)
                    }
                });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(hyper_util::rt::TokioIo::new(stream), service),
            );
        }
    });
    authority.recv().unwrap()
}

/// Sends the request again and again over all connections; how many responses came a second.
fn throughput(authority: &str, request: &[u8], total: u64) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let left = Arc::new(AtomicU64::new(total));
    let begun = Instant::now();
    runtime.block_on(async {
        let tasks = (0..CONNECTIONS).map(|_| {
            let (left, request) = (Arc::clone(&left), request.to_vec());
            let authority = authority.to_owned();
            async move {
                let mut stream = TcpStream::connect(authority).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut buffer = vec![0; 8 << 10];
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                        left.checked_sub(1)
                    })
                    .is_ok()
                {
                    stream.write_all(&request).await.unwrap();
                    read_response(&mut stream, &mut buffer).await;
                }
            }
        });
        futures_util::future::join_all(tasks).await;
    });
    total as f64 / begun.elapsed().as_secs_f64()
}

async fn read_response(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut len = 0;
    loop {
        len += stream.read(&mut buffer[len..]).await.unwrap();
        let text = std::str::from_utf8(&buffer[..len]).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        assert!(head.starts_with("HTTP/1.1 200"), "{text}");
        let announced = head.split("content-length: ").nth(1).unwrap();
        let announced: usize = announced.split("\r\n").next().unwrap().parse().unwrap();
        if body.len() >= announced {
            return;
        }
    }
}

/// Resident memory of this process, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn main() {
    let whole = std::env::var_os("INGAM_MEASURE").is_some();
    let (market, request) = sandbox();
    let plain = plain_server(Bytes::from_static(
        b"{\"shop_name\":\"A\",\"region\":\"SG\"}",
    ));
    let total = if whole { 100_000 } else { 10_000 };
    throughput(&market, &request, 2_000);
    throughput(&plain, &request, 2_000);
    for round in 1..=ROUNDS {
        let (own, other) = (
            throughput(&market, &request, total),
            throughput(&plain, &request, total),
        );
        println!(
            "round {round}: sandbox {own:.0}/s, plain hyper {other:.0}/s, {:.0} %",
            own / other * 100.0
        );
    }
    let before = memory();
    let many = if whole { 1_000_000 } else { 50_000 };
    throughput(&market, &request, many);
    std::thread::sleep(Duration::from_millis(100));
    println!(
        "memory: {before} KiB, and {} KiB after {many} requests more",
        memory()
    );
}
