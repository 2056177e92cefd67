//! `-vv`: how long the parts of a request took, at the terminal and in reports.

use super::program::{Folder, ingam, text};
use super::tls::{https_server, pem, read_request};
use regex::Regex;
use serde_json::Value;
use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

/// How long the server waits before the head of a response, and before the end of its body.
const BEFORE_HEAD: Duration = Duration::from_millis(100);
const BEFORE_END: Duration = Duration::from_millis(100);
/// A part that the server makes last has at least this length, also where the program is late to
/// notice that the part before it has ended.
const LONG_MS: f64 = 50.0;

/// A server that is slow on purpose. Its first response to `/late` is an error.
fn slow_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut was_late = false;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            while let Some(request) = read_request(&mut stream) {
                let is_late = request.contains("/late") && !was_late;
                was_late |= is_late;
                let status = if is_late { "503 Later" } else { "200 OK" };
                std::thread::sleep(BEFORE_HEAD);
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{").unwrap();
                std::thread::sleep(BEFORE_END);
                stream.write_all(b"}").unwrap();
            }
        }
    });
    port
}

fn workspace(host: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!("envs: {{ local: {{ hosts: {{ none: \"{host}\" }} }} }}\n"),
    );
    folder
}

/// Runs the file, and returns what it prints and the steps of its report.
fn run(folder: &Folder, more: &[&str]) -> (String, Vec<Value>) {
    let mut command = ingam(folder.path());
    command.args(["run", "--env", "local", "--report", "json=out.json"]);
    let (stdout, stderr, _) = text(&command.args(more).output().unwrap());
    let report = std::fs::read(folder.path().join("out.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let steps = report["units"][0]["steps"].as_array().unwrap().clone();
    (format!("{stdout}{stderr}"), steps)
}

fn ms(phases: &Value, name: &str) -> f64 {
    phases[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name}: {phases}"))
}

/// The parts follow each other, and nothing is counted twice.
fn assert_parts_fit(phases: &Value) {
    let parts = ["look_up_ms", "connect_ms", "tls_ms", "wait_ms", "body_ms"];
    let sum: f64 = parts.iter().filter_map(|name| phases[*name].as_f64()).sum();
    // Each is rounded to a microsecond.
    assert!(sum <= ms(phases, "total_ms") + 0.01, "{phases}");
}

#[test]
fn each_request_has_the_times_of_its_parts() {
    let folder = workspace(&format!("http://localhost:{}", slow_server()));
    folder.write(
        "requests/a.yaml",
        "scheme: none\nsteps:\n  - { name: first, get: /a }\n  - { name: second, get: /b }\n  - { name: third, get: /late }\n",
    );
    let (output, steps) = run(&folder, &["-vv"]);
    let first = &steps[0]["phases"][0];
    assert!(
        ms(first, "look_up_ms") > 0.0 && ms(first, "connect_ms") > 0.0,
        "{first}"
    );
    assert!(first["tls_ms"].is_null(), "{first}");
    // The connection of the first request is open.
    let second = &steps[1]["phases"][0];
    for part in ["look_up_ms", "connect_ms", "tls_ms"] {
        assert!(second[part].is_null(), "{second}");
    }
    let third = steps[2]["phases"].as_array().unwrap();
    let statuses: Vec<_> = third
        .iter()
        .map(|phases| phases["status"].as_i64())
        .collect();
    assert_eq!(statuses, [Some(503), Some(200)], "{output}");
    for phases in [first, second].into_iter().chain(third) {
        for part in ["wait_ms", "body_ms"] {
            assert!(ms(phases, part) >= LONG_MS, "{part}: {phases}");
        }
        assert_parts_fit(phases);
    }
    let time = r"[\d.]+ (µs|ms|s)";
    for line in [
        format!(
            "(?m)^    time  look-up {time} · connect {time} · wait {time} · body {time} · total {time}$"
        ),
        format!("(?m)^    time  wait {time} · body {time} · total {time} · on an open connection$"),
        format!("(?m)^    time 1  wait {time} .*\n    time 2  wait {time} .*$"),
    ] {
        assert!(
            Regex::new(&line).unwrap().is_match(&output),
            "{line}: {output}"
        );
    }
}

#[test]
fn nothing_is_measured_unless_it_is_asked_for() {
    let folder = workspace(&format!("http://localhost:{}", slow_server()));
    folder.write("requests/a.yaml", "scheme: none\nget: /a\n");
    let (output, steps) = run(&folder, &["-v"]);
    assert!(steps[0].get("phases").is_none(), "{}", steps[0]);
    assert!(
        output.contains("GET /a HTTP/1.1") && !output.contains("total"),
        "{output}"
    );
}

#[test]
fn the_handshake_is_a_part_of_its_own() {
    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let (port, _) = https_server(false, OK);
    // By a name, and by an address, which is not looked up.
    for host in ["localhost", "127.0.0.1"] {
        let folder = workspace(&format!("https://{host}:{port}"));
        let mut command = ingam(folder.path());
        command
            .args(["call", "none", "GET", "/a", "--env", "local", "-vv"])
            .env("SSL_CERT_FILE", pem("ca.pem"));
        let (stdout, stderr, code) = text(&command.output().unwrap());
        assert_eq!((code, stdout.as_str()), (0, "{}"), "{stderr}");
        let time = r"[\d.]+ (µs|ms|s)";
        let look_up = if host == "localhost" {
            format!("look-up {time} · ")
        } else {
            String::new()
        };
        let line = format!(
            "(?m)^    time  {look_up}connect {time} · TLS {time} · wait {time} · body {time} · total {time}$"
        );
        assert!(
            Regex::new(&line).unwrap().is_match(&stderr),
            "{line}: {stderr}"
        );
    }
}

#[test]
fn a_request_without_a_response_has_the_times_until_it_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = workspace(&format!("http://127.0.0.1:{port}"));
    folder.write(
        "requests/a.yaml",
        "scheme: none\nget: /a\nretry: { attempts: 1 }\ntimeout: 100ms\n",
    );
    // The connection is made, and nobody answers.
    let (output, steps) = run(&folder, &["-vv"]);
    let phases = &steps[0]["phases"][0];
    assert!(ms(phases, "connect_ms") > 0.0, "{phases}");
    assert!(ms(phases, "total_ms") >= 100.0, "{phases}");
    assert!(
        phases["wait_ms"].is_null() && phases["status"].is_null(),
        "{phases}"
    );
    assert!(output.contains("· no response"), "{output}");
}
