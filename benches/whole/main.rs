//! Whole runs of the program, as ratios to a plain reqwest client that sends the same requests to
//! the same loopback server in the same minutes. A figure is the best of several rounds, taken in
//! turns, so that other work on the machine hits all of them. Every run must have done its work.
//!
//! What goes one after the other is pinned to one core, since waking another would swamp the rest;
//! what goes side by side has all of them. `cargo bench --bench whole` prints the table; `--
//! --plain URL N J` is the plain client itself, and `-- --serve` the server.

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

mod files;
mod measure;
mod plain;
mod server;

use files::{PATH, flow, ingam, large_flow, recording, request, request_files, workspace, write};
use measure::{Run, best, print_header, print_memory, print_row};
use plain::{plain, plain_client};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--plain") {
        let number = |at: usize| args[at].parse().unwrap();
        return plain(&args[at + 1], number(at + 2), number(at + 3));
    }
    let server = server::serve();
    if args.iter().any(|arg| arg == "--serve") {
        println!("{server}");
        std::thread::sleep(Duration::from_secs(3_600));
        return;
    }
    let folder = std::env::temp_dir().join(format!("ingam-bench-{}", std::process::id()));
    print_header();
    version(&folder.join("version"));
    check(&folder.join("check"));
    token(&folder.join("token"));
    // What is pinned talks to a server on the same core.
    let (mut alone, beside) = pinned_server();
    one(&folder.join("one"), &beside);
    flows(&folder.join("flow"), &beside);
    large(&folder.join("large"), &beside);
    files(&folder.join("files"), &server);
    slow(&folder.join("slow"), &server);
    replay(&folder.join("replay"));
    growth(&folder.join("growth"), &beside);
    numbers(&folder.join("numbers"), &beside);
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

/// A command that sends nothing, on one core.
fn alone(what: &str, run: impl Fn() -> Run) {
    let ours = best([run().pinned(), run().pinned()]);
    print_row(what, ours, None, run().peak());
}

fn version(root: &Path) {
    std::fs::create_dir_all(root).unwrap();
    alone("ingam --version", || {
        let mut command = ingam(root);
        command.arg("--version");
        Run::new(command, "ingam ")
    });
}

fn check(root: &Path) {
    workspace(root, "http://127.0.0.1:1");
    request_files(root, 1_000);
    alone("check of 1,000 request files", || {
        let mut command = ingam(root);
        command.arg("check");
        Run::new(command, "1000 requests")
    });
}

/// A kept token that is still valid: nothing is sent.
fn token(root: &Path) {
    let text = "envs: { local: { hosts: { shopee: \"http://127.0.0.1:1\" }, accounts: { shopee: { sg: { shop_id: 101 } } } } }\n";
    write(&root.join("ingam.yaml"), text);
    files::trust(root);
    let mut import = ingam(root);
    import.args(["auth", "import", "shopee", "--env", "local"]);
    import.args(["--account", "sg"]).stdin(Stdio::piped());
    let mut child = import.spawn().unwrap();
    let tokens = b"refresh_token=bench-refresh-20261122\naccess_token=bench-access-20261122\nexpires_at=2099-01-01T00:00:00Z\n";
    child.stdin.take().unwrap().write_all(tokens).unwrap();
    assert!(child.wait().unwrap().success());
    alone("auth token of a kept token", || {
        let mut command = ingam(root);
        command.args(["auth", "token", "sg", "--env", "local"]);
        Run::new(command, "bench-access-20261122")
    });
}

/// One request with three assertions, as a process.
fn one(root: &Path, server: &str) {
    workspace(root, server);
    write(&root.join("requests/one.yaml"), &request(1, 3));
    let load = Load::new(root, server, 1);
    load.compare("1 signed request, 3 assertions, whole process");
}

/// 1,000 steps of one flow.
fn flows(root: &Path, server: &str) {
    for (what, scheme, assertions) in [
        ("1,000 requests in one flow, 5 assertions", "none", 5),
        (
            "1,000 signed requests in one flow, 5 assertions",
            "unlimited",
            5,
        ),
        (
            "1,000 signed requests in one flow, 1 assertion",
            "unlimited",
            1,
        ),
    ] {
        let root = root.join(format!("{scheme}-{assertions}"));
        workspace(&root, server);
        let text = flow(scheme, 1_000, assertions);
        write(&root.join("requests/flow.yaml"), &text);
        Load::new(&root, server, 1_000).compare(what);
    }
}

/// Files of one request, five assertions each, eight side by side.
fn files(root: &Path, server: &str) {
    for count in [1_000, 10_000] {
        let root = root.join(count.to_string());
        workspace(&root, server);
        request_files(&root, count);
        let load = Load {
            jobs: 8,
            ..Load::new(&root, server, count)
        };
        load.compare(&format!("{count} files of one signed request, -j 8"));
    }
}

/// 200 requests that take 50 ms each, all at once.
fn slow(root: &Path, server: &str) {
    workspace(root, server);
    for number in 0..200 {
        let text = format!(
            "scheme: unlimited\nget: {PATH}/slow\nquery: {{ limit: {number} }}\nassert: {{ status: 200 }}\n"
        );
        write(&root.join(format!("requests/r{number}.yaml")), &text);
    }
    for (what, adapts) in [
        ("200 requests of 50 ms, -j 200", false),
        ("200 requests of 50 ms, without -j", true),
    ] {
        let load = Load {
            target: "/slow?limit=",
            jobs: 200,
            adapts,
            ..Load::new(root, server, 200)
        };
        load.compare(what);
    }
}

fn large(root: &Path, server: &str) {
    workspace(root, server);
    write(&root.join("requests/large.yaml"), &large_flow(100));
    let load = Load {
        target: "/large?limit=",
        ..Load::new(root, server, 100)
    };
    load.compare("100 responses of 100 kB, 20 JSONPaths each");
}

/// 10,000 recorded requests of one path, which differ in their query.
fn replay(root: &Path) {
    workspace(root, "http://127.0.0.1:1");
    for part in 0..10 {
        let mut text = "scheme: unlimited\nsteps:\n".to_owned();
        for number in part * 1_000..(part + 1) * 1_000 {
            text.push_str(&format!(
                "  - name: s{number}\n    get: {PATH}\n    query: {{ keyword: 무선, limit: {number} }}\n    assert: {{ $.rCode: \"0\" }}\n"
            ));
        }
        write(&root.join(format!("requests/p{part}.yaml")), &text);
        let recorded = recording(part * 1_000, 1_000);
        let path = root.join(format!("fixtures/recordings/p{part}.yaml"));
        write(&path, &recorded);
    }
    alone("replay of 10,000 recorded requests, one core", || {
        let mut command = ingam(root);
        command.args(["run", "--env", "local", "--replay"]);
        Run::new(command, "10 passed · 10000 requests")
    });
}

/// What ten times the requests cost in memory.
fn growth(root: &Path, server: &str) {
    for count in [1_000, 10_000] {
        let root = root.join(count.to_string());
        workspace(&root, server);
        let text = flow("unlimited", count, 5);
        write(&root.join("requests/flow.yaml"), &text);
        let peak = Load::new(&root, server, count).ingam().peak();
        print_memory(&format!("memory of a flow of {count} requests"), peak);
    }
}

/// A response of many small values.
fn numbers(root: &Path, server: &str) {
    workspace(root, server);
    let text = format!(
        "scheme: none\nget: {PATH}/numbers\nquery: {{ limit: 0 }}\nassert: {{ $.items: {{ length: {} }} }}\n",
        server::NUMBERS
    );
    write(&root.join("requests/numbers.yaml"), &text);
    let peak = Load::new(root, server, 1).ingam().peak();
    print_memory("memory of 20 MB of small JSON values", peak);
}

/// The same requests by both.
struct Load<'l> {
    root: &'l Path,
    server: &'l str,
    /// What follows the path, up to the number of the request.
    target: &'l str,
    count: usize,
    jobs: usize,
    /// The program chooses its number by itself; the plain client has `jobs`.
    adapts: bool,
}

impl<'l> Load<'l> {
    fn new(root: &'l Path, server: &'l str, count: usize) -> Self {
        Self {
            root,
            server,
            target: "?keyword=%EB%AC%B4%EC%84%A0&limit=",
            count,
            jobs: 1,
            adapts: false,
        }
    }

    fn ingam(&self) -> Run {
        let mut command = ingam(self.root);
        command.args(["run", "--env", "local"]);
        if !self.adapts {
            command.arg("-j").arg(self.jobs.to_string());
        }
        let s = if self.count == 1 { "" } else { "s" };
        self.on_cores(Run::new(command, format!(" · {} request{s} ", self.count)))
    }

    fn plain(&self) -> Run {
        let url = format!("{}{PATH}{}", self.server, self.target);
        let command = plain_client(&url, self.count, self.jobs);
        self.on_cores(Run::new(command, ""))
    }

    /// On one core, when nothing goes side by side.
    fn on_cores(&self, run: Run) -> Run {
        if self.jobs == 1 { run.pinned() } else { run }
    }

    fn compare(&self, what: &str) {
        let peak = self.ingam().peak();
        let [ours, theirs, again] = best([self.ingam(), self.plain(), self.ingam()]);
        print_row(what, [ours, again], Some(theirs), peak);
    }
}
