//! A step that is sent once for each value of a list.

use super::super::limits::observe;
use super::*;

const ROUNDS: &str = r#"scheme: none
vars: { ids: [1, "b&", { c: 3.10 }] }
steps:
  - name: details
    for_each: { item: one, in: "{{ ids }}" }
    post: /detail
    headers: { x-key: "{{ uuid() }}" }
    json: { id: "{{ one }}" }
    assert: { $.seen: "{{ seen }}" }
    capture: { seen: $.seen, parts: "$.parts[*]" }
  - name: use
    post: /use
    json: { seen: "{{ seen }}", parts: "{{ parts }}" }
"#;

/// `parts` of the third response is empty.
fn details() -> Server {
    Server::start(|number, arrived| match arrived.target() {
        "/detail" => ok(&format!(
            r#"{{"seen":{number}.50,"parts":[{}]}}"#,
            if number == 2 { "" } else { "7,8" }
        )),
        _ => ok("{}"),
    })
}

#[test]
fn every_value_has_a_round_and_captures_become_lists() {
    let server = details();
    let rounds = ROUNDS.replace("parts: \"$.parts[*]\"", "parts: $.parts");
    let folder = workspace(&server.origin, &[("requests/all.yaml", &rounds)]);
    let (output, code) = run(&folder, &["-v"]);
    assert_eq!((code, server.seen().len()), (0, 4), "{output}");
    for body in [
        r#"{"id":1}"#,
        r#"{"id":"b&"}"#,
        r#"{"id":{"c":3.10}}"#,
        // Every digit of a value is kept.
        r#"{"seen":[0.50,1.50,2.50],"parts":[[7,8],[7,8],[]]}"#,
    ] {
        let shown = output.contains(body) || body.starts_with(r#"{"id""#);
        assert!(shown, "{body}: {output}");
    }
    let mut keys: Vec<String> = server.seen()[..3]
        .iter()
        .map(|arrived| arrived.header("x-key").unwrap().to_owned())
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3, "each round is a call of its own: {keys:?}");
}

#[test]
fn captures_of_lists_are_joined_and_rounds_are_recorded_and_replayed() {
    let server = Server::start(|number, arrived| match arrived.target() {
        "/detail" => ok(&format!(r#"{{"seen":{number},"parts":[{number},8]}}"#)),
        _ => ok("{}"),
    });
    let folder = workspace(&server.origin, &[("requests/all.yaml", ROUNDS)]);
    let (output, code) = run(&folder, &["--record", "-v"]);
    assert_eq!(code, 0, "{output}");
    let joined = r#"{"seen":[0,1,2],"parts":[0,8,1,8,2,8]}"#;
    assert!(output.contains(joined), "{output}");
    let recorded =
        std::fs::read_to_string(folder.path().join("fixtures/recordings/all.yaml")).unwrap();
    assert_eq!(recorded.matches("rounds: 3").count(), 3, "{recorded}");
    for args in [
        &["run", "--replay", "-v"][..],
        &["run", "--env", "sandbox", "-v"],
    ] {
        let (stdout, stderr, code) = text(&command(&folder, args).output().unwrap());
        assert_eq!(code, 0, "{args:?}: {stdout}{stderr}");
        assert!(stdout.contains(joined), "{args:?}: {stdout}");
    }
    assert_eq!(server.seen().len(), 4);
    folder.write(
        "requests/all.yaml",
        &ROUNDS.replace(r#"[1, "b&", { c: 3.10 }]"#, r#"[1, "b&"]"#),
    );
    let (output, code) = replay(&folder, &[]);
    assert_eq!(code, 8, "{output}");
    assert!(
        output.contains("`for_each` has 2 rounds here, but 3 in the recording"),
        "{output}"
    );
}

#[test]
fn the_first_round_that_fails_ends_the_step_and_names_its_value() {
    let server = Server::start(|number, _| {
        if number == 1 {
            ok(r#"{"seen":"x","parts":7}"#)
        } else {
            ok(r#"{"seen":1,"parts":[1]}"#)
        }
    });
    let folder = workspace(&server.origin, &[("requests/all.yaml", ROUNDS)]);
    let (output, code) = run(&folder, &[]);
    assert_eq!((code, server.seen().len()), (1, 2), "{output}");
    assert!(
        output.contains("(round 2)")
            && output.contains("round 2 of 3 of `for_each`, with `one`: \"b&\""),
        "{output}"
    );
}

#[test]
fn a_round_polls_and_reads_its_pages() {
    let file = r#"scheme: none
vars: { cursor: first }
steps:
  - name: all
    for_each: { item: shop, in: [a, b] }
    get: "/list/{{ shop }}"
    query: { cursor: "{{ cursor }}" }
    pages: { while: $.more, set: { cursor: $.next } }
    capture: { ids: "$.ids[*]" }
  - name: wait
    for_each: { item: id, in: "{{ ids }}" }
    get: "/state/{{ id }}"
    poll: { until: { $.state: DONE }, every: 1ms, within: 5s }
    capture: { states: $.state }
  - name: use
    post: /use
    json: { ids: "{{ ids }}", states: "{{ states }}" }
"#;
    let server = Server::start(|number, arrived| {
        ok(match arrived.target() {
            "/list/a?cursor=first" => r#"{"ids":[1],"more":true,"next":"n"}"#,
            "/list/a?cursor=n" => r#"{"ids":[2],"more":false,"next":null}"#,
            "/list/b?cursor=first" => r#"{"ids":[3],"more":true,"next":"n"}"#,
            "/list/b?cursor=n" => r#"{"ids":[],"more":false,"next":null}"#,
            _ if number % 2 == 0 => r#"{"state":"WAITING"}"#,
            _ => r#"{"state":"DONE"}"#,
        })
    });
    let folder = workspace(&server.origin, &[("requests/all.yaml", file)]);
    let (output, code) = run(&folder, &["-v"]);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains(r#"{"ids":[1,2,3],"states":["DONE","DONE","DONE"]}"#),
        "{output}"
    );
    assert_eq!(server.seen().len(), 4 + 6 + 1);
}

#[test]
fn a_secret_value_of_a_round_is_hidden_wherever_the_round_is_named() {
    let file = r#"scheme: none
steps:
  - name: login
    get: /tokens
    capture: { keys: { from: $.keys, secret: true } }
  - name: use
    for_each: { item: one, in: "{{ keys }}" }
    get: /use
    headers: { x-key: "{{ one }}" }
    assert: { $.ok: true }
"#;
    let server = Server::start(|_, arrived| match arrived.target() {
        "/tokens" => ok(r#"{"keys":["s3cr3t-of-round-one-0001"]}"#),
        _ => ok(r#"{"ok":false}"#),
    });
    let folder = workspace(&server.origin, &[("requests/all.yaml", file)]);
    let report = folder.path().join("run.json");
    let (output, code) = run(
        &folder,
        &["-v", "--report", &format!("json={}", report.display())],
    );
    assert_eq!(code, 1, "{output}");
    let document = std::fs::read_to_string(report).unwrap();
    for text in [&output, &document] {
        assert!(!text.contains("s3cr3t"), "{text}");
        assert!(text.contains("round 1 of 1 of `for_each`"), "{text}");
    }
}

#[test]
fn a_list_has_at_most_ten_thousand_values() {
    let server = Server::start(|_, _| ok("{}"));
    let file = "scheme: none\nvars: { n: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }\nget: \"/{{ one }}\"\nfor_each: { item: one, in: \"{{ (n * 1001)[0:10001] }}\" }\n";
    let folder = workspace(&server.origin, &[("requests/all.yaml", file)]);
    let (output, code) = run(&folder, &[]);
    assert_eq!((code, server.seen().len()), (3, 0), "{output}");
    assert!(
        output.contains("`for_each` has at most 10000 rounds"),
        "{output}"
    );
}

/// A round costs the same whether it is the first or the last, and nothing of it is kept but its
/// captures: counted in requests and in the memory of the process.
#[test]
fn ten_thousand_rounds_take_no_memory_but_for_their_captures() {
    let rounds = if std::env::var_os("INGAM_MEASURE").is_some() {
        10_000
    } else {
        1_000
    };
    // Each response is 10 kB: kept, they would be 100 MB.
    let body = format!(r#"{{"id":1,"text":"{}"}}"#, "x".repeat(10_000));
    let server = Server::start(move |_, _| ok(&body));
    let file = |count: usize| {
        format!(
            "scheme: none\nvars: {{ ids: [{}] }}\nget: \"/{{{{ one }}}}\"\nfor_each: {{ item: one, in: \"{{{{ ids }}}}\" }}\ncapture: {{ seen: $.id }}\n",
            vec!["7"; count].join(", ")
        )
    };
    let peak_kb = |count: usize| {
        let folder = workspace(&server.origin, &[("requests/all.yaml", &file(count))]);
        let observed = observe(&mut command(&folder, &["run", "--env", "local"]));
        assert_eq!(observed.code, 0, "{}", observed.stdout);
        observed.peak_kb
    };
    let before = server.seen().len();
    let few = peak_kb(10);
    let many = peak_kb(rounds);
    assert_eq!(server.seen().len() - before, rounds + 10);
    // The list of values and of captures: some 100 bytes a round.
    let allowed = few + 4_000 + (rounds as u64) / 2;
    assert!(
        many < allowed,
        "{many} kB for {rounds} rounds, {few} kB for 10"
    );
}
