//! Whole runs of the program, as ratios to a plain reqwest client that sends the same requests to
//! the same loopback server in the same minutes. A figure is the best of several rounds, taken in
//! turns, so that other work on the machine hits both.
//!
//! What goes one after the other is pinned to one core, since waking another would swamp the rest;
//! what goes side by side has all of them. `cargo bench --bench whole` prints the table; `--
//! --plain URL N J` is the plain client itself.

#![allow(
    clippy::pedantic,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a benchmark may fail where it stands, and prints its figures"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 11;
const ANSWER: &str = r#"{"rCode":"0","rMessage":"","data":{"landingUrl":"https://link.coupang.com/re/AFFSRP","productData":[{"productId":7335597976,"productName":"무선 이어폰","productPrice":29900,"isRocket":true},{"productId":6804931852,"productName":"노이즈 캔슬링 무선 이어폰","productPrice":89000,"isRocket":false}]}}"#;
const PATH: &str = "/v2/providers/affiliate_open_api/apis/openapi/products/search?keyword=%EB%AC%B4%EC%84%A0&limit=";
const SLOW: &str = "/v2/providers/affiliate_open_api/apis/openapi/products/search/slow?limit=";
const LARGE: &str = "/v2/providers/affiliate_open_api/apis/openapi/products/search/large?limit=";

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--plain") {
        return plain(
            &args[at + 1],
            args[at + 2].parse().unwrap(),
            args[at + 3].parse().unwrap(),
        );
    }
    let server = serve();
    if args.iter().any(|arg| arg == "--serve") {
        println!("{server}");
        std::thread::sleep(Duration::from_secs(600));
        return;
    }
    let folder = std::env::temp_dir().join(format!("ingam-bench-{}", std::process::id()));
    println!(
        "{:<50} {:>9} {:>9} {:>6} {:>9}",
        "best of 11, wall time", "ingam", "plain", "ratio", "memory"
    );
    version();
    check(&folder.join("check"));
    // What is pinned talks to a server on the same core.
    let (mut alone, beside) = pinned_server();
    one(&folder.join("one"), &beside);
    flow(&folder.join("flow"), &beside);
    files(&folder.join("files"), &server);
    slow(&folder.join("slow"), &server);
    large(&folder.join("large"), &beside);
    growth(&folder.join("growth"), &beside);
    alone.kill().unwrap();
    alone.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

fn pinned_server() -> (Child, String) {
    let mut command = Command::new("taskset");
    command
        .args(["-c", "0"])
        .arg(std::env::current_exe().unwrap())
        .arg("--serve")
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, line.trim().to_owned())
}

fn version() {
    report(
        "ingam --version",
        best(|| spawn(ingam().arg("--version"))),
        None,
        None,
    );
}

/// 1,000 request files, nothing sent.
fn check(root: &Path) {
    workspace(root, "http://127.0.0.1:1");
    for number in 0..1_000 {
        write(
            &root.join(format!("requests/r{number}.yaml")),
            &request(number, 5),
        );
    }
    report(
        "check of 1,000 request files",
        best(|| spawn(ingam().current_dir(root).arg("check"))),
        None,
        None,
    );
}

/// One request with three assertions, as a process.
fn one(root: &Path, server: &str) {
    workspace(root, server);
    write(&root.join("requests/one.yaml"), &request(1, 3));
    compare(
        "1 signed request, 3 assertions, whole process",
        Load {
            root,
            server,
            path: PATH,
            count: 1,
            jobs: 1,
            adapts: false,
        },
    );
}

/// 1,000 steps of one flow, five assertions each.
fn flow(root: &Path, server: &str) {
    workspace(root, server);
    write(&root.join("requests/flow.yaml"), &steps(1_000));
    compare(
        "1,000 signed requests in one flow, 5 assertions",
        Load {
            root,
            server,
            path: PATH,
            count: 1_000,
            jobs: 1,
            adapts: false,
        },
    );
}

fn steps(count: usize) -> String {
    let mut text = "scheme: unlimited\nsteps:\n".to_owned();
    for number in 0..count {
        let step = request(number, 5).replace("scheme: unlimited\n", &format!("name: s{number}\n"));
        let lines: Vec<String> = step
            .lines()
            .enumerate()
            .map(|(index, line)| format!("{}{line}", if index == 0 { "  - " } else { "    " }))
            .collect();
        text.push_str(&lines.join("\n"));
        text.push('\n');
    }
    text
}

/// 1,000 files of one request, five assertions each, eight side by side.
fn files(root: &Path, server: &str) {
    workspace(root, server);
    for number in 0..1_000 {
        write(
            &root.join(format!("requests/r{number}.yaml")),
            &request(number, 5),
        );
    }
    compare(
        "1,000 files of one signed request, -j 8",
        Load {
            root,
            server,
            path: PATH,
            count: 1_000,
            jobs: 8,
            adapts: false,
        },
    );
}

/// 200 requests that take 50 ms each, all at once.
fn slow(root: &Path, server: &str) {
    workspace(root, server);
    let path = PATH.split('?').next().unwrap();
    for number in 0..200 {
        let text = format!(
            "scheme: unlimited\nget: {path}/slow\nquery: {{ limit: {number} }}\nassert: {{ status: 200 }}\n"
        );
        write(&root.join(format!("requests/r{number}.yaml")), &text);
    }
    for (what, adapts) in [
        ("200 requests of 50 ms, -j 200", false),
        ("200 requests of 50 ms, without -j", true),
    ] {
        compare(
            what,
            Load {
                root,
                server,
                path: SLOW,
                count: 200,
                jobs: 200,
                adapts,
            },
        );
    }
}

/// 100 answers of 100 kB, 20 paths into each.
fn large(root: &Path, server: &str) {
    workspace(root, server);
    let path = PATH.split('?').next().unwrap();
    let mut text = "scheme: unlimited\nsteps:\n".to_owned();
    for number in 0..100 {
        text.push_str(&format!("  - name: s{number}\n    get: {path}/large\n    query: {{ limit: {number} }}\n    assert:\n"));
        for at in 0..5 {
            let place = at * 90;
            text.push_str(&format!("      $.data.items[{place}].id: {place}\n"));
            text.push_str(&format!(
                "      $.data.items[{place}].name: {{ starts_with: item }}\n"
            ));
            text.push_str(&format!(
                "      '$.data.items[?@.id == {place}].price': {{ each: {{ above: 0 }} }}\n"
            ));
            text.push_str(&format!(
                "      '$.data.items[*].f{at}': {{ length: 500 }}\n"
            ));
        }
    }
    write(&root.join("requests/large.yaml"), &text);
    compare(
        "100 answers of 100 kB, 20 JSONPaths each",
        Load {
            root,
            server,
            path: LARGE,
            count: 100,
            jobs: 1,
            adapts: false,
        },
    );
}

/// What ten times the requests cost in memory.
fn growth(root: &Path, server: &str) {
    for count in [1_000, 10_000] {
        let root = root.join(count.to_string());
        workspace(&root, server);
        write(&root.join("requests/flow.yaml"), &steps(count));
        let peak = peak_of(ingam().current_dir(&root).args(["run", "--env", "local"]));
        println!(
            "{:<50} {:>36}",
            format!("memory of a flow of {count} requests"),
            memory(peak)
        );
    }
}

/// The same requests by both.
struct Load<'l> {
    root: &'l Path,
    server: &'l str,
    path: &'l str,
    count: usize,
    jobs: usize,
    /// The program chooses its number by itself; the plain client has `jobs`.
    adapts: bool,
}

impl Load<'_> {
    fn ingam(&self) -> Command {
        let mut command = ingam();
        command
            .current_dir(self.root)
            .args(["run", "--env", "local"]);
        if !self.adapts {
            command.arg("-j").arg(self.jobs.to_string());
        }
        command
    }
}

fn compare(what: &str, load: Load<'_>) {
    let ours = || pinned(&mut load.ingam(), load.jobs);
    let theirs = || {
        pinned(
            &mut plain_client(
                &format!("{}{}", load.server, load.path),
                load.count,
                load.jobs,
            ),
            load.jobs,
        )
    };
    let peak = peak_of(&mut load.ingam());
    let (ours, theirs) = in_turns(|| spawn(&mut ours()), || spawn(&mut theirs()));
    report(what, ours, Some(theirs), Some(peak));
}

/// On one core, when nothing goes side by side.
fn pinned(command: &mut Command, jobs: usize) -> Command {
    let mut pinned = Command::new(if jobs == 1 { "taskset" } else { "env" });
    if jobs == 1 {
        pinned.args(["-c", "0"]);
    }
    pinned.arg(command.get_program()).args(command.get_args());
    pinned.envs(
        command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    if let Some(folder) = command.get_current_dir() {
        pinned.current_dir(folder);
    }
    pinned
}

/// The most memory that a process had at once, in kB, as the kernel counts it.
fn peak_of(command: &mut Command) -> u64 {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap_or("0");
        peak = peak.max(line.trim().trim_end_matches(" kB").parse().unwrap_or(0));
        std::thread::sleep(Duration::from_micros(500));
    }
    assert!(child.wait().unwrap().success(), "{command:?}");
    peak
}

fn memory(kilobytes: u64) -> String {
    format!("{:.1} MB", kilobytes as f64 / 1e3)
}

fn request(number: usize, assertions: usize) -> String {
    let all = [
        "  status: 200",
        "  $.rCode: \"0\"",
        "  $.data.productData: { length: 2 }",
        "  $.data.productData[0].productPrice: { above: 0 }",
        "  $.data.productData[*].productPrice: { each: { above: 0 } }",
    ];
    let path = PATH.split('?').next().unwrap();
    let chosen = all[all.len() - assertions..].join("\n");
    format!(
        "scheme: unlimited\nget: {path}\nquery: {{ keyword: 무선, limit: {number} }}\nassert:\n{chosen}\n"
    )
}

/// With a scheme that signs like a built-in one and has no limits: outside of the sandbox its 1,000
/// calls would take days.
fn workspace(root: &Path, server: &str) {
    write(
        &root.join("ingam.yaml"),
        &format!("envs: {{ local: {{ hosts: {{ unlimited: \"{server}\" }} }} }}\n"),
    );
    let scheme =
        include_str!("../src/schemes/coupang.yaml").replace("scheme: coupang", "scheme: unlimited");
    let (before, rest) = scheme.split_once("\nlimits:\n").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    write(
        &root.join("schemes/unlimited.yaml"),
        &format!("{before}\n\n{after}"),
    );
    spawn(
        ingam()
            .current_dir(root)
            .args(["trust", "--yes", "--env", "local"]),
    );
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn ingam() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingam"));
    command
        .env("INGAM_UNLIMITED__ACCESS_KEY", "bench-access-key")
        .env("INGAM_UNLIMITED__SECRET_KEY", "bench-secret-key");
    command.env(
        "HOME",
        std::env::temp_dir().join(format!("ingam-bench-{}/home", std::process::id())),
    );
    command
}

fn plain_client(url: &str, count: usize, jobs: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--plain", url, &count.to_string(), &jobs.to_string()]);
    command
}

/// The plain client: the same targets and headers, so many at once on one thread; answers are read
/// and thrown away.
fn plain(url: &str, count: usize, jobs: usize) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let numbers = std::cell::Cell::new(0);
        let worker = async || loop {
            let number = numbers.get();
            if number == count {
                break;
            }
            numbers.set(number + 1);
            get(&client, &format!("{url}{number}")).await;
        };
        futures_util::future::join_all((0..jobs).map(|_| worker())).await;
    });
}

async fn get(client: &reqwest::Client, url: &str) {
    let signature = "CEA algorithm=HmacSHA256, access-key=bench-access-key, signed-date=261122T090000Z, signature=5df00fd676e622fa19794605a3afea091cef8382302c9cdca97b622e2780ace9";
    let response = client
        .get(url)
        .header("authorization", signature)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.bytes().await.unwrap().is_empty());
}

fn spawn(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let output = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let took = begun.elapsed();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    took
}

fn best(mut run: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| run()).min().unwrap()
}

fn in_turns(
    mut ours: impl FnMut() -> Duration,
    mut theirs: impl FnMut() -> Duration,
) -> (Duration, Duration) {
    let rounds: Vec<(Duration, Duration)> = (0..ROUNDS).map(|_| (ours(), theirs())).collect();
    (
        rounds.iter().map(|round| round.0).min().unwrap(),
        rounds.iter().map(|round| round.1).min().unwrap(),
    )
}

fn report(what: &str, ours: Duration, theirs: Option<Duration>, peak: Option<u64>) {
    let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3);
    let ratio = theirs.map_or(String::new(), |theirs| {
        format!("{:.2}", ours.as_secs_f64() / theirs.as_secs_f64())
    });
    let peak = peak.map_or(String::new(), memory);
    println!(
        "{what:<50} {:>9} {:>9} {ratio:>6} {peak:>9}",
        ms(ours),
        theirs.map_or(String::new(), ms)
    );
}

/// A server that does as little as HTTP/1.1 allows: it waits for the end of the headers and gives
/// one of two fixed answers.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answers: &'static [Vec<u8>; 2] =
        Box::leak(Box::new([answer(ANSWER), answer(&large_body())]));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || converse(stream, answers));
        }
    });
    address
}

fn converse(mut stream: TcpStream, [small, large]: &[Vec<u8>; 2]) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => seen.extend_from_slice(&buffer[..read]),
        }
        while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            let has = |word: &[u8]| {
                seen[..end.min(120)]
                    .windows(word.len())
                    .any(|window| window == word)
            };
            if has(b"/slow?") {
                std::thread::sleep(Duration::from_millis(50));
            }
            let answer = if has(b"/large?") { large } else { small };
            seen.drain(..end + 4);
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    }
}

fn answer(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// 100 kB of JSON: 500 things of ten members.
fn large_body() -> String {
    let item = |id: usize| {
        format!(
            r#"{{"id":{id},"name":"item 무선 이어폰 {id}","price":{}.90,"f0":true,"f1":null,"f2":"text of it","f3":[1,2,3],"f4":{{"a":"b"}},"note":"{}"}}"#,
            id + 1,
            "x".repeat(70)
        )
    };
    let items: Vec<String> = (0..500).map(item).collect();
    format!(
        r#"{{"rCode":"0","rMessage":"","data":{{"items":[{}]}}}}"#,
        items.join(",")
    )
}
