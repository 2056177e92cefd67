//! Reports: one run, every format, one expected outcome.

mod browser;
mod cli;
mod html;
mod live;
mod merge;
mod parsers;
mod run_faults;
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
