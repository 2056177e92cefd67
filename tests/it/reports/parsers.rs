//! Reads each report as its own readers do, and gives what it says of each unit. None of this is
//! shared with what writes them.

use regex::Regex;
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

/// What a report says of one unit; a format that does not say something leaves it empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub id: String,
    pub verdict: String,
    pub place: String,
    pub message: String,
}

/// Lines of a run, then the troubled ones in full.
pub(super) fn terminal(text: &str) -> Vec<Said> {
    let line = Regex::new(r"(?m)^  (PASS|FAIL|ERR |SKIP) (\S+) +(.*)$").unwrap();
    let full = |id: &str| {
        let start = Regex::new(&format!(r"(?m)^(FAIL|ERR) {}$", regex::escape(id)))
            .unwrap()
            .find(text)?
            .end();
        Some(
            text[start..]
                .split("\n\nFAIL ")
                .next()?
                .split("\n\nERR ")
                .next()?
                .to_owned(),
        )
    };
    line.captures_iter(text)
        .map(|found| {
            let (id, note) = (found[2].to_owned(), found[3].to_owned());
            let word = match &found[1] {
                "PASS" => "pass",
                "FAIL" => "fail",
                "SKIP" => "skip",
                _ => "error",
            };
            let section = full(&id).unwrap_or_default();
            let place = Regex::new(r"\S+\.yaml:\d+:\d+").unwrap();
            let place = place
                .find_iter(&section)
                .nth(usize::from(word == "fail"))
                .map_or("", |found| found.as_str())
                .to_owned();
            let value = |name: &str| {
                Regex::new(&format!(r"(?m)^ +{name}:? +(.*)$"))
                    .unwrap()
                    .captures(&section)
                    .map(|found| found[1].to_owned())
            };
            let subject = Regex::new(r"(?m)^    (\S+)  \S+\.yaml:")
                .unwrap()
                .captures(&section)
                .map(|found| found[1].to_owned());
            let message = match word {
                "fail" => {
                    format!(
                        "{}: expected {}, got {}",
                        subject.unwrap(),
                        value("expected").unwrap(),
                        value("actual").unwrap()
                    )
                }
                "error" => value("error").unwrap(),
                "skip" => note,
                _ => String::new(),
            };
            Said {
                id,
                verdict: word.to_owned(),
                place,
                message,
            }
        })
        .collect()
}

pub(super) fn junit(text: &str) -> Vec<Said> {
    let document = Document::parse(text).unwrap();
    let cases = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    cases
        .map(|case| {
            let child = |name| {
                case.children()
                    .find(|node: &Node<'_, '_>| node.has_tag_name(name))
            };
            let found = [
                ("fail", child("failure")),
                ("error", child("error")),
                ("skip", child("skipped")),
            ];
            let (verdict, node) = found
                .into_iter()
                .find(|(_, node)| node.is_some())
                .unwrap_or(("pass", None));
            let message = node
                .and_then(|node| node.attribute("message"))
                .unwrap_or_default()
                .to_owned();
            // A fault of the whole run can have no place.
            let (file, line) = (
                case.attribute("file").unwrap_or_default(),
                case.attribute("line").unwrap_or_default(),
            );
            let place = place_in(
                node.and_then(|node| node.text()).unwrap_or_default(),
                &format!("{file}:{line}:"),
            );
            Said {
                id: case.attribute("name").unwrap().to_owned(),
                verdict: verdict.to_owned(),
                place,
                message,
            }
        })
        .collect()
}

/// The whole place in a text, of which a part is known.
fn place_in(text: &str, part: &str) -> String {
    let place = Regex::new(&format!(r"{}\d+", regex::escape(part))).unwrap();
    place
        .find(text)
        .map_or_else(String::new, |found| found.as_str().to_owned())
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn place_of(at: &Value) -> String {
    format!("{}:{}:{}", text_of(&at["file"]), at["line"], at["column"])
}

fn unit(unit: &Value) -> Said {
    Said {
        id: text_of(&unit["id"]),
        verdict: text_of(&unit["verdict"]),
        place: place_of(&unit["at"]),
        message: text_of(&unit["message"]),
    }
}

pub(super) fn json(text: &str) -> Vec<Said> {
    let document: Value = serde_json::from_str(text).unwrap();
    assert_eq!(document["format"], 1);
    document["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(unit)
        .collect()
}

pub(super) fn ndjson(text: &str) -> Vec<Said> {
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.first().unwrap()["event"], "run_started");
    assert_eq!(events.last().unwrap()["event"], "run_finished");
    events
        .iter()
        .filter(|event| event["event"] == "unit_finished")
        .map(unit)
        .collect()
}

pub(super) fn ctrf(text: &str) -> Vec<Said> {
    let report: Value = serde_json::from_str(text).unwrap();
    assert_eq!(
        (&report["reportFormat"], &report["specVersion"]),
        (&Value::from("CTRF"), &Value::from("0.0.0"))
    );
    let summary = &report["results"]["summary"];
    for count in [
        "tests", "passed", "failed", "skipped", "pending", "other", "start", "stop",
    ] {
        assert!(summary[count].is_u64(), "{count}: {summary}");
    }
    assert_eq!(
        (&summary["tests"], &summary["failed"]),
        (&Value::from(5), &Value::from(3))
    );
    let test = |test: &Value| {
        let status = text_of(&test["status"]);
        let verdict = text_of(&test["rawStatus"]);
        let fits = [
            ("pass", "passed"),
            ("fail", "failed"),
            ("error", "failed"),
            ("skip", "skipped"),
        ];
        assert!(
            fits.contains(&(&verdict, &status)) && test["duration"].is_u64(),
            "{test}"
        );
        let place = format!(
            "{}:{}:{}",
            text_of(&test["filePath"]),
            test["line"],
            test["extra"]["column"]
        );
        Said {
            id: text_of(&test["name"]),
            verdict,
            place,
            message: text_of(&test["message"]),
        }
    };
    report["results"]["tests"]
        .as_array()
        .unwrap()
        .iter()
        .map(test)
        .collect()
}

pub(super) fn tap(text: &str) -> Vec<Said> {
    let mut lines = text.lines().peekable();
    assert_eq!(lines.next(), Some("TAP version 14"));
    assert_eq!(lines.next(), Some("1..5"));
    let test = Regex::new(r"^(not )?ok (\d+) - (.*?)(?: # SKIP (.*))?$").unwrap();
    let plain = |text: &str| text.replace("\\#", "#").replace("\\\\", "\\");
    let mut all = Vec::new();
    while let Some(line) = lines.next() {
        let found = test
            .captures(line)
            .unwrap_or_else(|| panic!("no line of TAP: {line}"));
        assert_eq!(found[2], (all.len() + 1).to_string());
        let mut said = Said {
            id: plain(&found[3]),
            verdict: if found.get(4).is_some() {
                "skip"
            } else {
                "pass"
            }
            .to_owned(),
            place: String::new(),
            message: found
                .get(4)
                .map_or_else(String::new, |reason| plain(reason.as_str())),
        };
        if lines.next_if_eq(&"  ---").is_some() {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "  ...").collect();
            (said.verdict, said.place, said.message) = tap_block(&block);
        }
        assert_eq!(
            found.get(1).is_some(),
            ["fail", "error"].contains(&said.verdict.as_str())
        );
        all.push(said);
    }
    all
}

/// By our own YAML reader, which is strict.
fn tap_block(lines: &[&str]) -> (String, String, String) {
    let block: String = lines
        .iter()
        .map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line)))
        .collect();
    let yaml = ingam::internals::yaml::parse(ingam::internals::span::FileId(0), &block)
        .unwrap_or_else(|_| panic!("not YAML:\n{block}"));
    assert!(format!("{yaml:?}").contains("diagnostic"));
    let value = |name: &str| {
        let line = lines
            .iter()
            .map(|line| line.trim())
            .find_map(|line| line.strip_prefix(&format!("{name}: ")))
            .unwrap();
        serde_json::from_str(line).map_or_else(
            |_| line.to_owned(),
            |value: Value| value.as_str().map_or(line.to_owned(), str::to_owned),
        )
    };
    (
        value("severity"),
        format!("{}:{}:{}", value("file"), value("line"), value("column")),
        value("message"),
    )
}

/// As the runner reads its commands.
pub(super) fn github(text: &str) -> Vec<Said> {
    let command =
        Regex::new(r"^::error file=([^,:]*),line=(\d+),col=(\d+),title=([^,:]*)::(.*)$").unwrap();
    let data = |text: &str| {
        text.replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%")
    };
    let property = |text: &str| data(&text.replace("%3A", ":").replace("%2C", ","));
    text.lines()
        .map(|line| {
            let found = command
                .captures(line)
                .unwrap_or_else(|| panic!("no command: {line}"));
            let place = format!("{}:{}:{}", property(&found[1]), &found[2], &found[3]);
            let message = data(&found[5]).lines().next().unwrap().to_owned();
            Said {
                id: property(&found[4]),
                verdict: String::new(),
                place,
                message,
            }
        })
        .collect()
}

pub(super) fn page(text: &str) -> Document<'_> {
    Document::parse_with_options(
        text,
        ParsingOptions {
            allow_dtd: true,
            ..ParsingOptions::default()
        },
    )
    .unwrap()
}

pub(super) fn has_class(node: &Node<'_, '_>, class: &str) -> bool {
    node.attribute("class")
        .is_some_and(|classes| classes.split(' ').any(|one| one == class))
}

pub(super) fn words(node: &Node<'_, '_>) -> String {
    node.descendants()
        .filter(roxmltree::Node::is_text)
        .filter_map(|node| node.text())
        .collect()
}

pub(super) fn html(text: &str) -> Vec<Said> {
    let document = page(text);
    let of_class = |node: &Node<'_, '_>, class: &str| {
        node.descendants()
            .find(|node| has_class(node, class))
            .map(|node| words(&node))
    };
    let jumps = |id: &str| {
        let link = document.descendants().find(|node| {
            node.attribute("href")
                .is_some_and(|href| href == format!("#{id}"))
        })?;
        link.next_siblings()
            .find(|node| node.has_tag_name("span"))
            .map(|node| words(&node))
    };
    document
        .descendants()
        .filter(|node| node.attribute("data-verdict").is_some())
        .map(|unit| Said {
            id: of_class(&unit, "id").unwrap(),
            verdict: unit.attribute("data-verdict").unwrap().to_owned(),
            place: unit
                .descendants()
                .find(|node| node.has_tag_name("code"))
                .map(|node| words(&node))
                .unwrap(),
            message: jumps(unit.attribute("id").unwrap())
                .or_else(|| of_class(&unit, "message"))
                .unwrap_or_default(),
        })
        .collect()
}
