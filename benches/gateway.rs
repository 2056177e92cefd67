//! What `ingam gateway` adds to a call, beside a plain hyper reverse proxy in the same run: latency
//! of one client, and calls a second of 64. Each proxy is a process of its own with one thread; the
//! marketplace is a plain server in this process. `cargo bench --bench gateway`; `INGAM_MEASURE=1`
//! sends ten times as much. At the end it prints the medians, and how many times the cost of the plain
//! proxy they are.

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
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = "key-of-the-gateway-in-this-benchmark";
const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const BODY: &[u8] = b"{\"shop_name\":\"A\",\"region\":\"SG\",\"error\":\"\",\"message\":\"\"}";
/// A scheme without a signature, whose calls are counted. Its limit is never reached.
const COUNTED: &str = "scheme: counted\nhosts: { live: \"https://host.invalid\" }\nlimits: [{ rate: 6000000/1m, burst: 1000000 }]\n";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

type PlainRequest = http::Request<hyper::body::Incoming>;

/// Accepts connections for ever.
async fn serve<F, B>(
    listener: TcpListener,
    answer: impl Fn(PlainRequest) -> F + Clone + Send + 'static,
) where
    F: Future<Output = http::Response<B>> + Send + 'static,
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = stream.set_nodelay(true);
        let answer = answer.clone();
        let service = hyper::service::service_fn(move |request: PlainRequest| {
            let response = answer(request);
            async move { Ok::<_, Infallible>(response.await) }
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

/// A marketplace that returns one body to everybody.
fn marketplace() -> String {
    let (started, authority) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            started.send(address).unwrap();
            let answer = |request: PlainRequest| async move {
                request.into_body().collect().await.unwrap();
                let mut response = http::Response::new(Full::new(Bytes::from_static(BODY)));
                let kind = http::HeaderValue::from_static("application/json");
                response.headers_mut().insert("content-type", kind);
                response
            };
            serve(listener, answer).await;
        });
    });
    authority.recv().unwrap()
}

/// The other side of the comparison: passes every request on, and its response back.
fn plain_proxy(upstream: &str) {
    let upstream: http::uri::Authority = upstream.parse().unwrap();
    runtime().block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        let mut connector = hyper_util::client::legacy::connect::HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let answer = move |mut request: PlainRequest| {
            let (client, upstream) = (client.clone(), upstream.clone());
            async move {
                let mut parts = request.uri().clone().into_parts();
                parts.scheme = Some(http::uri::Scheme::HTTP);
                parts.authority = Some(upstream.clone());
                *request.uri_mut() = http::Uri::from_parts(parts).unwrap();
                let host = http::HeaderValue::from_str(upstream.as_str()).unwrap();
                request.headers_mut().insert("host", host);
                client.request(request).await.unwrap()
            }
        };
        tokio::spawn(serve(listener, answer));
        // Until the benchmark ends.
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
            .await
            .unwrap()
            .unwrap();
    });
}

struct Proxy {
    child: Child,
    authority: String,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a proxy whose first line holds its address.
fn start(mut command: Command) -> Proxy {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.split("http://").nth(1).unwrap();
    let end = address.find(['"', '\n']).unwrap();
    Proxy {
        authority: address[..end].to_owned(),
        child,
    }
}

fn gateway(folder: &Path) -> Proxy {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingam"));
    command
        .args(["gateway", "--json", "--env", "local", "--port", "0"])
        .env_clear()
        .env("HOME", folder)
        .env("INGAM_GATEWAY_KEY", KEY)
        .env("INGAM_SHOPEE__PARTNER_ID", "1000001")
        .env(
            "INGAM_SHOPEE__PARTNER_KEY",
            "a-partner-key-that-is-no-secret",
        )
        .env("INGAM_SHOPEE__SHOP_ID", "101")
        .env("INGAM_SHOPEE__ACCESS_TOKEN", "a-token-that-is-no-secret")
        .current_dir(folder);
    start(command)
}

fn request(authority: &str, target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: {authority}\r\nx-ingam-key: {KEY}\r\n\r\n").into_bytes()
}

async fn connect(authority: &str) -> TcpStream {
    let stream = TcpStream::connect(authority).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut [u8]) {
    stream.write_all(request).await.unwrap();
    let mut len = 0;
    loop {
        let read = stream.read(&mut buffer[len..]).await.unwrap();
        assert!(read > 0, "the connection was closed");
        len += read;
        let text = std::str::from_utf8(&buffer[..len]).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        assert!(head.starts_with("HTTP/1.1 200"), "{text}");
        if body.len() >= BODY.len() {
            assert_eq!(body.as_bytes(), BODY);
            return;
        }
    }
}

/// The median of one client's calls.
fn latency(authority: &str, request: &[u8], calls: usize) -> Duration {
    runtime().block_on(async {
        let mut stream = connect(authority).await;
        let mut buffer = vec![0; 8 << 10];
        let mut times = Vec::with_capacity(calls);
        for _ in 0..calls {
            let begun = Instant::now();
            exchange(&mut stream, request, &mut buffer).await;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        times[calls / 2]
    })
}

/// How many calls came back a second, over all connections.
fn throughput(authority: &str, request: &[u8], total: u64) -> f64 {
    let left = Arc::new(AtomicU64::new(total));
    let begun = Instant::now();
    runtime().block_on(async {
        let tasks = (0..CONNECTIONS).map(|_| {
            let left = Arc::clone(&left);
            async move {
                let mut stream = connect(authority).await;
                let mut buffer = vec![0; 8 << 10];
                let take = |left: u64| left.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                    .is_ok()
                {
                    exchange(&mut stream, request, &mut buffer).await;
                }
            }
        });
        futures_util::future::join_all(tasks).await;
    });
    total as f64 / begun.elapsed().as_secs_f64()
}

/// What the rounds measured of one proxy.
#[derive(Default)]
struct Figures {
    /// Microseconds.
    added: Vec<f64>,
    /// Calls a second.
    rates: Vec<f64>,
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The medians of all rounds, and how many times the cost of the first proxy they are.
fn print_summary(names: &[&str], figures: &[Figures]) {
    println!("median of {ROUNDS} rounds, and the cost beside plain hyper");
    for (name, measured) in names.iter().zip(figures) {
        let (added, rate) = (median(&measured.added), median(&measured.rates));
        println!(
            "  {name}: {added:.0} µs more ({:.2} times), {rate:.0} calls/s ({:.2} times the time of a call)",
            added / median(&figures[0].added).max(1.0),
            median(&figures[0].rates) / rate
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, upstream] = arguments.as_slice()
        && flag == "--plain-proxy"
    {
        plain_proxy(upstream);
        return;
    }
    let scale = if std::env::var_os("INGAM_MEASURE").is_some() {
        10
    } else {
        1
    };
    let upstream = marketplace();
    let folder = tempfile::tempdir().unwrap();
    let hosts = format!(
        "envs: {{ local: {{ hosts: {{ shopee: \"http://{upstream}\", counted: \"http://{upstream}\" }} }} }}\n"
    );
    std::fs::write(folder.path().join("ingam.yaml"), hosts).unwrap();
    std::fs::create_dir(folder.path().join("schemes")).unwrap();
    std::fs::write(folder.path().join("schemes/counted.yaml"), COUNTED).unwrap();
    let mut plain = Command::new(&arguments[0]);
    plain.args(["--plain-proxy", &upstream]);
    let plain = start(plain);
    let own = gateway(folder.path());
    let path = "/api/v2/shop/get_shop_info";
    let cases = [
        ("plain hyper", &plain.authority, path.to_owned()),
        ("signed", &own.authority, format!("/shopee{path}")),
        (
            "not signed, counted",
            &own.authority,
            format!("/counted{path}"),
        ),
    ];
    let mut figures = cases.each_ref().map(|_| Figures::default());
    for round in 1..=ROUNDS {
        let base = latency(&upstream, &request(&upstream, path), 500 * scale);
        println!("round {round}: no proxy {} µs", base.as_micros());
        for ((name, authority, target), figures) in cases.iter().zip(&mut figures) {
            let request = request(authority, target);
            let added = latency(authority, &request, 500 * scale).saturating_sub(base);
            let total = (2_000 * scale) as u64;
            let rate = throughput(authority, &request, total);
            println!("  {name}: {} µs more, {rate:.0} calls/s", added.as_micros());
            figures.added.push(added.as_secs_f64() * 1e6);
            figures.rates.push(rate);
        }
    }
    print_summary(&cases.each_ref().map(|(name, ..)| *name), &figures);
}
