//! What a person at a keyboard uses: completions, colours, runs that are repeated, results as JSON.

use super::program::{Folder, ingam, text};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

const WORKSPACE: &str = "\
envs:
  live: { accounts: { coupang: { main: { vendor_id: A00012345 } } } }
  staging: { hosts: { coupang: \"https://api.staging.example\" } }
";
const READ: &str = "\
tags: [smoke]
scheme: coupang
account: main
get: /v2/providers/seller_api/apis/api/v1/marketplace/seller-products
query: { vendorId: A00012345 }
";
const WRITE: &str = "\
scheme: coupang
account: main
post: /v2/providers/seller_api/apis/api/v1/marketplace/seller-products
json: { sellerProductName: socks }
";

fn workspace() -> Folder {
    let folder = Folder::new();
    folder.write("ingam.yaml", WORKSPACE);
    folder.write("requests/products/list.yaml", READ);
    folder.write("requests/products/create.yaml", WRITE);
    folder
}

fn run(folder: &Folder, args: &[&str]) -> (String, String, i32) {
    text(&ingam(folder.path()).args(args).output().unwrap())
}

/// What a shell would offer for the last word.
fn completed(folder: &Folder, words: &[&str]) -> Vec<String> {
    let mut command = ingam(folder.path());
    command
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
        .env("_CLAP_IFS", "\n")
        .arg("--")
        .args(words);
    let (stdout, stderr, code) = text(&command.output().unwrap());
    assert_eq!((stderr.as_str(), code), ("", 0));
    stdout
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[test]
fn a_shell_completes_the_names_of_the_workspace() {
    let folder = workspace();
    for (words, offered) in [
        (
            &["ingam", "run", "pro"][..],
            &["products/create", "products/list"][..],
        ),
        (&["ingam", "explain", "products/l"], &["products/list"]),
        (&["ingam", "run", "--tag", ""], &["smoke"]),
        (&["ingam", "run", "--env", "s"], &["sandbox", "staging"]),
        (&["ingam", "run", "--account", "m"], &["main"]),
        (&["ingam", "auth", "login", "coup"], &["coupang"]),
        (&["ingam", "--root", "nowhere", "run", "pro"], &[]),
        (&["ingam", "snaps"], &["snapshot"]),
    ] {
        let found = completed(&folder, words);
        assert!(
            found == offered
                || (offered.is_empty() && found.iter().all(|one| !one.contains("products/"))),
            "{words:?}: {found:?}"
        );
    }
}

#[test]
fn the_script_of_each_shell_asks_the_program() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (script, stderr, code) = run(&folder, &["completions", shell]);
        assert!(
            code == 0 && script.contains("COMPLETE"),
            "{shell}: {script}{stderr}"
        );
    }
    let mut unknown = ingam(folder.path());
    let (_, stderr, code) = text(&unknown.env("COMPLETE", "tcsh").output().unwrap());
    assert!(code == 2 && stderr.contains("`tcsh`"), "{stderr}");
}

#[test]
fn colours_are_those_that_were_asked_for() {
    let folder = workspace();
    let (list, _, _) = run(&folder, &["--color", "always", "list"]);
    assert!(list.contains("\u{1b}["), "{list:?}");
    let (list, _, _) = run(&folder, &["list"]);
    assert!(!list.contains('\u{1b}'), "{list:?}");
    let mut forced = ingam(folder.path());
    forced
        .env("CLICOLOR_FORCE", "1")
        .args(["list", "--color", "never"]);
    let (list, _, _) = text(&forced.output().unwrap());
    assert!(!list.contains('\u{1b}'), "{list:?}");
    let (_, stderr, code) = run(&folder, &["list", "--color", "sometimes"]);
    assert!(
        code == 2 && stderr.contains("`auto`, `always` or `never`"),
        "{stderr}"
    );
}

/// A script whose variable is empty must not pass.
#[test]
fn without_a_command_it_says_where_to_begin() {
    for (folder, command) in [(Folder::new(), "ingam init"), (workspace(), "ingam run")] {
        let (stdout, stderr, code) = run(&folder, &[]);
        assert!(stdout.is_empty() && code == 2, "{stdout}");
        assert!(stderr.contains(command), "{stderr}");
    }
}

fn json(folder: &Folder, args: &[&str], status: i32) -> Value {
    let (stdout, stderr, code) = run(folder, args);
    assert_eq!(code, status, "{stdout}{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn lists_faults_and_explanations_are_json_for_scripts() {
    let folder = workspace();
    let list = json(&folder, &["list", "--json", "--tag", "smoke"], 0);
    let request = &list["requests"][0];
    assert_eq!(request["id"], "products/list");
    assert_eq!(request["place"]["file"], "requests/products/list.yaml");
    assert_eq!(request["steps"][0]["scheme"], "coupang");
    assert_eq!(request["steps"][0]["method"], "GET");
    assert_eq!(list["requests"].as_array().unwrap().len(), 1);

    let explained = json(&folder, &["explain", "products/list", "--json"], 0);
    let request = &explained["requests"][0];
    assert!(
        request["trace"]
            .as_array()
            .unwrap()
            .iter()
            .any(|step| step["operation"] == "hmac"
                || step["operation"].as_str().unwrap().starts_with("hmac"))
    );
    assert!(request["curl"].as_str().unwrap().starts_with("curl"));

    let right = json(&folder, &["check", "--json"], 0);
    assert_eq!(right["requests"], 2);
    assert_eq!(right["faults"], Value::Array(Vec::new()));
    folder.write("requests/wrong.yaml", "scheme: coupang\ngett: /v2\n");
    let wrong = json(&folder, &["check", "--json"], 3);
    let faults = wrong["faults"].as_array().unwrap();
    let of_key = |fault: &&Value| fault["message"].as_str().unwrap().contains("gett");
    let fault = faults.iter().find(of_key).unwrap();
    assert_eq!(fault["severity"], "error");
    assert_eq!(fault["place"]["file"], "requests/wrong.yaml");
    assert_eq!(
        (&fault["place"]["line"], &fault["place"]["column"]),
        (&Value::from(2), &Value::from(1))
    );
}

/// A program whose lines are read as they come.
struct Watching {
    child: std::process::Child,
    lines: mpsc::Receiver<String>,
}

impl Watching {
    fn start(folder: &Folder, args: &[&str]) -> Self {
        let mut command = ingam(folder.path());
        let mut child = command
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    fn wait_for(&self, text: &str) {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(60)) {
            if line.contains(text) {
                return;
            }
            seen.push(line);
        }
        panic!("no {text:?} in {seen:#?}");
    }

    #[cfg(unix)]
    fn interrupt(mut self) -> i32 {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

#[cfg(unix)]
#[test]
fn a_watched_run_is_repeated_when_a_file_changes() {
    let folder = workspace();
    folder.write(
        "fixtures/recordings/products.yaml",
        "format: 1\nscheme: coupang\nexchanges:\n  - request: { get: /v2/providers/seller_api/apis/api/v1/marketplace/seller-products, query: { vendorId: A00012345 } }\n    response: { status: 200, json: { code: SUCCESS, data: [] } }\n",
    );
    let watching = Watching::start(&folder, &["run", "products/list", "--watch", "--replay"]);
    watching.wait_for("waiting for a change");
    folder.write(
        "requests/products/list.yaml",
        &format!("{READ}assert: {{ status: 201 }}\n"),
    );
    watching.wait_for("requests/products/list.yaml changed");
    watching.wait_for("waiting for a change");
    // The status is that of the last run.
    assert_eq!(watching.interrupt(), 1);
}

#[test]
fn a_watched_run_never_writes_outside_of_the_sandbox() {
    let folder = workspace();
    let (_, stderr, code) = run(&folder, &["run", "--watch", "--env", "live"]);
    // The files are checked, and nothing is sent; the watch itself would wait for ever.
    assert!(
        code == 2
            && stderr.contains("products/create@main` can change something in environment `live`"),
        "{stderr}"
    );
}
