//! Secrets of the user that belong to no scheme: they are sent, they are in no output and no file,
//! and recordings hold their names.

use super::program::{Folder, ingam, text};
use super::secrets::{forms, walk};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

const PASSWORD: &str = "pass+Word/of=Buyer7";
/// Under a variable that no request uses.
const OTHER: &str = "other-Secret-0042";

/// A server that repeats what it was sent, and remembers it.
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
            let body = serde_json::json!({ "seen": seen, "other": OTHER }).to_string();
            log.lock().unwrap().push(seen);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    (origin, received)
}

const FLOW: &str = "scheme: none
vars: { login: \"buyer-7:{{ secret.buyer_password }}\" }
steps:
  - name: sign_in
    post: /sign-in
    query: { p: \"{{ secret.buyer_password }}\" }
    headers: { x-login: \"{{ login }}\", authorization: \"Basic {{ ('b:' ~ secret.buyer_password) | encode_base64 }}\" }
    json: { user: buyer-7, password: \"{{ secret.buyer_password }}\", both: [\"{{ login }}\"] }
    assert: { $.other: { exists: true } }
  - name: again
    post: /again
    form: { password: \"{{ secret.buyer_password }}\" }
";

fn workspace(origin: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    folder.write("requests/flow.yaml", FLOW);
    folder
}

fn run(folder: &Folder, args: &[&str], is_set: bool) -> (String, i32) {
    let mut command = ingam(folder.path());
    if is_set {
        command.env("INGAM_SECRET_BUYER_PASSWORD", PASSWORD);
        command.env("INGAM_SECRET_OTHER", OTHER);
    }
    let output = command.args(args).output().unwrap();
    let (stdout, stderr, code) = text(&output);
    (format!("{stdout}{stderr}"), code)
}

fn assert_clean(name: &str, text: &str) {
    for secret in [PASSWORD, OTHER] {
        for form in forms(secret) {
            assert!(!text.contains(&form), "{name} holds {form}:\n{text}");
        }
    }
}

#[test]
fn a_secret_of_the_user_is_sent_and_in_no_output() {
    let (origin, received) = server();
    let folder = workspace(&origin);
    let failing = FLOW.replace("exists: true", "equals: another");
    folder.write("requests/flow.yaml", &failing);
    let formats = ["junit", "json", "ndjson", "ctrf", "tap", "github", "html"];
    let reports = formats.map(|format| format!("--report={format}=out/{format}"));
    let mut args = vec!["run", "-v", "--snapshot"];
    args.extend(reports.iter().map(String::as_str));
    let (terminal, code) = run(&folder, &args, true);
    assert_eq!(code, 1, "{terminal}");
    let sent = received.lock().unwrap()[0].clone();
    assert!(
        sent.contains(&format!("X-Login: buyer-7:{PASSWORD}")),
        "{sent}"
    );
    assert!(
        sent.contains(&format!("\"password\":\"{PASSWORD}\"")),
        "{sent}"
    );
    assert_clean("the terminal", &terminal);
    for name in ["‹secret.buyer_password›", "‹secret.other›"] {
        assert!(terminal.contains(name), "{name} is not in {terminal}");
    }
    let files = walk(folder.path());
    assert!(files.len() > 8, "{files:?}");
    for file in files {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert_clean(&file.display().to_string(), &text);
    }
}

#[test]
fn a_replay_needs_no_secret_and_sends_its_name() {
    let (origin, received) = server();
    let folder = workspace(&origin);
    let (output, code) = run(&folder, &["run", "--record"], true);
    assert_eq!(code, 0, "{output}");
    assert_clean("the output", &output);
    let sent = received.lock().unwrap().len();
    let recording = walk(&folder.path().join("fixtures"))
        .into_iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect::<String>();
    assert_clean("the recording", &recording);
    for member in [
        "p: \"‹secret.buyer_password›\"",
        "password: \"‹secret.buyer_password›\"",
        "buyer-7:‹secret.buyer_password›",
        "‹secret.other›",
    ] {
        assert!(recording.contains(member), "{member} is not in {recording}");
    }
    for env in ["sandbox", "local"] {
        let args = ["run", "-v", "--env", env, "--replay"];
        let args = &args[..if env == "local" { 5 } else { 4 }];
        let (output, code) = run(&folder, args, false);
        assert_eq!(code, 0, "{env}: {output}");
        assert!(output.contains("‹secret.buyer_password›"), "{output}");
    }
    let (output, code) = run(&folder, &["run", "--diff"], true);
    assert_eq!(code, 0, "{output}");
    assert_eq!(received.lock().unwrap().len(), sent + 2);
    // Another secret at its place is another request.
    folder.write(
        "requests/flow.yaml",
        &FLOW.replace(
            "form: { password: \"{{ secret.buyer_password }}\" }",
            "form: { password: \"{{ secret.other }}\" }",
        ),
    );
    let (output, code) = run(&folder, &["run", "--replay"], false);
    assert_eq!(code, 8, "{output}");
}

#[test]
fn a_secret_without_a_value_is_named_before_anything_is_sent() {
    let (origin, received) = server();
    let folder = workspace(&origin);
    folder.write("requests/plain.yaml", "scheme: none\nget: /plain\n");
    let (output, code) = run(&folder, &["run"], false);
    assert_eq!(code, 6, "{output}");
    for told in [
        "`secret.buyer_password` has no value in environment `local`",
        "INGAM_SECRET_BUYER_PASSWORD",
        "1 passed",
    ] {
        assert!(output.contains(told), "{told} is not in {output}");
    }
    assert_eq!(received.lock().unwrap().len(), 1, "only the other request");
    let (output, code) = run(&folder, &["check"], false);
    assert_eq!(code, 0, "{output}");
    for told in ["requests/flow.yaml:2:", "set `INGAM_SECRET_BUYER_PASSWORD`"] {
        assert!(output.contains(told), "{told} is not in {output}");
    }
    let (output, code) = run(&folder, &["explain", "flow::sign_in"], false);
    assert_eq!(code, 0, "{output}");
    for told in [
        "a placeholder is shown",
        "secret.buyer_password = \"‹secret.buyer_password›\"  (INGAM_SECRET_BUYER_PASSWORD)",
        "X-Login: buyer-7:${INGAM_SECRET_BUYER_PASSWORD}",
    ] {
        assert!(output.contains(told), "{told} is not in {output}");
    }
}

#[test]
fn a_secret_that_could_not_be_hidden_is_refused() {
    let (origin, received) = server();
    let folder = workspace(&origin);
    for (value, told) in [
        ("qwert-1", "it is shorter than 8 characters"),
        ("application", "it is a word"),
        ("with-tab\t123", "holds U+0009 (tab)"),
    ] {
        let output = ingam(folder.path())
            .env("INGAM_SECRET_BUYER_PASSWORD", value)
            .args(["run"])
            .output()
            .unwrap();
        let (stdout, stderr, code) = text(&output);
        assert_eq!(code, 6, "{stdout}{stderr}");
        assert!(stderr.contains(told), "{told} is not in {stderr}");
        assert!(!stderr.contains(value), "{stderr}");
    }
    assert!(received.lock().unwrap().is_empty());
}

/// A scheme of the workspace without secrets needs no trust, until a request sends one with it.
#[test]
fn a_secret_goes_only_to_hosts_that_are_trusted() {
    let folder = Folder::new();
    folder.write(
        "schemes/mall.yaml",
        "scheme: mall\nhosts: { live: \"https://mall.example\" }\nsign: []\n",
    );
    folder.write(
        "requests/a.yaml",
        "scheme: mall\npost: /a\njson: { p: \"{{ secret.buyer_password }}\" }\n",
    );
    let (output, code) = run(&folder, &["run", "--env", "live"], true);
    assert_eq!(code, 6, "{output}");
    assert!(
        output.contains("not trusted yet: secrets of the workspace's own scheme `mall`"),
        "{output}"
    );
    let (output, _) = run(&folder, &["trust", "--env", "live", "--yes"], true);
    assert!(output.contains("`mall`"), "{output}");
    folder.write(
        "requests/a.yaml",
        "scheme: mall\npost: /a\njson: { p: none }\n",
    );
    folder.write(
        "schemes/mall.yaml",
        "scheme: mall\nhosts: { live: \"https://mall.example\" }\nsign: [] # changed\n",
    );
    let (output, _) = run(&folder, &["trust", "--env", "live", "--yes"], true);
    assert!(
        output.contains("nothing in environment `live` needs your trust"),
        "{output}"
    );
}

#[test]
fn variables_come_from_the_environment_a_file_and_the_command_line() {
    let (origin, received) = server();
    let folder = workspace(&origin);
    folder.write(
        "requests/flow.yaml",
        "scheme: none\nvars: { sku: a, qty: 1, note: x }\npost: /a\njson: { sku: \"{{ sku }}\", qty: \"{{ qty }}\", note: \"{{ note }}\" }\n",
    );
    folder.write("more/vars.yaml", "qty: 3\nnote: [1, 1.10]\n");
    let send = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = ingam(folder.path());
        command.envs(env.iter().copied()).arg("run").args(args);
        let (stdout, stderr, code) = text(&command.output().unwrap());
        let body = received.lock().unwrap().pop();
        let body = body.and_then(|sent| Some(sent.split_once("\r\n\r\n")?.1.to_owned()));
        (body.unwrap_or_default(), format!("{stdout}{stderr}"), code)
    };
    let env = [
        ("INGAM_VAR_SKU", "e-1"),
        ("INGAM_VAR_qty", "2"),
        ("INGAM_VAR_NOTE", "012"),
    ];
    for (args, body) in [
        (&[][..], r#"{"sku":"e-1","qty":2,"note":"012"}"#),
        (
            &["--vars", "more/vars.yaml"][..],
            r#"{"sku":"e-1","qty":3,"note":[1,1.10]}"#,
        ),
        (
            &[
                "--vars",
                "more/vars.yaml",
                "--var",
                "qty=4",
                "--var-text",
                "note=5",
            ][..],
            r#"{"sku":"e-1","qty":4,"note":"5"}"#,
        ),
    ] {
        let (sent, output, code) = send(args, &env);
        assert_eq!((sent.as_str(), code), (body, 0), "{args:?}: {output}");
    }
    let (_, output, code) = send(&[], &[("INGAM_VAR_SKUU", "1")]);
    assert_eq!(code, 0, "{output}");
    for told in ["`INGAM_VAR_SKUU` has no effect", "did you mean `SKU`?"] {
        assert!(output.contains(told), "{told} is not in {output}");
    }
    for (name, file, told) in [
        ("qyt.yaml", "qyt: 3\n", "no request has a variable `qyt`"),
        (
            "now.yaml",
            "now: 3\n",
            "`now` is not a valid name of a variable",
        ),
        (
            "template.yaml",
            "qty: \"{{ sku }}\"\n",
            "cannot be a template",
        ),
        ("list.yaml", "- 1\n", "a file of variables"),
        ("empty.yaml", "", ""),
        ("nothing.json", "{}", "a file of variables is empty"),
        ("broken.json", "{\"qty\": 1", "broken.json:1"),
    ] {
        folder.write(name, file);
        let (sent, output, code) = send(&["--vars", name], &[]);
        assert!(
            [2, 3].contains(&code) && sent.is_empty(),
            "{name} {code}: {output}"
        );
        assert!(
            output.contains(told) || name == "empty.yaml",
            "{told} is not in {output}"
        );
    }
    let (_, output, code) = send(&["--vars", "no.yaml"], &[]);
    assert_eq!(code, 2, "{output}");
    let (_, output, code) = send(&["--var", "qty=1", "--var-text", "qty=2"], &[]);
    assert_eq!(code, 2, "{output}");
    assert!(output.contains("`qty` is set twice"), "{output}");
}
