//! `tests/mistakes/cases.jsonl` is what the signers beside it make, so nobody can edit a case to fit
//! an answer.

use std::process::Command;

const CASES: &str = include_str!("../mistakes/cases.jsonl");

#[test]
fn the_committed_cases_are_what_the_python_signers_make() {
    compare("python3", "python/make.py", "tests/mistakes/python/");
}

#[test]
fn the_committed_cases_are_what_the_node_signers_make() {
    compare("node", "node/make.mjs", "tests/mistakes/node/");
}

/// What a program prints must stand in the committed file, as one piece.
fn compare(program: &str, script: &str, folder: &str) {
    let path = format!("{}/tests/mistakes/{script}", env!("CARGO_MANIFEST_DIR"));
    let run = Command::new(program)
        .arg(&path)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    let output = match run {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: {program} is not installed");
            return;
        }
        other => other.unwrap(),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} failed: {said}");
    let made = String::from_utf8(output.stdout).unwrap();
    assert!(!made.is_empty(), "{script} printed nothing");
    assert!(
        CASES.contains(&made),
        "{folder} makes other cases than cases.jsonl has: run tests/mistakes/make.sh"
    );
}
