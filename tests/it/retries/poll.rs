//! A step that is sent until something holds.

use super::*;

const POLL: &str = "scheme: none\nget: /job\npoll: { until: { $.state: DONE }, every: 20ms, within: 30s }\nassert: { $.result: 7 }\n\
                    capture: { result: $.result }\n";

fn state(state: &str) -> Act {
    ok(&format!(
        r#"{{"state":"{state}","result":{}}}"#,
        if state == "DONE" { 7 } else { 0 }
    ))
}

#[test]
fn it_is_sent_until_it_holds_and_judged_once_on_the_last_answer() {
    let server = Server::in_turn(vec![state("NEW"), state("RUNNING"), state("DONE")]);
    let folder = workspace(
        &server.origin,
        &[("requests/job.yaml", &POLL.replace("20ms", "400ms"))],
    );
    let (output, code) = run(&folder, &[]);
    let seen = server.seen();
    assert_eq!((code, seen.len()), (0, 3), "{output}");
    // From the beginning of one call to that of the next; what arrives is a little later than what
    // begins.
    assert!(
        seen[2].at - seen[0].at >= Duration::from_millis(400),
        "too early"
    );
    let (output, code) = run(&folder, &["--flaky", "fail"]);
    assert_eq!(code, 0, "a poll is not flaky: {output}");
}

#[test]
fn not_holding_in_time_is_a_failure_that_says_how_often_it_was_answered() {
    let server = Server::in_turn(vec![state("RUNNING")]);
    let text = POLL.replace("every: 20ms, within: 30s", "every: 250ms, within: 700ms");
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/job.yaml", &text)]),
        &[],
    );
    let answers = server.seen().len();
    assert!(
        code == 1 && (1..=3).contains(&answers),
        "{answers}: {output}"
    );
    assert!(
        output.contains(&format!("it did not hold in {answers} response")),
        "{output}"
    );
    assert!(output.contains("`until` holds within 700 ms"), "{output}");
    assert!(
        output.contains("until $.state")
            && output.contains("\"RUNNING\"")
            && !output.contains("$.result"),
        "{output}"
    );
}

#[test]
fn an_answer_that_hangs_does_not_make_it_longer() {
    let server = Server::start(|number, _| {
        if number == 0 {
            state("RUNNING")
        } else {
            Act::Silence
        }
    });
    let text = POLL.replace("within: 30s", "within: 1s");
    let begun = Instant::now();
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/job.yaml", &text)]),
        &[],
    );
    assert!(
        code == 1 && output.contains("it did not hold in 1 response"),
        "{output}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20), "{output}");
}

#[test]
fn an_answer_that_is_not_ok_ends_it() {
    let server = Server::in_turn(vec![state("RUNNING"), status(404), state("DONE")]);
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/job.yaml", POLL)]),
        &[],
    );
    assert_eq!((code, server.seen().len()), (1, 2), "{output}");
    assert!(output.contains("refused"), "{output}");
}

#[test]
fn what_held_can_still_be_wrong() {
    let server = Server::in_turn(vec![
        state("RUNNING"),
        ok(r#"{"state":"DONE","result":8}"#),
        state("DONE"),
    ]);
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/job.yaml", POLL)]),
        &[],
    );
    assert_eq!((code, server.seen().len()), (1, 2), "{output}");
    assert!(output.contains("$.result"), "{output}");
}

#[test]
fn each_call_is_signed_anew_and_rendered_once() {
    let body = |state: &str| ok(&format!(r#"{{"code":"SUCCESS","state":"{state}"}}"#));
    let server = Server::in_turn(vec![body("RUNNING"), body("DONE")]);
    let text = "scheme: coupang\nget: /v2/x\nquery: { id: \"{{ uuid() }}\" }\n\
                poll: { until: { $.state: \"{{ wanted }}\" }, every: 1100ms }\nvars: { wanted: DONE }\n";
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/job.yaml", text)]),
        &[],
    );
    let seen = server.seen();
    assert_eq!((code, seen.len()), (0, 2), "{output}");
    assert_eq!(seen[0].target(), seen[1].target());
    assert_ne!(
        seen[0].header("authorization"),
        seen[1].header("authorization")
    );
}

/// Recorded, replayed without a wait, answered by the sandbox, and held against another turn of the
/// same.
#[test]
fn it_is_recorded_and_replayed_answer_by_answer() {
    let acts = vec![
        state("NEW"),
        state("RUNNING"),
        state("RUNNING"),
        state("DONE"),
    ];
    let server = Server::in_turn(acts);
    let text = format!(
        "{}snapshot: true\n",
        POLL.replace("every: 20ms, within: 30s", "every: 400ms, within: 40s")
    );
    let folder = workspace(&server.origin, &[("requests/job.yaml", &text)]);
    let run_as = |args: &[&str]| {
        text_of(
            command(&folder, args)
                .env("INSTA_UPDATE", "unseen")
                .output()
                .unwrap(),
        )
    };
    let (output, code) = run_as(&["run", "--env", "local", "--record"]);
    assert_eq!(code, 0, "{output}");
    let snapshot = std::fs::read_to_string(folder.path().join("requests/job.snap")).unwrap();
    assert!(
        snapshot.contains("DONE") && !snapshot.contains("RUNNING"),
        "{snapshot}"
    );
    let recording =
        std::fs::read_to_string(folder.path().join("fixtures/recordings/job.yaml")).unwrap();
    assert_eq!(
        recording.matches("RUNNING").count(),
        1,
        "the same answer again says nothing: {recording}"
    );
    // With days between the calls, it would take as long if anything were waited for.
    folder.write(
        "requests/job.yaml",
        &text.replace("every: 400ms, within: 40s", "every: 1d, within: 10d"),
    );
    assert_eq!(run_as(&["run", "--replay"]).1, 0);
    folder.write(
        "requests/job.yaml",
        &text.replace("every: 400ms", "every: 10ms"),
    );
    let (output, code) = run_as(&["run", "--env", "sandbox"]);
    assert_eq!(code, 0, "{output}");
    let sooner = Server::in_turn(vec![state("RUNNING"), state("DONE")]);
    folder.write(
        "ingam.yaml",
        &format!(
            "envs: {{ local: {{ hosts: {{ none: \"{}\" }} }} }}\n",
            sooner.origin
        ),
    );
    let (output, code) = run_as(&["run", "--env", "local", "--diff"]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn a_replay_that_never_holds_ends() {
    let folder = workspace(
        "http://127.0.0.1:1",
        &[(
            "requests/job.yaml",
            &POLL.replace("every: 20ms", "every: 1s"),
        )],
    );
    let answer = "format: 1\nscheme: none\nexchanges:\n  - request: { get: /job }\n    response: { status: 200, json: { state: NEW } }\n";
    folder.write("fixtures/recordings/job.yaml", answer);
    let (output, code) = replay(&folder, &[]);
    assert!(
        code == 1 && output.contains("it did not hold in 30 responses"),
        "{output}"
    );
}

fn text_of(output: std::process::Output) -> (String, i32) {
    let (stdout, stderr, code) = text(&output);
    (stdout + &stderr, code)
}

const ORDER: &str = "scheme: none\nget: /order\npoll: { until: { $.state: PAID }, pending: { status: 404 }, fail: { $.state: FAILED }, every: 20ms, within: 30s }\n\
                     capture: { state: $.state }\n";

/// An order that does not exist yet: two refusals that are waited through, then a state.
#[test]
fn a_refusal_that_is_pending_keeps_the_poll_going() {
    let server = Server::in_turn(vec![status(404), status(404), state("NEW"), state("PAID")]);
    let folder = workspace(&server.origin, &[("requests/order.yaml", ORDER)]);
    let (output, code) = run(&folder, &["--record"]);
    assert_eq!((code, server.seen().len()), (0, 4), "{output}");
    let recording =
        std::fs::read_to_string(folder.path().join("fixtures/recordings/order.yaml")).unwrap();
    assert_eq!(recording.matches("status: 404").count(), 1, "{recording}");
    for args in [&["run", "--replay"][..], &["run", "--env", "sandbox"]] {
        let (stdout, stderr, code) = text(&command(&folder, args).output().unwrap());
        assert_eq!(code, 0, "{args:?}: {stdout}{stderr}");
    }
}

#[test]
fn fail_ends_the_poll_and_names_what_was_found() {
    let server = Server::in_turn(vec![
        status(404),
        state("NEW"),
        state("FAILED"),
        state("PAID"),
    ]);
    let folder = workspace(&server.origin, &[("requests/order.yaml", ORDER)]);
    let (output, code) = run(&folder, &[]);
    assert_eq!((code, server.seen().len()), (1, 3), "{output}");
    assert!(
        output.contains("fail $.state") && output.contains("\"FAILED\""),
        "{output}"
    );
}

/// `fail` may look at a refusal, too, and goes before `pending`.
#[test]
fn fail_is_looked_at_before_pending() {
    let gone = Act::Answer(404, String::new(), r#"{"reason":"DELETED"}"#.to_owned());
    let server = Server::in_turn(vec![status(404), gone, state("PAID")]);
    let text = ORDER.replace("$.state: FAILED", "$.reason: DELETED");
    let folder = workspace(&server.origin, &[("requests/order.yaml", &text)]);
    let (output, code) = run(&folder, &[]);
    assert_eq!((code, server.seen().len()), (1, 2), "{output}");
    assert!(output.contains("fail $.reason"), "{output}");
}

#[test]
fn another_refusal_ends_the_poll() {
    for (refusal, pending) in [
        (400, "{ status: 404 }"),
        // What no wait mends is never pending.
        (401, "{ status: { at_least: 400 } }"),
    ] {
        let server = Server::in_turn(vec![status(refusal), state("PAID")]);
        let text = ORDER.replace("{ status: 404 }", pending);
        let folder = workspace(&server.origin, &[("requests/order.yaml", &text)]);
        let (output, code) = run(&folder, &[]);
        assert_eq!((code, server.seen().len()), (1, 1), "{refusal}: {output}");
        assert!(output.contains("actual    refused: "), "{output}");
    }
}

#[test]
fn a_poll_that_stays_pending_fails_and_says_so() {
    let server = Server::in_turn(vec![status(404)]);
    let text = ORDER.replace("every: 20ms, within: 30s", "every: 100ms, within: 300ms");
    let folder = workspace(&server.origin, &[("requests/order.yaml", &text)]);
    let (output, code) = run(&folder, &[]);
    let count = server.seen().len();
    assert_eq!(code, 1, "{output}");
    assert!(
        output.contains(&format!("of which {count} met `pending`")),
        "{output}"
    );
}
