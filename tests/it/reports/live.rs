//! While a run goes on, and when it does not come to its end.

use super::file;
use crate::program::{Folder, ingam, text};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Answers `/first`, and `/second` when `ready` says so.
fn server(ready: impl Fn() -> bool + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 8_192];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                if buffer[..read].starts_with(b"GET /second") && !within_ten_seconds(&ready) {
                    return;
                }
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
            }
        }
    });
    origin
}

/// Takes connections, and never answers.
pub(super) fn silent_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    origin
}

pub(super) fn within_ten_seconds(ready: &impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !ready() {
        if begun.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

fn workspace(folder: &Folder, origin: &str) {
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    folder.write("requests/a.yaml", "scheme: none\nget: /first\n");
    folder.write("requests/b.yaml", "scheme: none\nget: /second\n");
}

fn started(folder: &Folder, reports: &[&str]) -> Child {
    let reports = reports.iter().map(|report| format!("--report={report}"));
    ingam(folder.path())
        .args(["run", "-j", "1"])
        .args(reports)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn holds(path: &PathBuf, words: &str) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.contains(words))
}

#[test]
fn each_event_can_be_read_when_it_happens() {
    let folder = Folder::new();
    let path = folder.path().join("run.ndjson");
    // The second answer comes only when the end of the first request can be read.
    workspace(
        &folder,
        &server(move || holds(&path, r#"{"event":"unit_finished","id":"a""#)),
    );
    let (stdout, _, code) = text(
        &started(&folder, &["ndjson=run.ndjson"])
            .wait_with_output()
            .unwrap(),
    );
    assert_eq!(code, 0, "{stdout}");
    let names: Vec<String> = file(folder.path(), "run.ndjson")
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["event"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        names.join(" "),
        "run_started unit_started unit_finished unit_started unit_finished run_finished"
    );
}

#[test]
fn a_run_that_is_interrupted_leaves_whole_reports_that_say_so() {
    let folder = Folder::new();
    let path = folder.path().join("run.ndjson");
    workspace(&folder, &server(|| false));
    let child = started(
        &folder,
        &[
            "ndjson=run.ndjson",
            "json=run.json",
            "tap=run.tap",
            "html=run.html",
            "junit=run.xml",
        ],
    );
    assert!(
        within_ten_seconds(&|| holds(&path, r#"{"event":"unit_started","index":1"#)),
        "the second request never began"
    );
    std::process::Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert_eq!(text(&child.wait_with_output().unwrap()).2, 143);
    let document: Value = serde_json::from_str(&file(folder.path(), "run.json")).unwrap();
    assert_eq!(
        (&document["interrupted"], &document["planned"]),
        (&Value::from("TERM"), &Value::from(2))
    );
    assert_eq!(document["units"][1]["trouble"], "interrupted");
    assert!(file(folder.path(), "run.tap").ends_with("Bail out! interrupted by TERM\n"));
    super::parsers::page(&file(folder.path(), "run.html"));
    assert_eq!(
        super::parsers::junit(&file(folder.path(), "run.xml"))[1].verdict,
        "error"
    );
}

/// A stop drops the step that waits for its response, and no other.
#[test]
fn the_steps_that_ended_before_an_interruption_are_in_the_report() {
    let folder = Folder::new();
    let (sender, second_arrived) = std::sync::mpsc::channel();
    let origin = server(move || {
        let _ = sender.send(());
        false
    });
    workspace(&folder, &origin);
    folder.write(
        "requests/b.yaml",
        "scheme: none\nskip: not part of this\nget: /first\n",
    );
    folder.write(
        "requests/a.yaml",
        "scheme: none\nsteps:\n  - { name: one, get: /first }\n  - { name: two, get: /second }\n",
    );
    let child = started(&folder, &["json=run.json"]);
    second_arrived
        .recv_timeout(Duration::from_secs(20))
        .unwrap();
    std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert_eq!(text(&child.wait_with_output().unwrap()).2, 130);
    let document: Value = serde_json::from_str(&file(folder.path(), "run.json")).unwrap();
    let unit = &document["units"][0];
    assert_eq!(unit["trouble"], "interrupted", "{unit}");
    let steps = unit["steps"].as_array().unwrap();
    assert!(
        steps.len() == 1 && steps[0]["name"] == "one" && steps[0]["status"] == 200,
        "{unit}"
    );
}
