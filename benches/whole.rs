//! Whole runs of the program, as ratios to a plain reqwest client that sends the same requests to the same loopback server
//! in the same minutes. A figure is the best of several rounds, taken in turns, so that other work on the machine hits both.
//!
//! `cargo bench --bench whole` prints the table; `-- --plain URL N` is the plain client itself.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 11;
const ANSWER: &str = r#"{"rCode":"0","rMessage":"","data":{"landingUrl":"https://link.coupang.com/re/AFFSRP","productData":[{"productId":7335597976,"productName":"무선 이어폰","productPrice":29900,"isRocket":true},{"productId":6804931852,"productName":"노이즈 캔슬링 무선 이어폰","productPrice":89000,"isRocket":false}]}}"#;
const PATH: &str = "/v2/providers/affiliate_open_api/apis/openapi/products/search?keyword=%EB%AC%B4%EC%84%A0&limit=";

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--plain") {
        return plain(&args[at + 1], args[at + 2].parse().unwrap());
    }
    let server = serve();
    if args.iter().any(|arg| arg == "--serve") {
        println!("{server}");
        std::thread::sleep(Duration::from_secs(600));
        return;
    }
    let folder = std::env::temp_dir().join(format!("ingam-bench-{}", std::process::id()));
    println!("{:<46} {:>9} {:>9} {:>7}", "best of 11, wall time", "ingam", "plain", "ratio");
    version();
    check(&folder.join("check"));
    one(&folder.join("one"), &server);
    flow(&folder.join("flow"), &server);
    files(&folder.join("files"), &server);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn version() {
    report("ingam --version", best(|| spawn(ingam().arg("--version"))), None);
}

/// 1,000 request files, nothing sent.
fn check(root: &Path) {
    workspace(root, "http://127.0.0.1:1");
    for number in 0..1_000 {
        write(&root.join(format!("requests/r{number}.yaml")), &request(number, 5));
    }
    report("check of 1,000 request files", best(|| spawn(ingam().current_dir(root).arg("check"))), None);
}

/// One request with three assertions, as a process.
fn one(root: &Path, server: &str) {
    workspace(root, server);
    write(&root.join("requests/one.yaml"), &request(1, 3));
    let (ours, theirs) =
        in_turns(|| spawn(ingam().current_dir(root).args(["run", "--env", "local"])), || spawn(&mut plain_client(server, 1)));
    report("1 signed request, 3 assertions, whole process", ours, Some(theirs));
}

/// 1,000 steps of one flow, five assertions each.
fn flow(root: &Path, server: &str) {
    workspace(root, server);
    let mut text = "scheme: unlimited\nsteps:\n".to_owned();
    for number in 0..1_000 {
        let step = request(number, 5).replace("scheme: unlimited\n", &format!("name: s{number}\n"));
        let lines: Vec<String> =
            step.lines().enumerate().map(|(index, line)| format!("{}{line}", if index == 0 { "  - " } else { "    " })).collect();
        text.push_str(&lines.join("\n"));
        text.push('\n');
    }
    write(&root.join("requests/flow.yaml"), &text);
    let (ours, theirs) =
        in_turns(|| spawn(ingam().current_dir(root).args(["run", "--env", "local"])), || spawn(&mut plain_client(server, 1_000)));
    report("1,000 signed requests in one flow, 5 assertions", ours, Some(theirs));
}

/// 1,000 files of one request, five assertions each.
fn files(root: &Path, server: &str) {
    workspace(root, server);
    for number in 0..1_000 {
        write(&root.join(format!("requests/r{number}.yaml")), &request(number, 5));
    }
    let (ours, theirs) =
        in_turns(|| spawn(ingam().current_dir(root).args(["run", "--env", "local"])), || spawn(&mut plain_client(server, 1_000)));
    report("1,000 files of one signed request, 5 assertions", ours, Some(theirs));
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
    format!("scheme: unlimited\nget: {path}\nquery: {{ keyword: 무선, limit: {number} }}\nassert:\n{chosen}\n")
}

/// With a scheme that signs like a built-in one and has no limits: outside of the sandbox its 1,000 calls would take days.
fn workspace(root: &Path, server: &str) {
    write(&root.join("ingam.yaml"), &format!("envs: {{ local: {{ hosts: {{ unlimited: \"{server}\" }} }} }}\n"));
    let scheme = include_str!("../src/schemes/coupang.yaml").replace("scheme: coupang", "scheme: unlimited");
    let (before, rest) = scheme.split_once("\nlimits:\n").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    write(&root.join("schemes/unlimited.yaml"), &format!("{before}\n\n{after}"));
    spawn(ingam().current_dir(root).args(["trust", "--yes", "--env", "local"]));
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn ingam() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingam"));
    command.env("INGAM_UNLIMITED__ACCESS_KEY", "bench-access-key").env("INGAM_UNLIMITED__SECRET_KEY", "bench-secret-key");
    command.env("HOME", std::env::temp_dir().join(format!("ingam-bench-{}/home", std::process::id())));
    command
}

fn plain_client(server: &str, count: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--plain", server, &count.to_string()]);
    command
}

/// The plain client: the same targets and headers, one after another on one thread; answers are read and thrown away.
fn plain(server: &str, count: usize) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let signature = "CEA algorithm=HmacSHA256, access-key=bench-access-key, signed-date=261122T090000Z, signature=5df00fd676e622fa19794605a3afea091cef8382302c9cdca97b622e2780ace9";
        for number in 0..count {
            let response = client.get(format!("{server}{PATH}{number}")).header("authorization", signature).send().await.unwrap();
            assert_eq!(response.status(), 200);
            assert!(!response.bytes().await.unwrap().is_empty());
        }
    });
}

fn spawn(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let took = begun.elapsed();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    took
}

fn best(mut run: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| run()).min().unwrap()
}

fn in_turns(mut ours: impl FnMut() -> Duration, mut theirs: impl FnMut() -> Duration) -> (Duration, Duration) {
    let rounds: Vec<(Duration, Duration)> = (0..ROUNDS).map(|_| (ours(), theirs())).collect();
    (rounds.iter().map(|round| round.0).min().unwrap(), rounds.iter().map(|round| round.1).min().unwrap())
}

fn report(what: &str, ours: Duration, theirs: Option<Duration>) {
    let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3);
    let ratio = theirs.map_or(String::new(), |theirs| format!("{:.2}", ours.as_secs_f64() / theirs.as_secs_f64()));
    println!("{what:<46} {:>9} {:>9} {ratio:>7}", ms(ours), theirs.map_or(String::new(), ms));
}

/// A server that does as little as HTTP/1.1 allows: it waits for the end of the headers and gives one fixed answer.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || {
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
                    ANSWER.len()
                );
                let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
                loop {
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => return,
                        Ok(read) => seen.extend_from_slice(&buffer[..read]),
                    }
                    while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
                        seen.drain(..end + 4);
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}
