//! Secrets that a response hands out and that a file names: they are in no output and no file, and
//! a recording holds their names on both sides.

use super::program::{Folder, ingam, text};
use super::secrets::{forms, walk};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// Under a name that no list of names knows.
const RDT: &str = "Atz.sprdt|rdt+value/of=1";
const CODE: &str = "pick-UP-code-2";
const PIN: &str = "p7-Qz4";
const DIGITS: &str = "420123456789012";
/// Not secret, though its name says so.
const SKU: &str = "sku-of-an-item-0000001";

/// `{"alg":"HS256"}`, `{"exp":1}`, and no true signature.
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.sig-of-nobody-000";

/// Bodies of several documents, or of none that is JSON.
const TEXT_BODIES: [(&str, &str); 3] = [
    ("/lines", "{\"n\":1}\n{\"pickup\":\"CODE\"}\n"),
    ("/events", "event: x\ndata: {\"pickup\":\"CODE\"}\n\n"),
    ("/form", "a=1&pickup=CODE"),
];

/// A server that hands secrets out at `/rdt`, and repeats what it was sent everywhere else. It
/// remembers the heads of what it was sent.
fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let received = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = vec![0; 65_536];
            let Ok(read @ 1..) = stream.read(&mut buffer) else {
                continue;
            };
            let seen = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let body = if let Some((_, body)) = TEXT_BODIES
                .iter()
                .find(|(path, _)| seen.starts_with(&format!("GET {path}")))
            {
                body.replace("CODE", CODE)
            } else if seen.starts_with("GET /jwt") {
                let inside = serde_json::json!({ "v": JWT }).to_string();
                serde_json::json!({ "v": JWT.replace("sig", "gis"), "inside": inside }).to_string()
            } else if seen.starts_with("POST /session") {
                serde_json::json!({ "result": { "k1": RDT, "k2": SKU } }).to_string()
            } else if seen.starts_with("POST /rdt") {
                serde_json::json!({
                    "restrictedDataToken": RDT,
                    "pickup": [{ "code": CODE, "number": 0 }],
                    "item": { "token": SKU },
                    "pin": PIN,
                    "bit": "q7",
                })
                .to_string()
                .replace("\"number\":0", &format!("\"number\":{DIGITS}"))
            } else {
                serde_json::json!({ "seen": seen, "hex": hex::encode(RDT) }).to_string()
            };
            let kind = if seen.starts_with("GET /form") {
                "content-type: application/x-www-form-urlencoded\r\n"
            } else {
                ""
            };
            log.lock().unwrap().push(seen);
            let head = format!(
                "HTTP/1.1 200 OK\r\nx-hand-out: {CODE}\r\n{kind}content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    (origin, received)
}

fn workspace(origin: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    folder.write(
        "requests/flow.yaml",
        "scheme: none
secrets: [$.pickup]
not_secret: [$.item.token]
steps:
  - name: rdt
    post: /rdt
    capture:
      rdt: { from: $.restrictedDataToken, secret: true }
      code: $.pickup[0].code
      number: $.pickup[0].number
      sku: $.item.token
    snapshot: true
  - name: use
    post: /use
    query: { t: \"{{ rdt }}\", u: \"{{ rdt | upper }}\", number: \"{{ number }}\", sku: \"{{ sku }}\" }
    headers: { authorization: \"Bearer {{ rdt }}\" }
    json: { code: \"{{ code }}\", all: [\"a {{ rdt }} b\"] }
",
    );
    folder
}

fn run(folder: &Folder, args: &[&str]) -> (String, i32) {
    let output = ingam(folder.path()).args(args).output().unwrap();
    let (stdout, stderr, code) = text(&output);
    (format!("{stdout}{stderr}"), code)
}

fn assert_clean(name: &str, text: &str) {
    for secret in [RDT, CODE, DIGITS] {
        for form in forms(secret) {
            assert!(!text.contains(&form), "{name} holds {form}:\n{text}");
        }
    }
}

#[test]
fn what_a_file_calls_secret_is_in_no_output() {
    let (origin, received) = server();
    let folder = workspace(&origin);
    let failing = "    assert: { $.seen: other, $.hex: other }\n";
    let path = folder.path().join("requests/flow.yaml");
    let whole = std::fs::read_to_string(&path).unwrap() + failing;
    std::fs::write(&path, whole).unwrap();
    let formats = ["junit", "json", "ndjson", "ctrf", "tap", "github", "html"];
    let reports = formats.map(|format| format!("--report={format}=out/{format}"));
    let mut args = vec!["run", "-v"];
    args.extend(reports.iter().map(String::as_str));
    let (terminal, code) = run(&folder, &args);
    assert_eq!(code, 1, "{terminal}");
    assert!(
        received.lock().unwrap()[1].contains("Atz.sprdt"),
        "it is sent"
    );
    assert_clean("the terminal", &terminal);
    for name in ["‹response.rdt›", "‹response.pickup›", SKU] {
        assert!(terminal.contains(name), "{name} is not in {terminal}");
    }
    let files = walk(folder.path());
    assert!(files.len() > 9, "{files:?}");
    for file in files {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert_clean(&file.display().to_string(), &text);
    }
}

#[test]
fn a_replay_receives_and_sends_the_names() {
    let (origin, received) = server();
    let folder = workspace(&origin);
    let path = folder.path().join("requests/flow.yaml");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replace("    snapshot: true\n", "")).unwrap();
    let (output, code) = run(&folder, &["run", "--record"]);
    assert_eq!(code, 0, "{output}");
    let sent = received.lock().unwrap().len();
    let recording = walk(&folder.path().join("fixtures"))
        .into_iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect::<String>();
    assert_clean("the recording", &recording);
    for member in [
        "restrictedDataToken: \"‹response.rdt›\"",
        "t: \"‹response.rdt›\"",
        "code: \"‹response.pickup›\"",
        "a ‹response.rdt› b",
        SKU,
    ] {
        assert!(recording.contains(member), "{member} is not in {recording}");
    }
    let (output, code) = run(&folder, &["run", "--replay", "-v"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("‹response.rdt›"), "{output}");
    assert_eq!(
        received.lock().unwrap().len(),
        sent,
        "a replay sends nothing"
    );
}

/// A token is one because the file reads it as one, whatever its name.
/// No name tells that `k1` is a token: the scheme does, whichever request returns one.
#[test]
fn what_a_scheme_saves_as_a_token_is_in_no_output() {
    let (origin, _) = server();
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ mall: \"{origin}\" }} }} }}\n"),
    );
    folder.write(
        "schemes/mall.yaml",
        "scheme: mall
hosts: { live: \"https://api.mall.example\" }
levels:
  public: {}
  seller: { token: shop, attach: { headers: { authorization: \"{{ token.access_token }}\" } } }
default_level: public
tokens:
  shop:
    issue: { post: /token, form: { grant: shop } }
    save: { access_token: $.result.k1 }
    lifetime: { access: 1h }
",
    );
    folder.write(
        "requests/session.yaml",
        "scheme: mall\npost: /session\nassert: { $.result.k1: other, $.result.k2: other }\n",
    );
    assert_eq!(run(&folder, &["trust", "--yes"]).1, 0);
    let (output, code) = run(&folder, &["run", "-v"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains(SKU), "what is no token is shown: {output}");
    for form in forms(RDT) {
        assert!(!output.contains(&form), "{form}: {output}");
    }
}

#[test]
fn what_is_read_as_a_jwt_is_in_no_output() {
    let (origin, _) = server();
    let folder = workspace(&origin);
    folder.write(
        "requests/flow.yaml",
        "scheme: none\nget: /jwt\nassert:\n  $.v: { as: [jwt, $.claims.exp], equals: 2 }\n  \
         $.inside: { as: [json, $.v, jwt, $.claims.exp], equals: 2 }\n",
    );
    let (output, code) = run(&folder, &["run", "-v", "--report", "json=out/json"]);
    assert_eq!(code, 1, "{output}");
    let report = std::fs::read_to_string(folder.path().join("out/json")).unwrap();
    for text in [&output, &report] {
        assert!(!text.contains("eyJleHAiOjF9"), "{text}");
    }
    assert!(output.contains("‹response.token›"), "{output}");
}

#[test]
fn a_path_names_the_secrets_of_every_document_of_a_text() {
    let (origin, _) = server();
    for (path, _) in TEXT_BODIES {
        let folder = workspace(&origin);
        folder.write(
            "requests/flow.yaml",
            &format!("scheme: none\nsecrets: [$.pickup]\nget: {path}\nassert: {{ body: other }}\n"),
        );
        let (output, code) = run(&folder, &["run", "-v", "--record"]);
        assert_eq!(code, 1, "{output}");
        assert!(output.contains("‹response.pickup›"), "{path}: {output}");
        for file in walk(folder.path()) {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            assert_clean(&file.display().to_string(), &text);
        }
        assert_clean(path, &output);
    }
}

/// A short text stands in many words, so it is replaced at its place and as a word.
#[test]
fn a_short_secret_is_hidden_at_its_place_and_where_it_is_sent() {
    for (rules, capture) in [
        ("", "{ from: $.pin, secret: true }"),
        ("secrets: [$.pin]\n", "$.pin"),
    ] {
        let (origin, received) = server();
        let folder = workspace(&origin);
        let flow = |failing: &str| {
            format!(
                "scheme: none\n{rules}steps:\n  - {{ name: get, post: /rdt, capture: {{ pin: {capture} }}, snapshot: true }}\n  \
                 - name: use\n    post: \"/use/{{{{ pin }}}}\"\n    query: {{ p: \"a {{{{ pin }}}}\" }}\n    \
                 headers: {{ x-pin: \"{{{{ pin }}}}\" }}\n    json: {{ code: \"{{{{ pin }}}}\" }}\n{failing}"
            )
        };
        folder.write(
            "requests/flow.yaml",
            &flow("    assert: { $.seen: other }\n"),
        );
        let args = [
            "run",
            "-v",
            "--report",
            "json=out/json",
            "--report",
            "html=out/html",
        ];
        let (output, code) = run(&folder, &args);
        assert_eq!(code, 1, "{output}");
        assert!(received.lock().unwrap()[1].contains(&format!("POST /use/{PIN}?p=a%20{PIN}")));
        folder.write(
            "requests/flow.yaml",
            &flow("").replace(", snapshot: true", ""),
        );
        let (recorded, code) = run(&folder, &["run", "-v", "--record"]);
        assert_eq!(code, 0, "{recorded}");
        let sent = received.lock().unwrap().len();
        let (replayed, code) = run(&folder, &["run", "-v", "--replay"]);
        assert_eq!(code, 0, "{replayed}");
        assert_eq!(
            received.lock().unwrap().len(),
            sent,
            "a replay sends nothing"
        );
        let files = walk(folder.path()).into_iter();
        let files = files.map(|file| std::fs::read_to_string(file).unwrap_or_default());
        for text in files.chain([output, recorded, replayed]) {
            for form in forms(PIN) {
                assert!(!text.contains(&form), "{form} is in {text}");
            }
        }
    }
}

/// What a person asks to see is personal data, not a secret.
#[cfg(unix)]
#[test]
fn a_short_secret_is_not_shown_to_a_person_who_asks_for_personal_data() {
    let (origin, _) = server();
    let folder = workspace(&origin);
    folder.write(
        "requests/flow.yaml",
        "scheme: none\nredact: [$.restrictedDataToken]\npost: /rdt\ncapture: { pin: { from: $.pin, secret: true } }\nassert: { $.pin: other }\n",
    );
    let args = ["run", "-v", "--show-personal"];
    let (seen, code) = super::program::at_a_terminal(&folder, &args, &[]);
    assert_eq!(code, 1, "{seen}");
    assert!(seen.contains("‹response.pin›"), "{seen}");
    assert!(!seen.contains(PIN), "{seen}");
}

#[test]
fn a_secret_that_cannot_be_hidden_ends_the_step_without_its_response() {
    let (origin, _) = server();
    let folder = workspace(&origin);
    folder.write(
        "requests/flow.yaml",
        "scheme: none\npost: /rdt\ncapture: { bit: { from: $.bit, secret: true } }\n",
    );
    let (output, code) = run(&folder, &["run", "-v", "--report", "json=out/json"]);
    assert_eq!(code, 3, "{output}");
    let line = output.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "`bit` is a secret with fewer than 3 characters";
    assert!(line.contains(told), "{told} is not in {output}");
    let report = std::fs::read_to_string(folder.path().join("out/json")).unwrap();
    assert!(
        !output.contains("q7") && !report.contains("q7"),
        "{output}{report}"
    );
}
