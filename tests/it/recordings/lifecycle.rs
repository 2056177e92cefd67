//! The life of a recording: written, replayed at any time with any keys, added to, held against,
//! too old.

use super::super::program::{Folder, root};
use super::{Server, files, json, record, run, run_with, workspace};
use ingam::testing::TestWorkspace;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const NOW_MS: i64 = 1_795_338_000_000;

/// Every request kind at once: fresh values, captures, a form, parts, two schemes, an expected
/// refusal.
fn shop() -> (Server, Folder) {
    let counter = AtomicUsize::new(0);
    let server = Server::start(move |arrived| {
        let turn = counter.fetch_add(1, Ordering::SeqCst);
        let path = arrived.target.split('?').next().unwrap();
        match path {
            "/v2/list" => json(&format!(
                r#"{{"transactionId":"t{turn}","data":[{{"id":7,"name":"A"}}]}}"#
            )),
            "/v2/no" => (
                400,
                Vec::new(),
                br#"{"code":"ERROR","message":"no"}"#.to_vec(),
            ),
            "/api/v2/shop/get_shop_info" => json(&format!(
                r#"{{"error":"","message":"","request_id":"r{turn}"}}"#
            )),
            _ => json(r#"{"code":"OK","echo":"ok"}"#),
        }
    });
    let folder = workspace(&server);
    folder.write(
        "requests/flow.yaml",
        "scheme: coupang\nsteps:\n  - name: list\n    get: /v2/list\n    query: { since: \"{{ now() - 60 }}\", day: '{{ date(\"%Y-%m-%d\") }}' }\n    capture: { id: \"$.data[0].id\" }\n  - name: save\n    post: /v2/save\n    json: { id: \"{{ id }}\", ref: \"{{ uuid() }}\", tag: \"t-{{ run_id }}\" }\n  - name: form\n    post: /v2/form\n    form: { code: \"{{ random(8) }}\" }\n",
    );
    folder.write(
        "requests/shop.yaml",
        "scheme: shopee\nget: /api/v2/shop/get_shop_info\nquery: { at: \"{{ now_ms() }}\" }\n",
    );
    folder.write(
        "requests/refused.yaml",
        "scheme: coupang\nget: /v2/no\nok: false\nassert: { status: 400 }\n",
    );
    folder.write("requests/plain.yaml", "scheme: none\nget: /plain\n");
    (server, folder)
}

#[test]
fn what_is_recorded_replays_at_any_time_with_any_keys_and_with_none() {
    let (server, folder) = shop();
    record(&folder);
    let seen = server.seen();
    let clocks: [fn() -> i64; 4] = [
        || NOW_MS,
        || NOW_MS + 3_600_000,
        || NOW_MS + 365 * 86_400_000,
        || NOW_MS + 10 * 365 * 86_400_000,
    ];
    let keys = |index: usize| match index % 3 {
        0 => Vec::new(),
        1 => vec![(
            "INGAM_COUPANG__SECRET_KEY".to_owned(),
            format!("another-key-{index}"),
        )],
        _ => vec![(
            "INGAM_SHOPEE__ACCESS_TOKEN".to_owned(),
            format!("another-token-{index}"),
        )],
    };
    let shop = TestWorkspace::open(folder.path()).replay();
    for index in 0..100 {
        let outcome = shop
            .clone()
            .environment("local")
            .env(keys(index))
            .clock(clocks[index % 4])
            .run("**");
        assert!(outcome.passed(), "{index}: {}", outcome.report());
    }
    let (output, code) = run_with(&folder, &["run", "--replay"], &[]);
    assert_eq!((code, server.seen()), (0, seen), "{output}");
}

#[test]
fn recording_again_changes_nothing_while_the_marketplace_does_not() {
    let (_server, folder) = shop();
    assert!(record(&folder).contains("recorded: 4 new"));
    let before = files(&folder.path().join("fixtures"));
    let output = record(&folder);
    assert!(output.contains("recorded: 4 as before"), "{output}");
    assert_eq!(files(&folder.path().join("fixtures")), before);
}

/// The system calls of a replay: none that has to do with a network.
#[test]
fn a_replay_opens_no_socket() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("skipped: there is no strace on this machine");
        return;
    }
    let (_server, folder) = shop();
    record(&folder);
    let trace = folder.path().join("trace");
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-qq",
            "-e",
            "trace=socket,connect,bind,listen,accept,accept4,sendto,sendmsg",
            "-o",
        ])
        .arg(&trace);
    command
        .arg(env!("CARGO_BIN_EXE_ingam"))
        .args(["run", "--replay", "--env", "local"])
        .current_dir(folder.path());
    let output = command
        .env_clear()
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let calls = std::fs::read_to_string(&trace).unwrap();
    assert!(
        !calls.contains("socket(") && !calls.contains("connect("),
        "{calls}"
    );
}

#[test]
fn new_requests_are_added_and_old_ones_are_answered_from_what_is_recorded() {
    let (server, folder) = shop();
    record(&folder);
    folder.write("requests/more.yaml", "scheme: coupang\nget: /v2/more\n");
    let seen = server.seen();
    let before = files(&folder.path().join("fixtures"));
    let (output, code) = run(&folder, &["run", "--env", "local", "--record=new"]);
    assert_eq!((code, server.seen()), (0, seen + 1), "{output}");
    let after = files(&folder.path().join("fixtures"));
    assert_eq!(after.len(), before.len() + 1);
    assert!(before.iter().all(|file| after.contains(file)));
}

#[test]
fn a_difference_is_shown_and_nothing_is_written() {
    let name = Arc::new(std::sync::Mutex::new("A".to_owned()));
    let answered = Arc::clone(&name);
    let server = Server::start(move |_| {
        json(&format!(
            r#"{{"code":"OK","data":{{"name":"{}"}}}}"#,
            answered.lock().unwrap()
        ))
    });
    let folder = workspace(&server);
    folder.write("requests/one.yaml", "scheme: coupang\nget: /v2/one\n");
    record(&folder);
    let before = files(&folder.path().join("fixtures"));
    let (output, code) = run(&folder, &["run", "--env", "local", "--diff"]);
    assert_eq!(code, 0, "{output}");
    *name.lock().unwrap() = "B".to_owned();
    let (output, code) = run(&folder, &["run", "--env", "local", "--diff"]);
    assert!(
        code == 1 && output.contains(r#"$.data.name: expected "A" (string), got "B" (string)"#),
        "{code}: {output}"
    );
    folder.write("requests/two.yaml", "scheme: coupang\nget: /v2/two\n");
    let (output, code) = run(&folder, &["run", "two", "--env", "local", "--diff"]);
    assert!(
        code == 8 && output.contains("nothing is recorded"),
        "{code}: {output}"
    );
    assert_eq!(files(&folder.path().join("fixtures")), before);
}

/// A recording that brings no response to compare with is never taken for one that is equal.
#[test]
fn a_response_is_not_equal_to_a_recording_without_a_readable_response() {
    let server = Server::start(|_| (200, Vec::new(), vec![b'x'; 100_000]));
    let folder = workspace(&server);
    folder.write("requests/one.yaml", "scheme: none\nget: /one\n");
    record(&folder);
    let recording = files(&folder.path().join("fixtures/recordings"))
        .into_iter()
        .map(|(path, _)| path)
        .find(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .unwrap();
    let body = files(&folder.path().join("fixtures/recordings/bodies"))
        .remove(0)
        .0;
    std::fs::write(&body, vec![b'y'; 100_000]).unwrap();
    let (output, code) = run(&folder, &["run", "--env", "local", "--diff"]);
    assert!(
        code == 8 && output.contains("the recorded response cannot be read"),
        "{code}: {output}"
    );
    std::fs::write(
        &recording,
        "format: 1\nscheme: none\nexchanges:\n  - request: { get: /one }\n    fault: reset\n",
    )
    .unwrap();
    let (output, code) = run(&folder, &["run", "--env", "local", "--diff"]);
    assert!(
        code == 1
            && output.contains("a closed connection, as recorded")
            && output.contains("a response with status 200"),
        "{code}: {output}"
    );
}

/// March of the year after the recordings of this repository and the sample of `ingam init`.
const MARCH_2027: fn() -> i64 = || 1_804_000_000_000;

#[test]
fn what_is_too_old_is_a_warning_and_fails_only_where_the_workspace_says_so() {
    let (_server, folder) = shop();
    record(&folder);
    let shop = || {
        TestWorkspace::open(folder.path())
            .replay()
            .clock(MARCH_2027)
            .environment("local")
            .env([("CI".to_owned(), "true".to_owned())])
    };
    let outcome = shop().run("plain");
    assert!(
        outcome.passed() && outcome.report().contains("1 recording older than 90 days"),
        "{}",
        outcome.report()
    );
    let settings = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    for (recordings, code, text) in [
        ("{ on_old: fail }", 8, "1 recording older than 90 days"),
        (
            "{ on_old: warn, max_age: 30d }",
            0,
            "1 recording older than 30 days",
        ),
        ("{ on_old: fail, max_age: 9000d }", 0, "1 passed"),
    ] {
        folder.write(
            "ingam.yaml",
            &format!("{settings}recordings: {recordings}\n"),
        );
        let outcome = shop().run("plain");
        assert!(
            outcome.exit_code() == code && outcome.report().contains(text),
            "{recordings}: {}",
            outcome.report()
        );
    }
}

#[test]
fn what_is_too_old_stands_in_every_report() {
    let (_server, folder) = shop();
    record(&folder);
    let path = folder.path().join("fixtures/recordings/plain.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let old: String = text
        .lines()
        .filter(|line| !line.starts_with("checksum"))
        .map(|line| match line.strip_prefix("recorded: ") {
            Some(_) => "recorded: 2020-01-01T00:00:00Z\n".to_owned(),
            None => format!("{line}\n"),
        })
        .collect();
    std::fs::write(&path, old).unwrap();
    let settings = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    let formats = ["junit", "json", "ctrf", "tap", "ndjson", "github", "html"];
    for (on_old, expected_code) in [("warn", 0), ("fail", 8)] {
        folder.write(
            "ingam.yaml",
            &format!("{settings}recordings: {{ on_old: {on_old} }}\n"),
        );
        let reports: Vec<String> = formats
            .iter()
            .map(|format| format!("--report={format}={on_old}.{format}"))
            .collect();
        let args = ["run", "--replay", "--env", "local", "plain"];
        let args: Vec<&str> = args
            .into_iter()
            .chain(reports.iter().map(String::as_str))
            .collect();
        let (output, code) = run_with(&folder, &args, &[("CI", "true")]);
        assert_eq!(code, expected_code, "{output}");
        for format in formats {
            let report =
                std::fs::read_to_string(folder.path().join(format!("{on_old}.{format}"))).unwrap();
            assert!(report.contains("older than 90 days"), "{format}: {report}");
        }
    }
}

#[test]
fn the_sample_and_this_repository_pass_in_ci_in_years_to_come() {
    let folder = Folder::new();
    let (output, code) = run_with(&folder, &["init"], &[]);
    assert_eq!(code, 0, "{output}");
    let in_ci = |root: &std::path::Path| {
        TestWorkspace::open(root)
            .replay()
            .clock(MARCH_2027)
            .env([("CI".to_owned(), "true".to_owned())])
            .run("**")
    };
    let outcome = in_ci(folder.path());
    assert!(
        outcome.passed() && !outcome.report().contains("older than"),
        "{}",
        outcome.report()
    );
    let outcome = in_ci(std::path::Path::new(env!("CARGO_MANIFEST_DIR")));
    assert_eq!(outcome.exit_code(), 0, "{}", outcome.report());
}

#[test]
fn what_does_not_go_as_expected_is_not_recorded() {
    let server = Server::start(|arrived| {
        let fails = arrived.target == "/v2/fails";
        if fails {
            (500, Vec::new(), b"{}".to_vec())
        } else {
            json(r#"{"code":"OK","n":1}"#)
        }
    });
    let folder = workspace(&server);
    folder.write("requests/fails.yaml", "scheme: coupang\nget: /v2/fails\n");
    folder.write(
        "requests/wrong.yaml",
        "scheme: coupang\nget: /v2/wrong\nassert: { $.n: 2 }\n",
    );
    let (output, code) = run(&folder, &["run", "--env", "local", "--record"]);
    assert!(
        code == 1 && output.contains("`fails` is not recorded: the response was"),
        "{code}: {output}"
    );
    let names: Vec<_> = files(&folder.path().join("fixtures"))
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(
        names,
        [folder.path().join("fixtures/recordings/wrong.yaml")],
        "an assertion can be mended offline"
    );
}

#[test]
fn what_nobody_asks_for_is_reported() {
    let (_server, folder) = shop();
    record(&folder);
    folder.write(
        "requests/refused.yaml",
        "scheme: coupang\nget: /v2/list\nquery: { since: 1, day: x }\n",
    );
    let (output, code) = run_with(&folder, &["run", "--replay", "refused"], &[]);
    assert!(
        code == 0 && output.contains("1 recorded exchange not used by any request"),
        "{code}: {output}"
    );
    assert!(
        output.contains("fixtures/recordings/refused.yaml: GET /v2/no"),
        "{output}"
    );
}

/// What is of another shard is asked for there.
#[test]
fn a_shard_of_a_replay_misses_nothing() {
    let (_server, folder) = shop();
    record(&folder);
    for shard in ["1/2", "2/2"] {
        let (output, code) = run_with(&folder, &["run", "--replay", "--shard", shard], &[]);
        assert!(
            code == 0
                && !output.contains("exchange unused")
                && !output.contains("exchanges unused"),
            "{code}: {output}"
        );
    }
}

#[test]
fn every_request_of_this_repository_replays() {
    let own = TestWorkspace::open(root())
        .replay()
        .env([])
        .clock(|| NOW_MS);
    let outcome = own.run("**");
    assert!(outcome.passed(), "{}", outcome.report());
}

#[test]
fn an_echo_of_the_run_is_that_of_the_run_that_replays() {
    let server = Server::start(|arrived| {
        let body = String::from_utf8_lossy(&arrived.body).into_owned();
        json(&format!(r#"{{"code":"OK","sent":{body}}}"#))
    });
    let folder = workspace(&server);
    folder.write(
        "requests/echo.yaml",
        "scheme: coupang\nsteps:\n  - name: make\n    post: /v2/make\n    json: { name: \"ingam {{ run_id }}\" }\n    assert: { $.sent.name: \"ingam {{ run_id }}\" }\n    capture: { name: $.sent.name }\n  - name: find\n    post: /v2/find\n    json: { name: \"{{ name }}\" }\n    assert: { $.sent.name: \"ingam {{ run_id }}\" }\n",
    );
    record(&folder);
    let (output, code) = run_with(&folder, &["run", "--replay"], &[]);
    assert_eq!(code, 0, "{output}");
}
