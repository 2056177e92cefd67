//! Snapshots as their users see them: what is written where, what is never written, what insta
//! reads of it and writes for it, and a review with one key a choice.

use super::program::{Folder, ingam, text};
use super::secrets::forms;
use ingam::internals::snapshot::SnapshotFile;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

const REQUEST: &str = "scheme: coupang\nget: /v2/goods\nsnapshot: true\n";

/// A workspace with one request, whose answer the test says.
fn workspace(request: &str, answer: &str) -> Folder {
    let folder = Folder::new();
    folder.write("requests/goods.yaml", request);
    record(&folder, answer);
    folder
}

fn record(folder: &Folder, answer: &str) {
    let head = "format: 1\nscheme: coupang\nexchanges:\n  - request: { get: /v2/goods }\n    response:\n      status: 200\n";
    folder.write(
        "fixtures/recordings/goods.yaml",
        &format!("{head}      json: {answer}\n"),
    );
}

fn run(folder: &Folder, args: &[&str]) -> (String, i32) {
    run_with(folder, &[], args)
}

fn run_with(folder: &Folder, env: &[(&str, &str)], args: &[&str]) -> (String, i32) {
    let output = ingam(folder.path())
        .envs(env.iter().copied())
        .args(args)
        .output()
        .unwrap();
    let (stdout, stderr, code) = text(&output);
    (stdout + &stderr, code)
}

fn read(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap()
}

fn exists(folder: &Folder, name: &str) -> bool {
    folder.path().join(name).exists()
}

/// Every file below a folder with its bytes.
fn listing(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(listing(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

/// Takes the first snapshot.
fn accepted(request: &str, answer: &str) -> Folder {
    let folder = workspace(request, answer);
    assert_eq!(run(&folder, &["run"]).1, 8);
    assert_eq!(run(&folder, &["snapshot", "accept"]).1, 0);
    assert_eq!(run(&folder, &["run"]).1, 0);
    folder
}

#[test]
fn a_snapshot_lives_from_missing_to_accepted_to_changed_to_rejected() {
    let folder = workspace(REQUEST, "{ code: OK, transactionId: a1, n: 1.10 }");
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 8 && output.contains("there is no snapshot `requests/goods.snap` yet"),
        "{output}"
    );
    assert!(output.contains("ingam snapshot review"), "{output}");
    let pending = read(&folder, "requests/goods.snap.new");
    assert_eq!(
        pending,
        "---\nsource: requests/goods.yaml\ndescription: goods\nexpression: GET /v2/goods\ninfo:\n  scheme: coupang\n  status: 200\n\
         ---\nHTTP 200\n\n{\n  \"code\": \"OK\",\n  \"transactionId\": \"[masked]\",\n  \"n\": 1.10\n}\n"
    );
    let (output, code) = run(&folder, &["snapshot", "accept"]);
    assert!(
        code == 0 && output.contains("accepted requests/goods.snap\n1 snapshot accepted"),
        "{output}"
    );
    assert_eq!(read(&folder, "requests/goods.snap"), pending);
    assert!(!exists(&folder, "requests/goods.snap.new"));

    record(&folder, "{ code: OK, transactionId: b2, n: 2, more: [] }");
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 1 && output.contains("$.n: expected 1.10 (number), got 2 (number)"),
        "{output}"
    );
    assert!(
        output.contains("$.more: unexpected [] (array)") && output.contains("with 2 differences"),
        "{output}"
    );
    assert!(exists(&folder, "requests/goods.snap.new"));
    let (output, code) = run(&folder, &["snapshot", "reject", "goods"]);
    assert!(
        code == 0 && output.contains("rejected requests/goods.snap\n1 snapshot rejected"),
        "{output}"
    );
    assert!(
        !exists(&folder, "requests/goods.snap.new")
            && read(&folder, "requests/goods.snap") == pending
    );
}

#[test]
fn what_is_pending_goes_when_the_snapshot_holds_again() {
    let folder = accepted(REQUEST, "{ n: 1 }");
    record(&folder, "{ n: 2 }");
    assert_eq!(run(&folder, &["run"]).1, 1);
    assert!(exists(&folder, "requests/goods.snap.new"));
    record(&folder, "{ n: 1 }");
    assert_eq!(run(&folder, &["run"]).1, 0);
    assert!(!exists(&folder, "requests/goods.snap.new"));
}

/// Every way in which a run can want to write, with every word of `INSTA_UPDATE`.
#[test]
fn in_ci_nothing_is_written() {
    let same = accepted(REQUEST, "{ n: 1 }");
    let changed = accepted(REQUEST, "{ n: 1 }");
    record(&changed, "{ n: 2 }");
    let stale = accepted(REQUEST, "{ n: 1 }");
    std::fs::copy(
        stale.path().join("requests/goods.snap"),
        stale.path().join("requests/goods.snap.new"),
    )
    .unwrap();
    let missing = workspace(REQUEST, "{ n: 1 }");
    let unasked = workspace("scheme: coupang\nget: /v2/goods\n", "{ n: 1 }");
    for ci in [("CI", "true"), ("CI", "1"), ("TF_BUILD", "True")] {
        for update in ["", "auto", "always", "force", "new", "unseen", "no"] {
            for (folder, wanted) in [
                (&same, 0),
                (&changed, 1),
                (&stale, 0),
                (&missing, 8),
                (&unasked, 8),
            ] {
                let before = listing(folder.path());
                let (output, code) = run_with(
                    folder,
                    &[ci, ("INSTA_UPDATE", update)],
                    &["run", "--snapshot"],
                );
                assert_eq!(code, wanted, "{ci:?} {update}: {output}");
                assert_eq!(listing(folder.path()), before, "{ci:?} {update}");
            }
        }
    }
    let before = listing(changed.path());
    assert_eq!(run_with(&changed, &[("INSTA_UPDATE", "no")], &["run"]).1, 1);
    assert_eq!(listing(changed.path()), before, "INSTA_UPDATE=no");
    assert_eq!(run_with(&changed, &[("CI", "false")], &["run"]).1, 1);
    assert!(
        exists(&changed, "requests/goods.snap.new"),
        "CI=false is no CI"
    );
}

#[test]
fn what_insta_update_says_is_done() {
    let folder = workspace(REQUEST, "{ n: 1 }");
    let (output, code) = run_with(&folder, &[("INSTA_UPDATE", "unseen")], &["run"]);
    assert!(
        code == 0 && output.contains("was written, because of INSTA_UPDATE"),
        "{output}"
    );
    record(&folder, "{ n: 2 }");
    assert_eq!(
        run_with(&folder, &[("INSTA_UPDATE", "unseen")], &["run"]).1,
        1
    );
    assert!(exists(&folder, "requests/goods.snap.new"));
    assert_eq!(
        run_with(&folder, &[("INSTA_UPDATE", "always")], &["run"]).1,
        0
    );
    assert!(
        !exists(&folder, "requests/goods.snap.new")
            && read(&folder, "requests/goods.snap").contains("\"n\": 2")
    );
}

/// What an assertion has found wanting could be accepted by mistake.
#[test]
fn no_answer_is_pending_whose_assertions_do_not_hold() {
    let folder = workspace(&format!("{REQUEST}assert: {{ $.n: 2 }}\n"), "{ n: 1 }");
    for update in ["auto", "always", "force"] {
        let (output, code) = run_with(&folder, &[("INSTA_UPDATE", update)], &["run"]);
        assert!(
            code == 1 && output.contains("the snapshot `requests/goods.snap` is not taken"),
            "{output}"
        );
        assert!(
            !exists(&folder, "requests/goods.snap") && !exists(&folder, "requests/goods.snap.new"),
            "{update}"
        );
    }
}

#[test]
fn masks_hide_what_varies_and_nothing_else() {
    let request =
        "scheme: coupang\nget: /v2/goods\nsnapshot: { mask: [\"$.list[*].at\", $.seen] }\n";
    let answer = |id: &str, at: u32, n: u32| {
        format!(
            "{{ transactionId: {id}, seen: {at}, list: [{{ at: {at}, n: {n} }}, {{ at: {at} }}] }}"
        )
    };
    let folder = accepted(request, &answer("a", 1, 7));
    record(&folder, &answer("b", 2, 7));
    assert_eq!(run(&folder, &["run"]).1, 0, "only what is masked differs");
    record(&folder, &answer("b", 2, 8));
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 1 && output.contains("with 1 difference\n") && output.contains("$.list[0].n"),
        "{output}"
    );
    record(&folder, "{ seen: 1, list: [{ n: 7 }, { at: 1 }] }");
    let (output, _) = run(&folder, &["run"]);
    assert!(
        output.contains("$.transactionId: missing") && output.contains("$.list[0].at: missing"),
        "{output}"
    );
}

#[test]
fn each_step_case_and_account_has_a_file_of_its_own() {
    let folder = Folder::new();
    let accounts = "{ coupang: { main: { vendor_id: A00012345 }, b-2: { vendor_id: A00012346 } } }";
    folder.write(
        "ingam.yaml",
        &format!("envs: {{ live: {{ accounts: {accounts} }} }}\n"),
    );
    folder.write(
        "requests/shop/상품--1.yaml",
        "scheme: coupang\naccount: all\ncases: { a--b: { x: 1 }, a: { x: 2 }, -c: { x: 3 } }\nsteps:\n  - { name: one, get: /v2/a, query: { x: \"{{ x }}\" }, snapshot: true }\n  - { name: two, get: /v2/b, snapshot: true }\n",
    );
    let exchange = |path: &str| {
        let request = if path.contains('x') {
            "get: /v2/a, query: { x: \"<any>\" }"
        } else {
            "get: /v2/b"
        };
        format!("  - request: {{ {request} }}\n    response: {{ status: 200, json: {{}} }}\n")
    };
    let recordings: String = (1..4)
        .map(|x| exchange("x").replace("\"<any>\"", &x.to_string()))
        .chain([exchange("b")])
        .collect();
    folder.write(
        "fixtures/recordings/all.yaml",
        &format!("format: 1\nscheme: coupang\nexchanges:\n{recordings}"),
    );
    let (output, code) = run_with(&folder, &[("INSTA_UPDATE", "always")], &["run"]);
    assert_eq!(code, 0, "{output}");
    let names: Vec<String> = listing(&folder.path().join("requests"))
        .into_keys()
        .filter(|path| path.extension().is_some_and(|ending| ending == "snap"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 12, "{names:?}");
    for name in [
        "상품%2D%2D1--one--a%2D%2Db--main.snap",
        "상품%2D%2D1--two--a--b-2.snap",
        "상품%2D%2D1--two--%2Dc--main.snap",
    ] {
        assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
    }
    let (output, code) = run(&folder, &["run"]);
    assert!(code == 0 && !output.contains("warning"), "{output}");
    let file = read(
        &folder,
        "requests/shop/상품%2D%2D1--one--a%2D%2Db--main.snap",
    );
    assert!(
        file.contains("description: \"shop/상품--1::one[a--b]@main\"\n")
            && file.contains("expression: GET /v2/a\n"),
        "{file}"
    );
}

/// A flow stops at its first failed step; one without a snapshot has not failed, and all of them
/// are taken in one run.
#[test]
fn all_snapshots_of_a_flow_are_taken_at_once() {
    let folder = workspace(
        "scheme: coupang\nsteps:\n  - { name: one, get: /v2/goods, snapshot: true, capture: { n: $.n } }\n  - { name: two, get: /v2/goods, query: { n: \"{{ n }}\" }, snapshot: true }\n",
        "{ n: 1 }\n  - request: { get: /v2/goods, query: { n: 1 } }\n    response: { status: 200, json: { n: 2 } }",
    );
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 8 && output.matches("there is no snapshot").count() == 2,
        "{output}"
    );
    assert_eq!(run(&folder, &["snapshot", "accept", "goods"]).1, 0);
    assert_eq!(run(&folder, &["run"]).1, 0);
    let changed = read(&folder, "requests/goods--one.snap").replace("\"n\": 1", "\"n\": 0");
    folder.write("requests/goods--one.snap", &changed);
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 1 && output.contains("1 step was not reached"),
        "{output}"
    );
}

#[test]
fn what_belongs_to_nothing_is_said_and_pruned() {
    let folder = accepted(REQUEST, "{ n: 1 }");
    let snapshot = read(&folder, "requests/goods.snap");
    for gone in [
        "requests/gone.snap",
        "requests/goods--main.snap",
        "requests/old/deep.snap.new",
    ] {
        folder.write(gone, &snapshot);
    }
    for args in [&["run"][..], &["check"]] {
        let (output, code) = run(&folder, args);
        assert_eq!(code, 0, "a warning changes no exit code: {output}");
        for gone in [
            "3 snapshots belong",
            "  requests/gone.snap\n",
            "  requests/goods--main.snap\n",
            "  requests/old/deep.snap.new\n",
        ] {
            assert!(output.contains(gone), "{args:?}: {output}");
        }
    }
    assert!(
        !run(&folder, &["run", "goods"]).0.contains("belong"),
        "a part of the requests says nothing of the others"
    );
    let before = listing(folder.path());
    assert_eq!(run(&folder, &["snapshot", "prune", "--list"]).1, 0);
    assert_eq!(listing(folder.path()), before);
    let (output, code) = run(&folder, &["snapshot", "prune"]);
    assert!(
        code == 0 && output.contains("3 snapshots removed"),
        "{output}"
    );
    assert!(
        exists(&folder, "requests/goods.snap") && !exists(&folder, "requests/gone.snap"),
        "{output}"
    );
    assert!(
        !exists(&folder, "requests/goods--main.snap")
            && !exists(&folder, "requests/old/deep.snap.new")
    );
    folder.write("requests/gone.snap", &snapshot);
    folder.write("requests/broken.yaml", "scheme: [\n");
    assert_eq!(
        run(&folder, &["snapshot", "prune"]).1,
        3,
        "what a faulty file has is not known"
    );
    assert!(exists(&folder, "requests/gone.snap"));
}

/// A broken file is never a missing one: nothing takes its place.
#[test]
fn a_broken_snapshot_is_an_error_with_its_place() {
    let folder = accepted(REQUEST, "{ n: 1 }");
    let whole = read(&folder, "requests/goods.snap").into_bytes();
    let not_text = [whole.as_slice(), b"\xff\xfe"].concat();
    for (bytes, place) in [
        (&b""[..], "requests/goods.snap:1:1"),
        (b"HTTP 200\n", "requests/goods.snap:1:1"),
        (&whole[..30], "requests/goods.snap:2:1"),
        (
            b"---\na: 1\na: 2\n---\nHTTP 200\n",
            "requests/goods.snap:3:1",
        ),
        (&not_text, "requests/goods.snap:14:1"),
    ] {
        std::fs::write(folder.path().join("requests/goods.snap"), bytes).unwrap();
        for update in ["auto", "always", "force"] {
            let before = listing(folder.path());
            let (output, code) = run_with(&folder, &[("INSTA_UPDATE", update)], &["run"]);
            assert!(
                code == 8 && output.contains(place) && !output.contains("there is no snapshot"),
                "{place}: {output}"
            );
            assert_eq!(listing(folder.path()), before, "{place}");
        }
    }
    std::fs::write(folder.path().join("requests/goods.snap.new"), "no snapshot").unwrap();
    let (output, code) = run(&folder, &["snapshot", "accept"]);
    assert!(
        code == 8 && output.contains("requests/goods.snap.new:1:1"),
        "{output}"
    );
}

/// A folder that cannot be written to is said, and the run ends with 5.
#[test]
#[cfg(unix)]
fn a_snapshot_that_cannot_be_written_is_an_error() {
    let folder = workspace(REQUEST, "{ n: 1 }");
    std::fs::create_dir(folder.path().join("requests/goods.snap.new")).unwrap();
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 5 && output.contains("the snapshot `requests/goods.snap.new` cannot be written"),
        "{output}"
    );
}

/// insta holds a text against the file that we wrote, and finds it equal; another one is pending
/// under the name that we look for.
#[test]
fn insta_reads_what_we_write() {
    let folder = accepted(
        REQUEST,
        "{ name: 무선 \"이어폰\", n: 1.10 }"
            .replace('"', "")
            .as_str(),
    );
    let before = read(&folder, "requests/goods.snap");
    let content = SnapshotFile::parse(Path::new("goods.snap"), before.as_bytes())
        .unwrap()
        .content;
    let holds = |text: &str| insta_holds(&folder, text);
    assert!(holds(&content) && holds(&format!("{content}\r\n \n")));
    assert_eq!(read(&folder, "requests/goods.snap"), before);
    let other = content.replace("1.10", "1.1");
    assert!(!holds(&other));
    let file = insta::Snapshot::from_file(&folder.path().join("requests/goods.snap")).unwrap();
    assert_eq!(file.metadata().source(), Some("requests/goods.yaml"));
    assert_eq!(
        (file.metadata().description(), file.metadata().expression()),
        (Some("goods"), Some("GET /v2/goods"))
    );

    // The other way round: insta wrote the pending file, we show, accept and go on with it.
    let pending = read(&folder, "requests/goods.snap.new");
    assert!(pending.contains("assertion_line: "), "{pending}");
    record(&folder, "{ name: 무선 이어폰, n: 1.1 }");
    assert_eq!(
        run(&folder, &["snapshot", "accept", "requests/goods.snap.new"]).1,
        0
    );
    let after = read(&folder, "requests/goods.snap");
    assert!(
        !after.contains("assertion_line")
            && after.contains("source: ")
            && after.contains("\"n\": 1.1\n"),
        "{after}"
    );
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
    assert!(holds(&other));
}

/// Asks insta in a process of its own, where it writes what is pending also when these tests run in
/// CI.
fn insta_holds(folder: &Folder, text: &str) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "snapshots::insta_in_a_process_of_its_own",
            "--ignored",
        ])
        .env("INSTA_UPDATE", "new");
    command
        .env("INGAM_TEST_FOLDER", folder.path().join("requests"))
        .env("INGAM_TEST_TEXT", text);
    command.output().unwrap().status.success()
}

#[test]
#[ignore = "started by the test of compatibility"]
fn insta_in_a_process_of_its_own() {
    let var = |name: &str| std::env::var_os(name).unwrap().into_string().unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(var("INGAM_TEST_FOLDER"));
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("goods", var("INGAM_TEST_TEXT")));
}

/// A server that answers with this.
fn answering(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, body) = (stream.unwrap(), body.clone());
            std::thread::spawn(move || {
                let mut buffer = vec![0; 65_536];
                while let Ok(1..) = stream.read(&mut buffer) {
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                    let _ = stream.write_all((head + &body).as_bytes());
                }
            });
        }
    });
    origin
}

/// Every text in a JSON value, names of members too.
fn texts(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => format!("{text}\n"),
        serde_json::Value::Array(items) => items.iter().map(texts).collect(),
        serde_json::Value::Object(members) => members
            .iter()
            .map(|(name, member)| format!("{name}\n{}", texts(member)))
            .collect(),
        _ => String::new(),
    }
}

#[test]
fn no_secret_is_in_a_snapshot() {
    const CANARY: &str = "cana+ry/=&%\"<\\한SECRETxyz";
    let mut all = forms(CANARY);
    // Percent-encoded with every letter small, the secret's own too: nobody writes that, and the
    // redactor does not know it.
    all.remove(2);
    let json = serde_json::json!({ "forms": all, CANARY: 1, "ok": true }).to_string();
    for answer in [json, format!("ok\n{}\n", all.join("\n"))] {
        let folder = Folder::new();
        let hosts = format!("{{ kaufland: \"{}\" }}", answering(answer));
        folder.write(
            "ingam.yaml",
            &format!("default_env: local\nenvs: {{ local: {{ hosts: {hosts} }} }}\n"),
        );
        folder.write(
            "requests/goods.yaml",
            "scheme: kaufland\nget: /v2/goods\nsnapshot: true\n",
        );
        let env = [
            ("INGAM_KAUFLAND__CLIENT_KEY", "client-key-1"),
            ("INGAM_KAUFLAND__SECRET_KEY", CANARY),
        ];
        let (output, code) = run_with(&folder, &env, &["run"]);
        assert_eq!(code, 8, "{output}");
        let pending = read(&folder, "requests/goods.snap.new");
        let body = pending.split_once("\n\n").unwrap().1;
        // A form inside JSON is escaped once more, and can be read again all the same.
        let inside = serde_json::from_str(body)
            .map(|value| texts(&value))
            .unwrap_or_default();
        assert!(
            pending.contains("‹cred.secret_key›") && pending.contains("ok"),
            "{pending}"
        );
        for form in &all {
            assert!(
                !pending.contains(form) && !inside.contains(form),
                "{form} is in:\n{pending}"
            );
        }
        assert_eq!(run(&folder, &["snapshot", "accept"]).1, 0);
        let (output, code) = run_with(&folder, &env, &["run"]);
        assert_eq!(
            code, 0,
            "the names of secrets are the same in every run: {output}"
        );
    }
}

/// A pseudo-terminal with the program at one end.
#[cfg(unix)]
struct Seat {
    child: std::process::Child,
    keys: std::fs::File,
    seen: Arc<Mutex<String>>,
    terminal: std::fs::File,
}

#[cfg(unix)]
impl Seat {
    fn new(folder: &Folder, args: &[&str]) -> Self {
        Self::with_rows(folder, args, 0)
    }

    /// At a terminal of so many lines; 0 is one that does not say.
    fn with_rows(folder: &Folder, args: &[&str], rows: u16) -> Self {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let terminal = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(name)
            .unwrap();
        let size = rustix::termios::Winsize {
            ws_row: rows,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&terminal, size).unwrap();
        let end = || Stdio::from(terminal.try_clone().unwrap());
        let mut command: Command = ingam(folder.path());
        let child = command
            .args(args)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let keys = std::fs::File::from(ours);
        let seen = Arc::new(Mutex::new(String::new()));
        let (mut reader, sink) = (keys.try_clone().unwrap(), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                sink.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        Self {
            child,
            keys,
            seen,
            terminal,
        }
    }

    /// Waits until a text was seen as often as said.
    fn wait_for(&self, text: &str, times: usize) {
        let begun = std::time::Instant::now();
        while self.seen.lock().unwrap().matches(text).count() < times {
            assert!(
                begun.elapsed().as_secs() < 20,
                "`{text}` does not come:\n{}",
                self.seen.lock().unwrap()
            );
            std::thread::yield_now();
        }
    }

    fn is_raw(&self) -> bool {
        !rustix::termios::tcgetattr(&self.terminal)
            .unwrap()
            .local_modes
            .contains(rustix::termios::LocalModes::ICANON)
    }

    /// Waits until keys are taken one by one.
    fn wait_for_keys(&self) {
        let begun = std::time::Instant::now();
        while !self.is_raw() {
            assert!(
                begun.elapsed().as_secs() < 20,
                "no key is waited for:\n{}",
                self.seen.lock().unwrap()
            );
            std::thread::yield_now();
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).unwrap();
    }

    /// What was seen, and the exit code; the terminal is as it was.
    fn end(mut self) -> (String, i32) {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        assert!(!self.is_raw(), "the terminal was not restored");
        let modes = rustix::termios::tcgetattr(&self.terminal)
            .unwrap()
            .local_modes;
        assert!(
            modes.contains(rustix::termios::LocalModes::ECHO | rustix::termios::LocalModes::ISIG)
        );
        let seen = self.seen.lock().unwrap().clone();
        (seen, code)
    }
}

/// Four requests, all with something pending: three changed, one new.
#[cfg(unix)]
fn four_pending() -> Folder {
    let folder = Folder::new();
    let write = |name: &str, n: u32| {
        folder.write(
            &format!("requests/{name}.yaml"),
            &format!("scheme: coupang\nget: /v2/{name}\nsnapshot: true\n"),
        );
        let exchange = format!(
            "  - request: {{ get: /v2/{name} }}\n    response: {{ status: 200, json: {{ a: 1, n: {n} }} }}\n"
        );
        folder.write(
            &format!("fixtures/recordings/{name}.yaml"),
            &format!("format: 1\nscheme: coupang\nexchanges:\n{exchange}"),
        );
    };
    ["a", "b", "c"].iter().for_each(|name| write(name, 1));
    assert_eq!(
        run_with(&folder, &[("INSTA_UPDATE", "always")], &["run"]).1,
        0
    );
    ["a", "b", "c", "d"].iter().for_each(|name| write(name, 2));
    assert_eq!(run(&folder, &["run"]).1, 1);
    folder
}

#[test]
#[cfg(unix)]
fn a_review_takes_one_key_for_each() {
    let folder = four_pending();
    let mut seat = Seat::new(&folder, &["snapshot", "review"]);
    seat.wait_for("quit  ", 1);
    // Keys that say nothing, and one that is several bytes, of which the last would say something.
    for (times, key) in (1..).zip([&b"x"[..], b"\n", b"b", b" ", b"\x1b[a"]) {
        seat.wait_for_keys();
        seat.press(key);
        seat.wait_for("\u{7}", times);
    }
    for (times, key) in (1..).zip([b"a", b"r", b"s", b"q"]) {
        seat.wait_for("quit  ", times);
        seat.wait_for_keys();
        seat.press(key);
    }
    seat.wait_for("still pending", 1);
    let (seen, code) = seat.end();
    assert_eq!(code, 0, "{seen}");
    assert!(
        seen.contains("1 of 4  requests/a.snap")
            && seen.contains("\u{1b}[1m\u{1b}[31m-   \"n\": 1"),
        "{seen}"
    );
    assert!(
        seen.contains("+   \"n\": 2") && seen.contains("1 accepted, 1 rejected, 2 still pending"),
        "{seen}"
    );
    assert!(
        read(&folder, "requests/a.snap").contains("\"n\": 2")
            && !exists(&folder, "requests/a.snap.new")
    );
    assert!(
        read(&folder, "requests/b.snap").contains("\"n\": 1")
            && !exists(&folder, "requests/b.snap.new")
    );
    assert!(
        read(&folder, "requests/c.snap").contains("\"n\": 1")
            && exists(&folder, "requests/c.snap.new")
    );
    assert!(!exists(&folder, "requests/d.snap") && exists(&folder, "requests/d.snap.new"));
}

#[test]
#[cfg(unix)]
fn a_review_goes_back_and_decides_about_all_that_are_left() {
    let folder = four_pending();
    let before = listing(folder.path());
    let press = |seat: &mut Seat, keys: &[u8]| {
        for (times, key) in (1..).zip(keys) {
            seat.wait_for("quit  ", times);
            seat.wait_for_keys();
            seat.press(&[*key]);
        }
    };
    let mut seat = Seat::new(&folder, &["snapshot", "review"]);
    press(&mut seat, b"arsbbbq");
    seat.wait_for("still pending", 1);
    let (seen, code) = seat.end();
    assert_eq!(code, 0, "{seen}");
    assert!(
        seen.contains("0 accepted, 0 rejected, 4 still pending"),
        "{seen}"
    );
    assert_eq!(
        listing(folder.path()),
        before,
        "every decision is taken back"
    );
    let mut seat = Seat::new(&folder, &["snapshot", "review"]);
    press(&mut seat, b"rA");
    seat.wait_for("still pending", 1);
    let (seen, code) = seat.end();
    assert_eq!(code, 0, "{seen}");
    assert!(
        seen.contains("3 accepted, 1 rejected, 0 still pending"),
        "{seen}"
    );
    assert!(read(&folder, "requests/a.snap").contains("\"n\": 1"));
    assert!(read(&folder, "requests/d.snap").contains("\"n\": 2"));
}

#[test]
#[cfg(unix)]
fn a_long_difference_is_shown_page_by_page() {
    let folder = four_pending();
    let lines: Vec<String> = (0..60).map(|line| format!("    \"m{line}\": 1")).collect();
    let pending = read(&folder, "requests/a.snap.new");
    let long = format!(
        "{},\n  \"z\": {{\n{}\n  }}\n}}\n",
        pending.trim_end().trim_end_matches('}').trim_end(),
        lines.join(",\n")
    );
    folder.write("requests/a.snap.new", &long);
    let mut seat = Seat::with_rows(&folder, &["snapshot", "review", "a"], 24);
    seat.wait_for("quit  ", 1);
    seat.wait_for_keys();
    let first = seat.seen.lock().unwrap().clone();
    assert!(first.contains("1 of 1  requests/a.snap"), "{first}");
    assert!(
        !first.contains("m59\": 1") && first.contains("lines more"),
        "{first}"
    );
    for times in 2..5 {
        seat.press(b" ");
        seat.wait_for("quit  ", times);
        seat.wait_for_keys();
    }
    assert!(seat.seen.lock().unwrap().contains("m59\": 1"));
    seat.press(b"a");
    seat.wait_for("1 accepted", 1);
    assert_eq!(seat.end().1, 0);
}

#[test]
#[cfg(unix)]
fn a_review_that_is_ended_gives_the_terminal_back() {
    let folder = four_pending();
    let before = listing(folder.path());
    for (key, wanted) in [(3, 130), (4, 0)] {
        let mut seat = Seat::new(&folder, &["snapshot", "review"]);
        seat.wait_for("quit  ", 1);
        seat.wait_for_keys();
        seat.press(&[key]);
        assert_eq!(seat.end().1, wanted);
    }
    for (signal, wanted) in [
        (rustix::process::Signal::INT, 130),
        (rustix::process::Signal::TERM, 143),
        (rustix::process::Signal::HUP, 129),
    ] {
        let seat = Seat::new(&folder, &["snapshot", "review", "b"]);
        seat.wait_for("quit  ", 1);
        seat.wait_for_keys();
        let id = rustix::process::Pid::from_child(&seat.child);
        rustix::process::kill_process(id, signal).unwrap();
        assert_eq!(seat.end().1, wanted);
    }
    assert_eq!(listing(folder.path()), before);
}

#[test]
#[cfg(unix)]
fn a_review_without_a_terminal_says_what_else_there_is() {
    let folder = four_pending();
    let (output, code) = run(&folder, &["snapshot", "review"]);
    assert!(
        code == 2 && output.contains("ingam snapshot accept"),
        "{output}"
    );
    assert_eq!(
        run(&folder, &["snapshot", "accept", "nothing"]).1,
        4,
        "a name that fits nothing"
    );
    let (output, code) = run(&folder, &["snapshot", "accept", "requests/a.yaml", "d"]);
    assert!(
        code == 0 && output.contains("2 snapshots accepted"),
        "{output}"
    );
    let (output, code) = run(&folder, &["snapshot", "reject"]);
    assert!(
        code == 0 && output.contains("2 snapshots rejected"),
        "{output}"
    );
    let (output, code) = run(&folder, &["snapshot", "review"]);
    assert!(
        code == 0 && output.contains("no snapshot is pending"),
        "{output}"
    );
}
