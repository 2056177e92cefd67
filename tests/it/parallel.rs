//! Runs side by side, in parts, again, and against the clock.

use super::program::{Folder, text};
use super::recordings::{KEYS, Server, json, run, run_with, workspace};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::Duration;

/// How many requests were in flight at once, at most: in all, and by the first part of their paths.
#[derive(Default)]
struct Flight {
    now: HashMap<String, usize>,
    most: HashMap<String, usize>,
}

impl Flight {
    fn begin(&mut self, name: &str) {
        let now = self.now.entry(name.to_owned()).or_default();
        *now += 1;
        let most = self.most.entry(name.to_owned()).or_default();
        *most = (*most).max(*now);
    }

    fn end(&mut self, name: &str) {
        *self.now.get_mut(name).unwrap() -= 1;
    }
}

/// Answers when so many requests are in flight, or none has come for a moment.
fn counting(together: usize) -> (Server, Arc<Mutex<Flight>>) {
    let flight = Arc::new(Mutex::new(Flight::default()));
    let (seen, all_here) = (
        Arc::clone(&flight),
        Arc::new((Mutex::new(0_usize), Condvar::new())),
    );
    let server = Server::start(move |arrived| {
        let path = arrived.target.split('?').next().unwrap();
        let part = path.split('/').nth(2).unwrap_or_default().to_owned();
        for name in ["all", part.as_str()] {
            seen.lock().unwrap().begin(name);
        }
        let (count, changed) = &*all_here;
        let mut here = count.lock().unwrap();
        *here += 1;
        changed.notify_all();
        let wait = Duration::from_secs(2);
        here = changed
            .wait_timeout_while(here, wait, |here| *here % together != 0)
            .unwrap()
            .0;
        drop(here);
        for name in ["all", part.as_str()] {
            seen.lock().unwrap().end(name);
        }
        json(r#"{"code":"OK"}"#)
    });
    (server, flight)
}

fn files(folder: &Folder, count: usize) {
    for number in 0..count {
        folder.write(
            &format!("requests/f{number:02}.yaml"),
            &format!("scheme: coupang\nget: /v2/f{number:02}\n"),
        );
    }
}

#[test]
fn so_many_requests_run_side_by_side_and_no_more() {
    let (server, flight) = counting(8);
    let folder = workspace(&server);
    files(&folder, 32);
    let (output, code) = run(&folder, &["run", "--env", "local", "-j", "8"]);
    assert_eq!(
        (code, flight.lock().unwrap().most["all"]),
        (0, 8),
        "{output}"
    );
}

/// A workspace of so many requests to a server that responds after 100 ms, with this status.
fn run_without_number(count: usize, status: u16) -> (String, i32, usize) {
    let flight = Arc::new(Mutex::new(Flight::default()));
    let seen = Arc::clone(&flight);
    let server = Server::start(move |_| {
        seen.lock().unwrap().begin("all");
        std::thread::sleep(Duration::from_millis(100));
        seen.lock().unwrap().end("all");
        let (_, headers, body) = json("{}");
        (status, headers, body)
    });
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!(
            "envs: {{ local: {{ hosts: {{ none: \"{}\" }} }} }}\n",
            server.origin
        ),
    );
    for number in 0..count {
        folder.write(
            &format!("requests/f{number:03}.yaml"),
            "scheme: none\nget: /x\nretry: { attempts: 1 }\nassert: { status: 200 }\n",
        );
    }
    let (output, code) = run(&folder, &["run", "--env", "local"]);
    let most = flight.lock().unwrap().most["all"];
    (output, code, most)
}

#[test]
fn more_units_run_in_parallel_while_responses_stay_fast() {
    let (output, code, most) = run_without_number(150, 200);
    assert_eq!(code, 0, "{output}");
    assert!(most > 32, "{most}: {output}");
    let last = output
        .lines()
        .rfind(|line| line.contains(" passed"))
        .unwrap();
    assert!(last.contains(" · up to "), "{last}");
    assert!(last.ends_with(" in parallel"), "{last}");
}

#[test]
fn no_more_units_run_in_parallel_when_a_marketplace_is_overloaded() {
    let (output, code, most) = run_without_number(60, 503);
    assert_eq!((code, most), (1, 16), "{output}");
    assert!(!output.contains("in parallel"), "{output}");
}

#[test]
fn lines_stand_in_the_order_of_the_plan() {
    // The first one is answered last.
    let others = Arc::new(Barrier::new(2));
    let count = AtomicUsize::new(0);
    let server = Server::start(move |arrived| {
        let is_first = arrived.target.ends_with("f00");
        if is_first || count.fetch_add(1, Ordering::SeqCst) == 6 {
            others.wait();
        }
        json(r#"{"code":"OK"}"#)
    });
    let folder = workspace(&server);
    files(&folder, 8);
    let (output, code) = run(&folder, &["run", "--env", "local", "-j", "4"]);
    let lines: Vec<&str> = output
        .lines()
        .filter_map(|line| line.strip_prefix("  PASS ")?.split(' ').next())
        .collect();
    let expected: Vec<String> = (0..8).map(|number| format!("f{number:02}")).collect();
    assert_eq!(
        (code, lines),
        (0, expected.iter().map(String::as_str).collect()),
        "{output}"
    );
}

#[test]
fn steps_and_cases_of_one_file_stay_in_order_and_accounts_run_side_by_side() {
    let (server, flight) = counting(2);
    let folder = workspace(&server);
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    folder.write(
        "ingam.yaml",
        &yaml.replace(
            "sg: { shop_id: 123 }",
            "sg: { shop_id: 123 }, my: { shop_id: 124 }",
        ),
    );
    let steps = "steps:\n  - { name: one, get: /v2/flow/1 }\n  - { name: two, get: /v2/flow/2 }\n";
    folder.write(
        "requests/flow.yaml",
        &format!("scheme: coupang\ncases: {{ a: {{ n: 1 }}, b: {{ n: 2 }} }}\n{steps}"),
    );
    folder.write(
        "requests/other.yaml",
        "scheme: coupang\ncases: { a: { n: 1 }, b: { n: 2 } }\nget: /v2/other\n",
    );
    folder.write(
        "requests/each.yaml",
        "scheme: shopee\naccount: all\nget: /api/each\nok: false\n",
    );
    run(
        &folder,
        &["run", "--env", "local", "-j", "8", "flow", "other"],
    );
    assert_eq!(flight.lock().unwrap().most["flow"], 1);
    run_with(
        &folder,
        &["run", "--env", "local", "-j", "8", "each"],
        &[
            KEYS[3],
            KEYS[4],
            ("INGAM_SHOPEE__LIVE__X", "x"),
            ("INGAM_SHOPEE__LOCAL__SG__ACCESS_TOKEN", "access-token-1"),
            ("INGAM_SHOPEE__LOCAL__MY__ACCESS_TOKEN", "access-token-2"),
        ],
    );
    assert_eq!(flight.lock().unwrap().most["each"], 2);
}

#[test]
fn a_fixture_of_the_run_is_made_once_and_undone_after_its_last_user() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let server = Server::start(move |arrived| {
        seen.lock().unwrap().push(arrived.target.clone());
        json(r#"{"code":"OK","id":7}"#)
    });
    let folder = workspace(&server);
    folder.write(
        "fixtures/thing.yaml",
        "scope: run\nscheme: coupang\nsteps:\n  - name: make\n    post: /v2/make\n    capture: { id: $.id }\n    undo: { delete: \"/v2/gone/{{ id }}\" }\nvalues: { id: \"{{ id }}\" }\n",
    );
    for number in 0..6 {
        folder.write(
            &format!("requests/u{number}.yaml"),
            &format!(
                "scheme: coupang\nneeds: thing\nget: \"/v2/use/{number}/{{{{ thing.id }}}}\"\n"
            ),
        );
        folder.write(
            &format!("requests/w{number}.yaml"),
            &format!("scheme: coupang\nget: /v2/without/{number}\n"),
        );
    }
    let (output, code) = run(&folder, &["run", "--env", "local", "-j", "4"]);
    let log = log.lock().unwrap();
    let place = |text: &str| log.iter().position(|target| target == text).unwrap();
    assert_eq!(code, 0, "{output}");
    assert_eq!(
        log.iter()
            .filter(|target| *target == "/v2/make" || *target == "/v2/gone/7")
            .count(),
        2
    );
    for number in 0..6 {
        let used = place(&format!("/v2/use/{number}/7"));
        assert!(place("/v2/make") < used && used < place("/v2/gone/7"));
    }
}

#[test]
fn what_failed_runs_again_and_nothing_else() {
    let fails = Arc::new(AtomicUsize::new(2));
    let left = Arc::clone(&fails);
    let server = Server::start(move |arrived| {
        let is_bad = arrived.target == "/v2/f01" || arrived.target == "/v2/f02";
        if is_bad && left.load(Ordering::SeqCst) > 0 {
            (400, Vec::new(), b"{}".to_vec())
        } else {
            json(r#"{"code":"OK"}"#)
        }
    });
    let folder = workspace(&server);
    files(&folder, 4);
    let home = Folder::new();
    let home = home.path().to_str().unwrap();
    let again = |args: &[&str]| {
        let env: Vec<(&str, &str)> = KEYS.iter().copied().chain([("HOME", home)]).collect();
        run_with(&folder, &[&["run", "--env", "local"], args].concat(), &env)
    };
    let (output, code) = again(&["--rerun-failed"]);
    assert!(
        code == 4 && output.contains("no request of this workspace failed"),
        "{code}: {output}"
    );
    assert_eq!(again(&[]).1, 1);
    let (output, code) = again(&["--rerun-failed", "f01"]);
    assert!(
        code == 1 && output.contains("1 failed · 1 request"),
        "{code}: {output}"
    );
    fails.store(0, Ordering::SeqCst);
    let (output, code) = again(&["--rerun-failed"]);
    assert!(
        code == 0 && output.contains("2 passed · 2 requests"),
        "{code}: {output}"
    );
    assert_eq!(again(&["--rerun-failed"]).1, 4);
    // A file that has failed and was moved is not just left out.
    fails.store(2, Ordering::SeqCst);
    assert_eq!(again(&[]).1, 1);
    std::fs::rename(
        folder.path().join("requests/f01.yaml"),
        folder.path().join("requests/g01.yaml"),
    )
    .unwrap();
    let (output, code) = again(&["--rerun-failed"]);
    let is_said = |output: &str| output.contains("`f01` failed, and the file no longer exists");
    assert!(
        code == 1 && is_said(&output) && output.contains("1 failed, 1 warning · 1 request"),
        "{code}: {output}"
    );
    assert!(!is_said(&again(&["--rerun-failed"]).0), "it is said once");
}

#[test]
fn the_shards_of_a_run_are_the_run() {
    let server = Server::start(|_| json(r#"{"code":"OK"}"#));
    let folder = workspace(&server);
    files(&folder, 12);
    folder.write(
        "requests/wrong.yaml",
        "scheme: coupang\nget: /v2/wrong\nassert: { $.code: NO }\n",
    );
    let mut ran: BTreeMap<String, usize> = BTreeMap::new();
    let mut codes = Vec::new();
    for index in 0..4 {
        let report = format!("json=out/{index}.json");
        let mut env: Vec<(&str, &str)> = KEYS.to_vec();
        let text = index.to_string();
        env.extend([
            ("JOB_COMPLETION_INDEX", text.as_str()),
            ("INGAM_SHARDS", "4"),
        ]);
        let (output, code) = run_with(
            &folder,
            &[
                "run", "--env", "local", "--shard", "auto", "--report", &report,
            ],
            &env,
        );
        codes.push(code);
        assert!(
            output.contains(&format!("shard {}/4", index + 1)),
            "{output}"
        );
        for line in output
            .lines()
            .filter(|line| line.starts_with("  PASS ") || line.starts_with("  FAIL "))
        {
            *ran.entry(line[7..].split(' ').next().unwrap().to_owned())
                .or_default() += 1;
        }
    }
    assert!(
        ran.len() == 13 && ran.values().all(|count| *count == 1),
        "{ran:?}"
    );
    assert_eq!(
        (
            codes.iter().filter(|code| **code == 1).count(),
            codes.iter().filter(|code| **code == 0).count()
        ),
        (1, 3)
    );
    let documents: Vec<String> = (0..4).map(|index| format!("out/{index}.json")).collect();
    let args: Vec<&str> = ["report", "merge"]
        .into_iter()
        .chain(documents.iter().map(String::as_str))
        .collect();
    let (output, code) = run(&folder, &args);
    assert!(
        code == 1 && output.contains("12 passed, 1 failed"),
        "{code}: {output}"
    );
    // A part that got lost is no green light for what it had to test.
    let (output, code) = run(
        &folder,
        &["report", "merge", "out/0.json", "out/2.json", "out/3.json"],
    );
    assert!(
        code == 3 && output.contains("of 4 shards, the following is missing: 2/4"),
        "{code}: {output}"
    );
    for wrong in ["5/4", "0/4", "x", "auto"] {
        let (output, code) = run(&folder, &["run", "--env", "local", "--shard", wrong]);
        assert!(
            code == 2 && output.contains("--shard"),
            "{wrong}: {code}: {output}"
        );
    }
}

#[test]
fn a_shard_without_a_unit_says_so_and_is_no_failure() {
    let server = Server::start(|_| json(r#"{"code":"OK"}"#));
    let folder = workspace(&server);
    files(&folder, 1);
    let results: Vec<(String, i32)> = (1..=2)
        .map(|index| {
            run(
                &folder,
                &["run", "--env", "local", "--shard", &format!("{index}/2")],
            )
        })
        .collect();
    assert!(results.iter().all(|(_, code)| *code == 0), "{results:?}");
    assert!(
        results
            .iter()
            .any(|(output, _)| output.contains("0 of 1 unit")),
        "{results:?}"
    );
}

#[test]
fn a_run_that_takes_too_long_is_stopped_and_says_so() {
    let server = Server::start(|_| {
        loop {
            std::thread::park();
        }
    });
    let folder = workspace(&server);
    files(&folder, 2);
    let (output, code) = run(&folder, &["run", "--env", "local", "--timeout", "300ms"]);
    assert!(
        code == 5 && output.contains("the run took longer than 300 ms"),
        "{code}: {output}"
    );
}

#[test]
fn a_run_without_any_time_is_refused_before_it_sends() {
    let folder = workspace(&Server::start(|_| panic!("nothing is sent")));
    files(&folder, 1);
    let (output, code) = run(&folder, &["run", "--env", "local", "--timeout", "0s"]);
    assert!(
        code == 2 && output.contains("leaves no time to send a request"),
        "{code}: {output}"
    );
}

/// Somebody looks: one line says how far it is, and is gone at the end.
#[test]
fn a_terminal_shows_how_far_it_is() {
    let Ok(script) = std::process::Command::new("script")
        .arg("--version")
        .output()
    else {
        eprintln!("skipped: there is no `script` on this machine");
        return;
    };
    assert!(script.status.success());
    let server = Server::start(|_| json(r#"{"code":"OK"}"#));
    let folder = workspace(&server);
    files(&folder, 3);
    let program = format!("{} run --env local -j 2", env!("CARGO_BIN_EXE_ingam"));
    let mut command = std::process::Command::new("script");
    command
        .args(["-qec", &program, "/dev/null"])
        .current_dir(folder.path())
        .env_clear()
        .envs(KEYS)
        .env("HOME", "/nonexistent");
    let (stdout, stderr, code) = text(
        &command
            .env("PATH", std::env::var_os("PATH").unwrap())
            .output()
            .unwrap(),
    );
    assert!(
        code == 0 && stdout.contains("2 running · 0 of 3 done"),
        "{code}: {stdout}{stderr}"
    );
    let (shown, cleared) = (
        stdout.matches(" running · ").count(),
        stdout.matches("\x1b[2K").count(),
    );
    assert_eq!(shown, cleared, "{stdout:?}");
}
