//! Reads are tried again, signed anew, and never too early.

use super::*;
use std::process::Stdio;

const READ: &str =
    "scheme: coupang\nget: /v2/x\nquery: { id: \"{{ uuid() }}\", at: \"{{ now_ms() }}\" }\n";

#[test]
fn a_read_is_tried_again_after_every_fault_and_signed_anew() {
    let faults = [
        Act::ResetAtFirstByte,
        Act::ResetAfterAll,
        Act::HalfAnAnswer,
        Act::Garbage,
        Act::Silence,
        status(429),
        status(500),
        status(503),
    ];
    for fault in faults {
        let server = Server::in_turn(vec![
            Act::Answer(503, "retry-after: 1\r\n".to_owned(), "{}".to_owned()),
            fault.clone(),
            ok(r#"{"code":"SUCCESS"}"#),
        ]);
        let folder = workspace(
            &server.origin,
            &[("requests/one.yaml", &format!("{READ}timeout: 400ms\n"))],
        );
        let (output, code) = run(&folder, &[]);
        assert_eq!(code, 0, "{fault:?}: {output}");
        let seen = server.seen();
        assert_eq!(seen.len(), 3, "{fault:?}: {output}");
        let (first, last) = (&seen[0], &seen[2]);
        assert_eq!(first.target(), last.target(), "what is rendered stays");
        // A second lies between them, and the scheme signs with seconds.
        assert_ne!(
            first.header("authorization"),
            last.header("authorization"),
            "{output}"
        );
        assert!(
            last.at - first.at >= Duration::from_secs(1),
            "earlier than `Retry-After` says"
        );
        assert!(
            output.contains("FLAKY, 3 attempts") && output.contains("1 passed, 1 flaky"),
            "{output}"
        );
        assert!(
            output.contains("attempt 1: the response was 503 (server)")
                && output.contains("attempt 2: "),
            "{output}"
        );
    }
}

#[test]
fn a_read_ends_after_its_attempts() {
    for (retry, wanted) in [
        ("", 3),
        ("retry: { attempts: 1 }\n", 1),
        ("retry: { attempts: 2 }\n", 2),
    ] {
        let server = Server::in_turn(vec![status(503)]);
        let folder = workspace(
            &server.origin,
            &[("requests/one.yaml", &format!("{READ}{retry}"))],
        );
        let (output, code) = run(&folder, &[]);
        assert_eq!((code, server.seen().len()), (1, wanted), "{output}");
    }
}

#[test]
fn what_another_attempt_cannot_mend_is_not_tried_again() {
    for (answer, request, code) in [
        (status(400), READ.to_owned(), 1),
        (status(401), READ.to_owned(), 1),
        (
            Act::Answer(302, "location: /v2/y\r\n".to_owned(), String::new()),
            READ.to_owned(),
            1,
        ),
        (status(503), format!("{READ}ok: {{ kind: server }}\n"), 0),
        (status(503), format!("{READ}ok: false\n"), 1),
        (
            status(429),
            format!("{READ}ok: {{ kind: rate_limit }}\n"),
            0,
        ),
    ] {
        let server = Server::in_turn(vec![answer.clone()]);
        let (output, ended) = run(
            &workspace(&server.origin, &[("requests/one.yaml", &request)]),
            &[],
        );
        assert_eq!(
            (ended, server.seen().len()),
            (code, 1),
            "{answer:?} {request}: {output}"
        );
    }
}

#[test]
fn a_date_in_retry_after_is_kept_by_the_marketplaces_own_clock() {
    let date =
        "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:38 GMT\r\n";
    let server = Server::in_turn(vec![
        Act::Answer(429, date.to_owned(), "{}".to_owned()),
        ok(r#"{"code":"SUCCESS"}"#),
    ]);
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/one.yaml", READ)]),
        &[],
    );
    let seen = server.seen();
    assert!(code == 0 && seen.len() == 2, "{output}");
    assert!(
        seen[1].at - seen[0].at >= Duration::from_secs(1),
        "{output}"
    );
}

#[test]
fn a_wait_that_is_too_long_is_not_begun() {
    // In seconds, and as dates in the usual form and in an old one.
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    for wait in [
        "3600",
        "Sun, 06 Nov 1994 09:49:37 GMT",
        "Sunday, 06-Nov-94 09:49:37 GMT",
    ] {
        let server = Server::in_turn(vec![Act::Answer(
            429,
            format!("{date}retry-after: {wait}\r\n"),
            "{}".to_owned(),
        )]);
        let (output, code) = run(
            &workspace(&server.origin, &[("requests/one.yaml", READ)]),
            &[],
        );
        assert_eq!((code, server.seen().len()), (1, 1), "{output}");
        assert!(
            output.contains("the marketplace asks to wait 3600 s"),
            "{wait}: {output}"
        );
    }
}

#[test]
fn what_is_flaky_fails_when_it_is_asked_for_and_every_report_says_so() {
    let flow = "scheme: none\nsteps:\n  - { name: one, get: /1 }\n  - { name: two, get: /2 }\n";
    let acts = || vec![status(503), ok("{}"), ok("{}")];
    let server = Server::in_turn(acts());
    let reports = ["--report", "junit=r.xml", "--report", "json=r.json"];
    let folder = workspace(&server.origin, &[("requests/flow.yaml", flow)]);
    let (output, code) = run(&folder, &reports);
    let read =
        |folder: &Folder, name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(
        code == 0 && output.contains("FLAKY, 2 attempts"),
        "{output}"
    );
    let junit = read(&folder, "r.xml");
    assert!(
        junit.contains("<flakyFailure") && junit.contains("the response was 503 (server)"),
        "{junit}"
    );
    let server = Server::in_turn(acts());
    let folder = workspace(&server.origin, &[("requests/flow.yaml", flow)]);
    let (output, code) = run(&folder, &[&reports[..], &["--flaky", "fail"]].concat());
    assert!(
        code == 1
            && output.contains("it passed after 1 failed attempt")
            && output.contains("--flaky fail"),
        "{output}"
    );
    let (junit, json) = (read(&folder, "r.xml"), read(&folder, "r.json"));
    assert!(
        junit.contains("<rerunFailure") && junit.contains("expected to pass without a retry"),
        "{junit}"
    );
    assert!(
        json.contains("attempts: expected to pass without a retry")
            && json.contains("requests/flow.yaml"),
        "{json}"
    );
}

/// 20 reads of a broken marketplace: after five failures in a row nothing is tried again.
#[test]
fn a_host_that_keeps_failing_is_left_alone() {
    let server = Server::in_turn(vec![status(500)]);
    let cases: String = (0..20)
        .map(|number| format!("  c{number}: {{}}\n"))
        .collect();
    let text = format!("scheme: none\nget: /x\ncases:\n{cases}");
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/many.yaml", &text)]),
        &[],
    );
    assert!(
        code == 1 && output.contains("5 calls in a row to"),
        "{output}"
    );
    // 3 for the first, 2 for the second, whose fifth failure ends it, and 1 for each other one.
    assert_eq!(server.seen().len(), 3 + 2 + 18, "{output}");
}

#[test]
fn an_interrupt_ends_a_wait_at_once() {
    let fixture = "scheme: none\nsteps:\n  - { get: /f }\nvalues: { a: 1 }\n";
    for files in [
        vec![("requests/one.yaml", "scheme: none\nget: /x\n")],
        vec![
            ("requests/one.yaml", "scheme: none\nneeds: thing\nget: /x\n"),
            ("fixtures/thing.yaml", fixture),
        ],
        vec![(
            "requests/one.yaml",
            "scheme: none\nget: /x\npoll: { until: { status: 201 }, every: 50s, within: 90s }\n",
        )],
    ] {
        let polls = files[0].1.contains("poll");
        let (sender, arrived) = std::sync::mpsc::channel();
        let sender = Mutex::new(sender);
        let server = Server::start(move |_, arrived| {
            if !arrived.head.is_empty() {
                let _ = sender.lock().unwrap().send(());
            }
            if polls {
                ok("{}")
            } else {
                Act::Answer(503, "retry-after: 50\r\n".to_owned(), "{}".to_owned())
            }
        });
        let folder = workspace(&server.origin, &files);
        let child = command(&folder, &["run", "--env", "local"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        arrived.recv_timeout(Duration::from_secs(20)).unwrap();
        let begun = Instant::now();
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        let (stdout, _, code) = text(&child.wait_with_output().unwrap());
        assert!(
            code == 130 && stdout.contains("interrupted"),
            "{code}: {stdout}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it took {:?}",
            begun.elapsed()
        );
        assert_eq!(server.seen().len(), 1, "{stdout}");
    }
}

/// What was tried again is not in the recording, and what a stub fails at first is tried again at
/// once.
#[test]
fn failed_attempts_are_not_recorded_and_stubs_that_fail_are_tried_again() {
    let server = Server::in_turn(vec![status(503), status(429), ok(r#"{"a":1}"#)]);
    let folder = workspace(
        &server.origin,
        &[("requests/one.yaml", "scheme: none\nget: /x\n")],
    );
    let (output, code) = run(&folder, &["--record"]);
    assert_eq!(code, 0, "{output}");
    let recording =
        std::fs::read_to_string(folder.path().join("fixtures/recordings/one.yaml")).unwrap();
    // A checksum can hold any digits.
    let statuses: Vec<&str> = recording
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("status:"))
        .collect();
    assert_eq!(statuses, ["status: 200"], "{recording}");
    let stub = "format: 1\nscheme: none\nexchanges:\n  - request: { get: /x }\n    times: 1\n    response: { status: 503, headers: \
                { retry-after: 50 }, json: {} }\n  - request: { get: /x }\n    response: { status: 200, json: {} }\n";
    folder.write("fixtures/recordings/one.yaml", stub);
    let begun = Instant::now();
    let (output, code) = replay(&folder, &[]);
    assert!(
        code == 0 && output.contains("FLAKY, 2 attempts"),
        "{output}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "a replay waits for nothing"
    );
}

const SEARCH: &str = "scheme: none\npost: /search\njson: { word: sock }\n";

#[test]
fn a_post_that_only_reads_is_tried_again() {
    let server = || Server::in_turn(vec![status(503), Act::ResetAfterAll, ok("{}")]);
    let (plain, said) = (server(), server());
    let (output, code) = run(
        &workspace(&plain.origin, &[("requests/a.yaml", SEARCH)]),
        &[],
    );
    assert_eq!((code, plain.seen().len()), (1, 1), "{output}");
    let note = "not retried: the marketplace may have processed this POST; if it only reads, write `reads: true`";
    assert_eq!(output.matches(note).count(), 1, "{output}");
    let text = format!("{SEARCH}reads: true\n");
    let (output, code) = run(&workspace(&said.origin, &[("requests/a.yaml", &text)]), &[]);
    assert_eq!((code, said.seen().len()), (0, 3), "{output}");
    assert!(output.contains("FLAKY, 3 attempts"), "{output}");
}

#[test]
fn a_get_that_says_that_it_writes_is_tried_once() {
    let server = Server::in_turn(vec![status(503), ok("{}")]);
    let text = "scheme: none\nget: /orders/confirm\nreads: false\n";
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/a.yaml", text)]),
        &[],
    );
    assert_eq!((code, server.seen().len()), (1, 1), "{output}");
    assert!(
        output.contains("the marketplace may have processed this GET"),
        "{output}"
    );
}

/// A gateway on which everything is a GET, and the name of the method says what it does.
#[test]
fn where_a_scheme_lists_its_reads_nothing_else_is_one() {
    let scheme = "scheme: router\nhosts: { live: \"https://eco.router.example\" }\n\
                  reads:\n  - { method: POST, path: /v1/*/search }\n  - { path: /router/rest, query: { method: \"*.get\" } }\n";
    for (call, attempts) in [
        ("get: /router/rest?method=shop.trade.get", 3),
        ("get: /router/rest\nquery: { method: shop.trade.get }", 3),
        ("post: /router/rest?method=shop.trade.get", 3),
        ("get: /router/rest?method=shop.trade.update", 1),
        (
            "get: /router/rest?method=shop.trade.get&method=shop.trade.update",
            1,
        ),
        ("get: /router/rest", 1),
        ("get: /v1/orders/search", 1),
        ("post: /v1/orders/search", 3),
        ("get: /v1/orders/search\nreads: true", 3),
        ("post: /v1/orders/search\nreads: false", 1),
    ] {
        let server = Server::in_turn(vec![status(503)]);
        let folder = workspace(
            &server.origin,
            &[
                ("schemes/router.yaml", scheme),
                ("requests/a.yaml", &format!("scheme: router\n{call}\n")),
            ],
        );
        folder.write(
            "ingam.yaml",
            &format!(
                "envs: {{ local: {{ hosts: {{ router: \"{}\" }} }} }}\n",
                server.origin
            ),
        );
        let (output, code) = run(&folder, &[]);
        assert_eq!(
            (code, server.seen().len()),
            (1, attempts),
            "{call}: {output}"
        );
    }
}
