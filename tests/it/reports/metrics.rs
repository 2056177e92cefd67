//! Metrics of a run, read by Prometheus' own parser.

use super::file;
use super::shop::{run, shop};
use crate::program::root;
use crate::sandbox_edge::programs::{has, installed};
use std::collections::BTreeMap;
use std::process::Command;

/// Prints each sample as JSON, and a metric without help or of another type as an error.
const READER: &str = r#"
import json, sys
from prometheus_client.parser import text_string_to_metric_families
samples = []
for family in text_string_to_metric_families(open(sys.argv[1], newline="").read()):
    assert family.type == "gauge" and family.documentation, family
    samples += [[s.name, s.labels, s.value] for s in family.samples]
print(json.dumps(samples))
"#;

type Samples = BTreeMap<(String, BTreeMap<String, String>), f64>;

/// `None` where Python has no such parser.
fn read(path: &std::path::Path) -> Option<Samples> {
    let python = installed().join("venv/bin/python");
    if !has(&python) {
        return None;
    }
    let mut command = Command::new(python);
    let output = command.args(["-c", READER]).arg(path).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let samples: Vec<(String, BTreeMap<String, String>, f64)> =
        serde_json::from_slice(&output.stdout).unwrap();
    let count = samples.len();
    let samples: Samples = samples
        .into_iter()
        .map(|(name, labels, value)| ((name, labels), value))
        .collect();
    assert_eq!(samples.len(), count, "a series stands twice");
    Some(samples)
}

fn value(samples: &Samples, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels = [&[("environment", "local")], labels].concat();
    let owned = labels
        .into_iter()
        .map(|(label, text)| (label.to_owned(), text.to_owned()));
    samples.get(&(name.to_owned(), owned.collect())).copied()
}

#[test]
fn the_parser_of_prometheus_reads_what_the_run_did() {
    let folder = shop();
    let args = ["run", "-j", "1", "--report", "prometheus=out/ingam.prom"];
    let (stdout, stderr, code) = run(folder.path(), &args, &[]);
    assert_eq!((code, stderr.as_str()), (5, ""), "{stdout}");
    let Some(samples) = read(&folder.path().join("out/ingam.prom")) else {
        return;
    };
    let of_run = |name, labels: &[(&str, &str)]| value(&samples, name, labels);
    assert_eq!(of_run("ingam_run_exit_code", &[]), Some(5.0));
    assert_eq!(of_run("ingam_run_requests", &[]), Some(4.0));
    for (verdict, count) in [("pass", 1.0), ("fail", 2.0), ("error", 1.0), ("skip", 1.0)] {
        let labels = [("verdict", verdict)];
        assert_eq!(of_run("ingam_run_units", &labels), Some(count), "{verdict}");
    }
    for (unit, success) in [
        ("pass", Some(1.0)),
        ("nasty", Some(0.0)),
        ("refused", Some(0.0)),
        ("flow/세_steps", Some(0.0)),
        ("skipped", None),
    ] {
        let labels = [("unit", unit)];
        assert_eq!(of_run("ingam_unit_success", &labels), success, "{unit}");
        let duration = of_run("ingam_unit_duration_seconds", &labels);
        assert_eq!(duration.is_some(), success.is_some(), "{unit}");
    }
    let second = [("unit", "flow/세_steps"), ("step", "second")];
    assert_eq!(of_run("ingam_step_success", &second), Some(0.0));
    assert_eq!(of_run("ingam_step_status_code", &second), Some(200.0));
    assert!(of_run("ingam_step_latency_seconds", &second).is_some_and(|latency| latency > 0.0));
    let (start, end) = (
        of_run("ingam_run_start_timestamp_seconds", &[]).unwrap(),
        of_run("ingam_run_end_timestamp_seconds", &[]).unwrap(),
    );
    assert!(end >= start && start > 1_700_000_000.0, "{start} {end}");
}

/// Alerts look at the time of the last run that ended: a file of an unfinished run would be a gap
/// in every graph.
#[test]
fn metrics_of_the_last_run_stay_until_the_next_one_has_ended() {
    let folder = shop();
    folder.write("ingam.prom", "of the run before");
    let origin = super::live::silent_server();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    let args = [
        "run",
        "pass",
        "--report",
        "prometheus=ingam.prom",
        "--timeout",
    ];
    let mut child = crate::program::ingam(folder.path())
        .args(args)
        .args(["60s", "--report", "ndjson=run.ndjson"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let ndjson = folder.path().join("run.ndjson");
    let begun =
        || std::fs::read_to_string(&ndjson).is_ok_and(|text| text.contains(r#""unit_started""#));
    assert!(super::live::within_ten_seconds(&begun));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(file(folder.path(), "ingam.prom"), "of the run before");
    let (_, _, code) = run(
        folder.path(),
        &["run", "skipped", "--report", "prometheus=ingam.prom"],
        &[],
    );
    assert_eq!(code, 4);
    let text = file(folder.path(), "ingam.prom");
    assert!(
        text.contains("ingam_run_exit_code{environment=\"local\"} 4\n"),
        "{text}"
    );
}

#[test]
fn a_folder_that_refuses_metrics_is_found_before_anything_is_sent() {
    let folder = shop();
    folder.write("taken", "a file");
    let args = ["run", "pass", "--report", "prometheus=taken/ingam.prom"];
    let (stdout, stderr, code) = run(folder.path(), &args, &[]);
    assert_eq!(code, 5, "{stdout}{stderr}");
    assert!(stderr.contains("nothing was sent"), "{stderr}");
}

#[test]
fn merged_metrics_are_those_of_the_whole_run() {
    let folder = shop();
    for (index, unit) in ["pass", "flow"].iter().enumerate() {
        let report = format!("json={index}.json");
        run(folder.path(), &["run", unit, "--report", &report], &[]);
    }
    let args = [
        "report",
        "merge",
        "0.json",
        "1.json",
        "--report",
        "prometheus=all.prom",
    ];
    let (_, stderr, code) = run(folder.path(), &args, &[]);
    assert_eq!((code, stderr.as_str()), (1, ""));
    let text = file(folder.path(), "all.prom");
    assert!(
        text.contains("ingam_run_exit_code{environment=\"local\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("ingam_unit_success{environment=\"local\",unit=\"pass\"} 1\n"),
        "{text}"
    );
}

#[test]
fn the_page_names_every_metric() {
    let folder = shop();
    let args = ["run", "--report", "prometheus=ingam.prom"];
    run(folder.path(), &args, &[]);
    let text = file(folder.path(), "ingam.prom");
    let page = root().join("docs/reference/metrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names: Vec<&str> = types.map(|line| line.split(' ').next().unwrap()).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}
