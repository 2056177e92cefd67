//! A recording that is cut or changed is an error or replays rightly; it never opens a socket and
//! never panics.

use super::super::tokens::{figure, scaled};
use super::{Server, files, json, record, workspace};
use ingam::testing::TestWorkspace;
use std::path::{Path, PathBuf};

/// Replays; the answer when it passed.
fn replay(root: &Path) -> (u8, Vec<String>) {
    let outcome = TestWorkspace::open(root)
        .replay()
        .environment("local")
        .env([])
        .run("one");
    assert!(
        !outcome.report().contains("panicked"),
        "{}",
        outcome.report()
    );
    (outcome.exit_code(), outcome.responses().to_vec())
}

struct Recorded {
    server: Server,
    folder: super::Folder,
    files: Vec<(PathBuf, Vec<u8>)>,
    right: (u8, Vec<String>),
}

fn recorded() -> Recorded {
    let server = Server::start(|_| {
        json(
            r#"{"code":"SUCCESS","data":[{"id":1,"name":"무선 이어폰","text":"one\ntwo\n"},{"id":22,"price":1.10,"list":["a","b"]}]}"#,
        )
    });
    let folder = workspace(&server);
    folder.write(
        "requests/one.yaml",
        "scheme: coupang\nget: /v2/one\nquery: { keyword: 이어폰, limit: 5 }\n",
    );
    record(&folder);
    let files = files(&folder.path().join("fixtures"));
    let right = replay(folder.path());
    assert_eq!(right.0, 0);
    Recorded {
        server,
        folder,
        files,
        right,
    }
}

impl Recorded {
    fn try_with(&self, path: &Path, bytes: &[u8], what: &str) -> bool {
        std::fs::write(path, bytes).unwrap();
        let seen = self.server.seen();
        let result = replay(self.folder.path());
        assert!(
            result == self.right || [3, 8].contains(&result.0),
            "{what}: {result:?}"
        );
        assert_eq!(self.server.seen(), seen, "{what} opened a socket");
        result == self.right
    }
}

#[test]
fn a_recording_cut_at_any_byte_is_an_error() {
    let recorded = recorded();
    let (path, whole) = &recorded.files[0];
    let step = whole.len() / scaled(whole.len());
    let mut tried = 0;
    for cut in (0..whole.len() - 1).step_by(step) {
        let passed = recorded.try_with(path, &whole[..cut], &format!("cut at {cut}"));
        assert!(!passed, "what is cut at {cut} of {} passed", whole.len());
        tried += 1;
    }
    figure(&format!(
        "a recording cut at {tried} of {} bytes: each an error",
        whole.len()
    ));
}

#[test]
fn a_recording_with_one_byte_changed_is_an_error_or_replays_rightly() {
    let recorded = recorded();
    let (path, whole) = &recorded.files[0];
    let flips = scaled(1_000);
    let mut right = 0;
    for flip in 0..flips {
        let mut bytes = whole.clone();
        let at = flip * 7_919 % bytes.len();
        bytes[at] ^= 1 << (flip % 8);
        right +=
            usize::from(recorded.try_with(path, &bytes, &format!("bit {} of byte {at}", flip % 8)));
    }
    figure(&format!(
        "{flips} single-byte changes: {right} replay rightly, {} are errors",
        flips - right
    ));
}

#[test]
fn a_body_of_its_own_file_that_is_changed_or_gone_is_an_error() {
    let server = Server::start(|_| (200, Vec::new(), vec![b'x'; 100_000]));
    let folder = workspace(&server);
    folder.write("requests/one.yaml", "scheme: none\nget: /one\n");
    record(&folder);
    let body = files(&folder.path().join("fixtures/recordings/bodies"))
        .remove(0)
        .0;
    assert_eq!(replay(folder.path()).0, 0);
    std::fs::write(&body, vec![b'y'; 100_000]).unwrap();
    assert_eq!(replay(folder.path()).0, 8);
    std::fs::remove_file(&body).unwrap();
    assert_eq!(replay(folder.path()).0, 3);
}

#[test]
fn nothing_is_written_over_a_broken_recording() {
    let recorded = recorded();
    let (path, whole) = &recorded.files[0];
    let cut = &whole[..whole.len() / 2];
    std::fs::write(path, cut).unwrap();
    let (output, code) = super::run(&recorded.folder, &["run", "--env", "local", "--record"]);
    assert!(
        code == 3 && std::fs::read(path).unwrap() == cut,
        "{code}: {output}"
    );
}

#[test]
fn a_newer_format_is_refused_in_one_sentence_and_older_ones_are_read() {
    let recorded = recorded();
    let (path, whole) = &recorded.files[0];
    let text = String::from_utf8(whole.clone())
        .unwrap()
        .replace("format: 2", "format: 3");
    std::fs::write(path, text).unwrap();
    let outcome = TestWorkspace::open(recorded.folder.path())
        .replay()
        .env([])
        .run("one");
    assert!(
        outcome.exit_code() == 3 && outcome.report().contains("update ingam"),
        "{}",
        outcome.report()
    );
    // The golden file of each format number stays readable.
    let golden = include_str!("format_1.yaml");
    std::fs::write(path, golden).unwrap();
    let outcome = TestWorkspace::open(recorded.folder.path())
        .replay()
        .env([])
        .run("one");
    assert!(
        outcome.passed() && outcome.responses()[0].contains("golden"),
        "{}",
        outcome.report()
    );
}
