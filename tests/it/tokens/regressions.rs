//! What went wrong once: schemes that issue and refresh, answers that forget or tell too much,
//! outages, broken records.

use super::super::program::{Folder, ingam};
use super::{TestWorkspace, output_and_code};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

const TOY: &str = "\
scheme: toy
hosts: { live: \"https://toy.example\" }
credentials: { app: {}, secret: { secret: true } }
levels: { a: { token: t, attach: { headers: { authorization: \"{{ token.access_token }}\" } } } }
default_level: a
tokens:
  t:
    store_by: [app]
    issue:
      post: /issue
      json: { app: \"{{ cred.app }}\", secret: \"{{ cred.secret }}\" }
      save: { access_token: $.issued, refresh_token: $.next }
    refresh:
      post: /refresh
      json: { token: \"{{ token.refresh_token }}\" }
      save: { access_token: $.access, refresh_token: $.refresh }
    lifetime: { access: 1h, refresh_once: true }
errors:
  - { status: 401, kind: token_expired, then: renew_once }
  - { status: 403, kind: auth, then: authorize }
";

/// Path, authorization and how often this path was asked before → status and body.
type Answer = dyn Fn(&str, &str, usize) -> (u16, String) + Send + Sync;

struct CustomScheme {
    folder: Folder,
    asked: Arc<Mutex<Vec<String>>>,
}

impl CustomScheme {
    fn new(answer: Box<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = Folder::new();
        let asked = Arc::new(Mutex::new(Vec::new()));
        folder.write("schemes/toy.yaml", TOY);
        let host = listener.local_addr().unwrap();
        folder.write(
            "ingam.yaml",
            &format!("envs: {{ local: {{ hosts: {{ toy: \"http://{host}\" }} }} }}\n"),
        );
        for name in ["a", "b", "c"] {
            folder.write(
                &format!("requests/{name}.yaml"),
                "scheme: toy\nget: /data\n",
            );
        }
        std::fs::create_dir(folder.path().join("home")).unwrap();
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            listener
                .incoming()
                .for_each(|stream| serve(stream.unwrap(), &heard, &*answer));
        });
        let toy = Self { folder, asked };
        assert_eq!(toy.run(&["trust", "--env", "local", "--yes"]).1, 0);
        toy
    }

    fn run(&self, args: &[&str]) -> (String, i32) {
        let mut command = ingam(self.folder.path());
        command
            .env("HOME", self.folder.path().join("home"))
            .env("INGAM_TOY__APP", "app")
            .env("INGAM_TOY__SECRET", "toy-secret-0123");
        output_and_code(&command.args(args).output().unwrap())
    }

    fn count(&self, path: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|asked| *asked == path)
            .count()
    }
}

fn serve(mut stream: std::net::TcpStream, heard: &Mutex<Vec<String>>, answer: &Answer) {
    let mut text = Vec::new();
    let mut buffer = [0; 4_096];
    let is_whole = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return false;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .and_then(|length| length.parse().ok());
        body.len() >= length.unwrap_or(0)
    };
    while !is_whole(&text) {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => text.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let token = text
        .lines()
        .find_map(|line| line.strip_prefix("Authorization: "))
        .unwrap_or_default();
    let before = heard
        .lock()
        .unwrap()
        .iter()
        .filter(|asked| **asked == path)
        .count();
    let (status, body) = answer(&path, token, before);
    heard.lock().unwrap().push(path);
    let head = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes());
}

/// The first token is too old for `/data`.
fn data(token: &str) -> (u16, String) {
    if token == "issued-token-0" {
        (401, "{}".to_owned())
    } else {
        (200, "{}".to_owned())
    }
}

fn issue(number: usize) -> (u16, String) {
    (
        200,
        format!("{{\"issued\":\"issued-token-{number}\",\"next\":\"next-token-{number}\"}}"),
    )
}

#[test]
fn what_was_issued_is_refreshed_with_the_answer_read_in_its_own_way() {
    let toy = CustomScheme::new(Box::new(|path, token, number| match path {
        "/issue" => issue(number),
        "/refresh" => (
            200,
            "{\"access\":\"refreshed-token\",\"refresh\":\"second-token\"}".to_owned(),
        ),
        _ => data(token),
    }));
    let (output, code) = toy.run(&["run", "a", "--env", "local"]);
    assert_eq!(
        (code, toy.count("/issue"), toy.count("/refresh")),
        (0, 1, 1),
        "{output}"
    );
    assert_eq!(
        toy.run(&[
            "auth", "token", "default", "--scheme", "toy", "--env", "local"
        ])
        .0
        .trim(),
        "refreshed-token"
    );
}

#[test]
fn where_an_application_can_help_itself_no_person_is_asked() {
    let toy = CustomScheme::new(Box::new(|path, token, number| match path {
        "/issue" => issue(number),
        "/refresh" => (403, "{}".to_owned()),
        _ => data(token),
    }));
    assert_eq!(
        toy.run(&["run", "a", "--env", "local"]).1,
        6,
        "the refusal is said once"
    );
    let (output, code) = toy.run(&["run", "a", "--env", "local"]);
    assert_eq!((code, toy.count("/issue")), (0, 2), "{output}");
}

#[test]
fn an_answer_without_the_next_token_is_not_taken_for_good() {
    let toy = CustomScheme::new(Box::new(|path, token, number| match path {
        "/issue" => issue(number),
        "/refresh" => (200, "{\"access\":\"refreshed-token\"}".to_owned()),
        _ => data(token),
    }));
    assert_eq!(toy.run(&["run", "a", "--env", "local"]).1, 0);
    let (output, code) = toy.run(&["auth", "status"]);
    assert!(
        code == 6 && output.contains("dead since"),
        "{code}: {output}"
    );
    assert_eq!(toy.count("/refresh"), 1, "the spent one is not shown again");
}

#[test]
fn a_token_in_a_refusal_is_not_shown_and_a_long_page_is_cut() {
    let toy = CustomScheme::new(Box::new(|path, token, number| match path {
        "/issue" => issue(number),
        "/refresh" => (
            500,
            format!(
                "{{\"refresh\":\"fresh-secret-token\",\"page\":\"{}\"}}",
                "x".repeat(200_000)
            ),
        ),
        _ => data(token),
    }));
    let (output, code) = toy.run(&["run", "--env", "local"]);
    assert!(
        code == 5 && !output.contains("fresh-secret-token"),
        "{code}"
    );
    assert!(
        output.contains("bytes in all") && output.len() < 20_000,
        "{}",
        output.len()
    );
    // Three requests, one try.
    assert_eq!(toy.count("/refresh"), 1);
}

#[test]
fn one_broken_record_is_said_and_a_login_puts_it_aside() {
    let workspace = TestWorkspace::with_tokens();
    workspace.login("my", "shop_id=102");
    let files = std::fs::read_dir(workspace.token_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut records: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "record"))
        .collect();
    records.sort();
    std::fs::write(&records[0], "garbage").unwrap();
    let (output, _) = workspace.run(&["auth", "refresh", "--env", "local"]);
    assert!(
        output.contains("is damaged") && output.contains("access token for 3 h 59 m"),
        "{output}"
    );
    workspace.login("sg", "shop_id=101");
    workspace.login("my", "shop_id=102");
    assert_eq!(workspace.run(&["run", "all", "--env", "local"]).1, 0);
    // Without its key a store is not begun anew beside what it holds.
    std::fs::remove_file(workspace.home().join(".config/ingam/store.key")).unwrap();
    let (output, code) = workspace.run(&["auth", "status"]);
    assert!(
        code == 6 && output.contains("its key is missing"),
        "{code}: {output}"
    );
    assert!(!workspace.home().join(".config/ingam/store.key").exists());
}

#[test]
fn a_secret_that_is_typed_as_an_argument_is_not_said_again() {
    let workspace = TestWorkspace::new();
    let (output, code) = workspace.run(&["auth", "set", "shopee", "partner_key", "TYPED-SECRET"]);
    assert!(
        code == 2 && !output.contains("TYPED-SECRET") && output.contains("cannot be an argument"),
        "{output}"
    );
}

#[test]
fn two_credentials_that_are_set_at_once_are_both_kept() {
    let workspace = TestWorkspace::new();
    for round in 0..10 {
        let children: Vec<_> = ["partner_key", "partner_id"]
            .map(|name| {
                let mut command = workspace.ingam(&["auth", "set", "shopee", name, "--file"]);
                let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
                write!(child.stdin.take().unwrap(), "1234567890123{round}").unwrap();
                child
            })
            .into();
        children
            .into_iter()
            .for_each(|mut child| assert!(child.wait().unwrap().success()));
        let text = std::fs::read_to_string(workspace.home().join(".config/ingam/credentials.env"))
            .unwrap();
        assert_eq!(
            text.matches(&format!("1234567890123{round}")).count(),
            2,
            "{text}"
        );
    }
}
