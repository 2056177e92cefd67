//! The headers that a request file writes are a part of the request.

use super::{Arrived, Server, json, record, run, run_with, workspace};
use crate::program::Folder;

const REPLAY: [&str; 4] = ["run", "--replay", "--env", "local"];

/// A marketplace that responds in the language that is asked for.
fn server() -> Server {
    Server::start(|arrived: &Arrived| {
        let language = arrived.headers.get("accept-language");
        let language = language.map_or("none", String::as_str);
        json(&format!(r#"{{"language":"{language}"}}"#))
    })
}

fn cases(folder: &Folder, cases: &str) {
    folder.write(
        "requests/names.yaml",
        &format!(
            "scheme: none\ncases: {{ {cases} }}\nget: /names\nheaders: {{ Accept-Language: \"{{{{ language }}}}\" }}\n\
             assert: {{ $.language: \"{{{{ expected }}}}\" }}\n"
        ),
    );
}

const KO: &str = "ko: { language: ko, expected: ko }";
const EN: &str = "en: { language: en, expected: en }";

fn recording(folder: &Folder, name: &str) -> String {
    let path = format!("fixtures/recordings/{name}.yaml");
    std::fs::read_to_string(folder.path().join(path)).unwrap()
}

#[test]
fn two_cases_that_differ_in_a_header_keep_their_responses_in_any_order() {
    let folder = workspace(&server());
    cases(&folder, &format!("{KO}, {EN}"));
    record(&folder);
    cases(&folder, &format!("{EN}, {KO}"));
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    assert_eq!(code, 0, "{output}");
    cases(&folder, EN);
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    assert_eq!(code, 0, "{output}");
    cases(&folder, "fr: { language: fr, expected: ko }");
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    let flat = output.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        code == 8 && flat.contains("header `accept-language`: recorded `ko`, sent `fr`"),
        "{code}: {output}"
    );
}

#[test]
fn two_steps_that_differ_in_a_literal_header_keep_their_responses() {
    let folder = workspace(&server());
    let flow = |first: &str, second: &str| {
        let step = |language: &str| {
            format!(
                "  - {{ name: {language}, get: /names, headers: {{ accept-language: {language} }}, assert: {{ $.language: {language} }} }}\n"
            )
        };
        format!("scheme: none\nsteps:\n{}{}", step(first), step(second))
    };
    folder.write("requests/names.yaml", &flow("ko", "en"));
    record(&folder);
    folder.write("requests/names.yaml", &flow("en", "ko"));
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn fresh_values_stand_as_placeholders_and_secrets_by_their_names() {
    // A response that repeats a secret, as a login does.
    let server = Server::start(|_| json(r#"{"code":"OK","key":"secret-key-1"}"#));
    let folder = workspace(&server);
    folder.write(
        "requests/names.yaml",
        "scheme: coupang\nsteps:\n  - { name: login, get: /v2/login, capture: { key: $.key } }\n  - name: names\n    get: /v2/names\n    \
         headers: { X-Request-Id: \"{{ uuid() }}\", X-At: \"at-{{ now() }}\", X-Key: \"key {{ key }}\" }\n",
    );
    record(&folder);
    let written = recording(&folder, "names").replace('"', "");
    let headers = "      headers:\n        x-at: at-<now>\n        x-key: key ‹cred.secret_key›\n        x-request-id: <uuid>\n";
    assert!(written.contains(headers), "{written}");
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    assert_eq!(code, 0, "{output}");
    // With the keys at hand the secret itself is sent, and compared by its name.
    let (output, code) = run(&folder, &["run", "--env", "local", "--diff"]);
    assert_eq!(code, 0, "{output}");
    let seen = server.seen();
    let (output, code) = run(&folder, &["run", "--env", "local", "--record=new"]);
    assert!(code == 0 && server.seen() == seen, "{output}");
}

/// What `run --record` wrote before requests stated their headers.
fn old_recording(responses: &[&str]) -> String {
    let exchange = |language: &&str| {
        format!(
            "  - request:\n      get: \"/names\"\n    response:\n      status: 200\n      json:\n        language: \"{language}\"\n"
        )
    };
    let exchanges: String = responses.iter().map(exchange).collect();
    let text = format!(
        "format: 1\nscheme: \"none\"\nrecorded: \"2026-11-22T09:00:00Z\"\nexchanges:\n{exchanges}"
    );
    let sum = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&text));
    text.replace("exchanges:", &format!("checksum: \"{sum}\"\nexchanges:"))
}

#[test]
fn a_recording_without_headers_answers_no_two_requests_that_differ_in_them() {
    let folder = workspace(&server());
    let path = "fixtures/recordings/names.yaml";
    folder.write(path, &old_recording(&["ko"]));
    cases(&folder, KO);
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    assert_eq!(code, 0, "one request goes on working: {output}");
    // Reordered since they were recorded: each would get the response of the other.
    folder.write(path, &old_recording(&["ko", "en"]));
    cases(
        &folder,
        "en: { language: en, expected: ko }, ko: { language: ko, expected: en }",
    );
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    let flat = output.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        code == 8 && flat.contains("headers: they are not recorded") && output.contains("1 passed"),
        "{code}: {output}"
    );
    // Recorded again, it states them.
    cases(&folder, EN);
    record(&folder);
    cases(&folder, &format!("{EN}, {KO}"));
    assert!(
        recording(&folder, "names").starts_with("# Written by `ingam run --record`.\nformat: 2\n")
    );
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    assert!(code == 8 && output.contains("1 passed"), "{code}: {output}");
}

#[test]
fn a_recording_of_ones_own_names_the_headers_that_count() {
    let folder = workspace(&server());
    let stub = |format: u32, headers: &str, language: &str| {
        format!(
            "  - request: {{ get: /names{headers} }}\n    response: {{ status: 200, json: {{ format: {format}, language: {language} }} }}\n"
        )
    };
    let file = |format: u32, exchanges: &[String]| {
        format!(
            "format: {format}\nscheme: none\nexchanges:\n{}",
            exchanges.concat()
        )
    };
    cases(
        &folder,
        &format!("{KO}, {EN}, none: {{ language: fr, expected: any }}"),
    );
    let ko = |format| stub(format, ", headers: { Accept-Language: ko }", "ko");
    let en = |format| stub(format, ", headers: { accept-language: en }", "en");
    let any = |format| stub(format, "", "any");
    // The one that says more goes first, wherever it stands.
    folder.write(
        "fixtures/recordings/own.yaml",
        &file(1, &[any(1), en(1), ko(1)]),
    );
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    assert_eq!(code, 0, "{output}");
    let (output, code) = run_with(&folder, &["run"], &[]);
    assert_eq!(code, 0, "the sandbox looks at them as well: {output}");
    // In format 2 there are no headers but those that stand there.
    folder.write(
        "fixtures/recordings/own.yaml",
        &file(2, &[any(2), en(2), ko(2)]),
    );
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    assert!(
        code == 8 && output.contains("2 passed") && output.contains("header `accept-language`"),
        "{code}: {output}"
    );
}

#[test]
fn what_an_old_recording_does_not_answer_is_added_with_its_headers() {
    let server = server();
    let folder = workspace(&server);
    folder.write("fixtures/recordings/names.yaml", &old_recording(&["ko"]));
    cases(&folder, &format!("{KO}, {EN}"));
    let (output, code) = run(&folder, &["run", "--env", "local", "--record=new"]);
    assert!(code == 0 && server.seen() == 1, "{code}: {output}");
    let written = recording(&folder, "names");
    assert!(written.contains("format: 1\n"), "{written}");
    let (output, code) = run_with(&folder, &REPLAY, &[]);
    assert_eq!(code, 0, "{output}");
}
