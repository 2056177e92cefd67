//! Faults that belong to no unit: each is in every report, with its place, and the reports say
//! what the exit code says.

use super::shop::{run, shop};
use super::{FORMATS, file, with_all_reports, words};
use crate::program::Folder;
use serde_json::Value;

/// Runs with every report; the exit code and standard error.
fn run_all(folder: &Folder, args: &[&str], env: &[(&str, &str)]) -> (i32, String) {
    let args = with_all_reports(&[&["run"], args].concat());
    let (_, stderr, code) = run(folder.path(), &words(&args), env);
    (code, stderr)
}

/// Every report must hold the text, and fail as the run did.
fn assert_in_every_report(folder: &Folder, code: i32, says: &str) {
    for (format, path) in FORMATS {
        let text = file(folder.path(), path);
        // Each format has its own escapes.
        let plain = text
            .replace("\\\"", "\"")
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("%25", "%")
            .replace("&#39;", "'");
        assert!(plain.contains(says), "{format} does not say {says}: {text}");
    }
    let junit = super::parsers::junit(&file(folder.path(), "out/junit.xml"));
    assert_eq!(
        junit.iter().any(|case| case.verdict == "error"),
        code != 0,
        "{junit:?}"
    );
    let ctrf: Value = serde_json::from_str(&file(folder.path(), "out/ctrf.json")).unwrap();
    assert_eq!(ctrf["results"]["summary"]["failed"] != 0, code != 0);
    let tap = file(folder.path(), "out/run.tap");
    assert_eq!(tap.contains("not ok "), code != 0, "{tap}");
    assert_last_line_is_the_end(folder);
    // A merge of one document ends as its run did.
    let (_, _, merged) = run(folder.path(), &["report", "merge", "out/run.json"], &[]);
    assert_eq!(merged, code);
}

fn assert_last_line_is_the_end(folder: &Folder) {
    let text = file(folder.path(), "out/run.ndjson");
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "run_finished", "{text}");
    let notices = text.matches(r#"{"event":"run_notice","severity":"error""#);
    assert_eq!(last["run_errors"], notices.count(), "{text}");
}

#[test]
fn a_faulty_file_is_in_every_report_at_its_place() {
    let folder = shop();
    folder.write("requests/typo.yaml", "scheme: none\nget: /a\nquerry: {}\n");
    let (code, _) = run_all(&folder, &[], &[]);
    assert_eq!(code, 3);
    assert_in_every_report(&folder, code, "querry");
    let github = file(folder.path(), "out/github.txt");
    assert!(
        github.starts_with("::error file=requests/typo.yaml,line=3,col=1,title=ingam run::"),
        "{github}"
    );
    let junit = file(folder.path(), "out/junit.xml");
    assert!(
        junit.contains(r#"file="requests/typo.yaml" line="3""#) && junit.contains("help: "),
        "{junit}"
    );
}

#[test]
fn what_stops_a_run_before_its_first_request_is_in_every_report() {
    for (args, env, code, says) in [
        (&["nothing-like-it"][..], &[][..], 4, "nothing-like-it"),
        (
            &["--env", "lokal"],
            &[],
            2,
            "there is no environment `lokal`",
        ),
        (&["--account", "seller"], &[], 2, "no account `seller`"),
        (&["--root", "nowhere"], &[], 3, "the workspace `"),
        (&["skipped"], &[], 4, "all selected requests were skipped"),
        (
            &["pass", "--rerun-failed"],
            &[],
            4,
            "no request of this workspace failed when it was last run",
        ),
    ] {
        let folder = shop();
        let (exit, stderr) = run_all(&folder, args, env);
        assert_eq!(exit, code, "{args:?}: {stderr}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
        assert_in_every_report(&folder, code, says);
    }
}

#[test]
fn a_warning_of_a_run_is_in_every_report_and_fails_none() {
    let folder = Folder::new();
    let origin = super::shop::server();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    folder.write("requests/a.yaml", "scheme: none\nget: /pass\n");
    folder.write("requests/gone.snap", "---\n---\n{}\n");
    let (code, stderr) = run_all(&folder, &[], &[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stderr.contains("belongs to no step, case or account"),
        "{stderr}"
    );
    assert_in_every_report(&folder, code, "belongs to no step, case or account");
}

#[test]
fn a_default_that_was_taken_is_in_every_report_and_fails_none() {
    let folder = Folder::new();
    let origin = super::shop::server();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    folder.write(
        "requests/a.yaml",
        "scheme: none\nget: /pass\ncapture: { rebate: { from: $.rebate, default: 5 } }\n",
    );
    let (code, stderr) = run_all(&folder, &[], &[]);
    assert_eq!(code, 0, "{stderr}");
    assert_in_every_report(&folder, code, "`rebate` is its default, 5");
}

#[test]
fn no_older_report_survives_a_run_that_is_killed() {
    let folder = shop();
    for (_, path) in FORMATS {
        folder.write(path, "older and green");
    }
    let origin = super::live::silent_server();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\", coupang: \"{origin}\" }} }} }}\n"),
    );
    let args = with_all_reports(&["run", "pass"]);
    let mut child = crate::program::ingam(folder.path())
        .args(words(&args))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let ndjson = folder.path().join("out/run.ndjson");
    let begun =
        || std::fs::read_to_string(&ndjson).is_ok_and(|text| text.contains(r#""unit_started""#));
    assert!(super::live::within_ten_seconds(&begun));
    child.kill().unwrap();
    child.wait().unwrap();
    for (format, path) in FORMATS.iter().filter(|(format, _)| *format != "ndjson") {
        let text = file(folder.path(), path);
        assert!(text.contains("the run did not finish"), "{format}: {text}");
    }
    let ndjson = file(folder.path(), "out/run.ndjson");
    assert!(
        !ndjson.contains("green") && !ndjson.contains("run_finished"),
        "{ndjson}"
    );
    let (_, _, code) = run(folder.path(), &["report", "merge", "out/run.json"], &[]);
    assert_eq!(code, 5, "a run that did not finish has not passed");
}

#[test]
fn a_merge_refuses_to_write_over_what_it_reads() {
    let folder = shop();
    run(
        folder.path(),
        &["run", "pass", "--report", "json=1.json"],
        &[],
    );
    let before = file(folder.path(), "1.json");
    let args = ["report", "merge", "1.json", "--report", "html=./1.json"];
    let (_, stderr, code) = run(folder.path(), &args, &[]);
    assert_eq!(code, 2, "{stderr}");
    assert!(
        stderr.contains("`1.json` is an input, and the report would overwrite it"),
        "{stderr}"
    );
    assert_eq!(file(folder.path(), "1.json"), before);
}
