//! Reports: one run, every format, one expected outcome.

mod browser;
mod cli;
mod html;
mod live;
mod merge;
mod metrics;
mod parsers;
mod run_faults;
mod screen;
mod shop;

use crate::program::Folder;
use parsers::Said;
use shop::{EXPECTED, run, shop};
use std::path::Path;

/// Every format with the name of its file, as arguments.
const FORMATS: &[(&str, &str)] = &[
    ("junit", "out/junit.xml"),
    ("json", "out/run.json"),
    ("ndjson", "out/run.ndjson"),
    ("ctrf", "out/ctrf.json"),
    ("tap", "out/run.tap"),
    ("github", "out/github.txt"),
    ("html", "out/run.html"),
];

/// `run --report … --report …`
fn with_all_reports(first: &[&str]) -> Vec<String> {
    let reports = FORMATS
        .iter()
        .flat_map(|(format, path)| ["--report".to_owned(), format!("{format}={path}")]);
    first
        .iter()
        .map(|word| (*word).to_owned())
        .chain(reports)
        .collect()
}

fn words(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn file(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// What is said must be what is expected; what a format does not say, it may leave empty.
fn assert_says(format: &str, said: &[Said], needed: &[&str]) {
    let expected: Vec<_> = EXPECTED
        .iter()
        .filter(|unit| needed.is_empty() || needed.contains(&unit.verdict))
        .collect();
    let ids = |ids: Vec<&str>| ids.join(" ");
    assert_eq!(
        ids(said.iter().map(|unit| unit.id.as_str()).collect()),
        ids(expected.iter().map(|unit| unit.id).collect()),
        "{format}"
    );
    for (said, unit) in said.iter().zip(expected) {
        assert!(
            said.verdict.is_empty() && !needed.is_empty() || said.verdict == unit.verdict,
            "{format}: {said:?}"
        );
        let is_bad = ["fail", "error"].contains(&unit.verdict);
        assert!(
            said.place == unit.place || (said.place.is_empty() && !is_bad),
            "{format}: {said:?}"
        );
        assert!(
            said.message.contains(unit.message),
            "{format}: {said:?} does not say {}",
            unit.message
        );
        assert_eq!(
            said.message.is_empty(),
            unit.message.is_empty(),
            "{format}: {said:?}"
        );
    }
}

/// The terminal and every report of [`with_all_reports`].
fn assert_all_say(folder: &Folder, stdout: &str) {
    let text = |name: &str| file(folder.path(), name);
    // What the terminal cuts, it cuts in the middle of a value.
    assert_says("terminal", &parsers::terminal(stdout), &[]);
    assert_says("junit", &parsers::junit(&text("out/junit.xml")), &[]);
    assert_says("json", &parsers::json(&text("out/run.json")), &[]);
    assert_says("ndjson", &parsers::ndjson(&text("out/run.ndjson")), &[]);
    assert_says("ctrf", &parsers::ctrf(&text("out/ctrf.json")), &[]);
    assert_says("tap", &parsers::tap(&text("out/run.tap")), &[]);
    assert_says("html", &parsers::html(&text("out/run.html")), &[]);
    assert_says(
        "github",
        &parsers::github(&text("out/github.txt")),
        &["fail", "error"],
    );
}

#[test]
fn every_format_says_the_one_expected_outcome() {
    let folder = shop();
    let args = with_all_reports(&["run", "-j", "1"]);
    let (stdout, stderr, code) = run(folder.path(), &words(&args), &[]);
    assert_eq!((code, stderr.as_str()), (5, ""), "{stdout}");
    assert_all_say(&folder, &stdout);
}

#[test]
fn a_plain_run_says_the_same_as_one_with_reports() {
    let folder = shop();
    let steady = |text: &str| {
        regex::Regex::new(r" +[\d.]+ (µs|ms|s)\b")
            .unwrap()
            .replace_all(text, " <time>")
            .into_owned()
    };
    let plain = run(folder.path(), &["run"], &[]);
    let reported = run(
        folder.path(),
        &words(&with_all_reports(&["run", "-j", "1"])),
        &[],
    );
    assert_eq!(steady(&plain.0), steady(&reported.0));
}

#[test]
fn json_holds_what_a_person_needs_besides() {
    let folder = shop();
    run(folder.path(), &["run", "--report", "json=run.json"], &[]);
    let document: serde_json::Value =
        serde_json::from_str(&file(folder.path(), "run.json")).unwrap();
    let units = &document["units"];
    assert_eq!(
        (&units[0]["not_reached"], &units[2]["tags"][0]),
        (&1.into(), &"smoke".into())
    );
    assert_eq!(
        units[2]["steps"][0]["endpoint"], "GET /pass",
        "an endpoint has no query"
    );
    assert_eq!(units[3]["schemes"][0], "coupang");
    assert_eq!(units[3]["trouble"], "unable");
    let trace = units[3]["steps"][0]["trace"].as_array().unwrap();
    assert!(
        trace
            .iter()
            .any(|line| line["id"] == "signature" && line["kind"] == "hmac"),
        "{trace:?}"
    );
    let difference = &units[1]["steps"][0]["failures"][0]["differences"][2];
    assert_eq!(
        (&difference["path"], &difference["expected"]),
        (&"$.deep.list[2]".into(), &"4 (number)".into())
    );
    let begun = |unit: usize| units[unit]["started_ms"].as_f64().unwrap();
    assert!(begun(0) < begun(1) && begun(1) < begun(2) && begun(2) < begun(3));
}

/// A server that asks for two retries, then a poll of three and three pages.
fn counting_server() -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut seen = std::collections::HashMap::<String, usize>::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 8_192];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                let path = text.split(['?', ' ']).nth(1).unwrap().to_owned();
                let number = seen.entry(path.clone()).or_default();
                *number += 1;
                let (status, body) = match (path.as_str(), *number) {
                    ("/flaky", 1 | 2) => ("503 Down", "{}".to_owned()),
                    ("/poll", 1 | 2) => ("200 OK", r#"{"done":false}"#.to_owned()),
                    ("/poll", _) => ("200 OK", r#"{"done":true}"#.to_owned()),
                    ("/pages", number) => (
                        "200 OK",
                        format!(r#"{{"more":{},"next":{number}}}"#, number < 3),
                    ),
                    _ => ("200 OK", r#"{"id":7}"#.to_owned()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nretry-after: 0\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes());
            }
        }
    });
    origin
}

#[test]
fn every_request_counts_in_every_report() {
    let folder = Folder::new();
    let origin = counting_server();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    folder.write("requests/a.yaml", "scheme: none\nget: /flaky\n");
    folder.write(
        "requests/b.yaml",
        "scheme: none\nget: /poll\npoll: { every: 10ms, within: 10s, until: { $.done: true } }\n",
    );
    folder.write(
        "requests/c.yaml",
        "scheme: none\nvars: { page: 0 }\nget: /pages\nquery: { page: \"{{ page }}\" }\n\
         pages: { while: $.more, set: { page: $.next }, max: 5 }\n",
    );
    folder.write(
        "requests/d.yaml",
        "scheme: none\nneeds: [thing]\nget: /one\n",
    );
    folder.write(
        "fixtures/thing.yaml",
        "scheme: none\nsteps:\n  - name: add\n    post: /add\n    capture: { id: $.id }\n    undo: { delete: \"/remove/{{ id }}\" }\n",
    );
    let args = with_all_reports(&["run", "-j", "1"]);
    let (stdout, stderr, code) = run(folder.path(), &words(&args), &[]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    // Three each of attempts, polls and pages; one request, its fixture and its undo.
    assert!(
        stdout.contains("4 passed, 1 flaky · 12 requests in"),
        "{stdout}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&file(folder.path(), "out/run.json")).unwrap();
    assert_eq!(json["summary"]["requests"], 12);
    assert_eq!(json["summary"]["token_requests"], 0);
    let of_unit = |unit: usize| {
        json["units"][unit]["steps"][0]["requests"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        [of_unit(0), of_unit(1), of_unit(2), of_unit(3)],
        [3, 3, 3, 1]
    );
    assert_eq!(json["set_ups"][0]["steps"][0]["requests"], 1);
    let ctrf: serde_json::Value =
        serde_json::from_str(&file(folder.path(), "out/ctrf.json")).unwrap();
    assert_eq!(ctrf["results"]["summary"]["extra"]["requests"], 12);
    assert!(file(folder.path(), "out/run.ndjson").contains(r#""requests":12,"token_requests":0"#));
    assert!(file(folder.path(), "out/run.html").contains("<dt>sent</dt><dd>12 requests</dd>"));
}
