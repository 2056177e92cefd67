//! Workspaces that test nothing or contradict themselves: every one ends with its documented code
//! and a reason, and none with 0.
//!
//! `tests/false_greens/<kind>.txt` holds them, one after the other:
//!
//! ```text
//! # what is wrong with it
//! $ run --replay          the command; `check` if there is none
//! = 3                     the exit code; 3 if it is not said
//! ? a part of the reason
//! --- path                a file, to the next line that begins with `---`
//! --- path/               an empty folder
//! --- path -> target      a link
//! --- path |              a named pipe
//! ```
//!
//! Lines before the first file are the `assert` of a request. `< TEXT` is the body that the
//! recording of this request answers with. Everything that is printed is held to `<kind>.snap`.

use super::program::{Folder, ingam, root, text};
use regex::Regex;
use std::fmt::Write as _;

struct Case {
    name: String,
    command: String,
    code: i32,
    reason: String,
    assertions: String,
    answer: Option<String>,
    files: Vec<(String, String)>,
}

#[test]
fn no_workspace_that_tests_nothing_is_green() {
    let mut count = 0;
    let mut wrong = Vec::new();
    let mut kinds: Vec<_> = std::fs::read_dir(root().join("tests/false_greens"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    kinds.sort();
    for path in kinds {
        let mut shown = String::new();
        for case in cases(&std::fs::read_to_string(&path).unwrap()) {
            count += 1;
            let (printed, code) = run(&case);
            if code != case.code || !printed.contains(&case.reason) {
                wrong.push(format!(
                    "{}: {code} in place of {}, wanted {:?}\n{printed}",
                    case.name, case.code, case.reason
                ));
            }
            let _ = writeln!(shown, "# {}\nexit {code}\n{printed}", case.name);
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(path.parent().unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let kind = path.file_stem().unwrap().to_string_lossy().into_owned();
        settings.bind(|| insta::assert_snapshot!(kind, shown));
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count >= 200, "only {count} workspaces");
}

fn cases(written: &str) -> Vec<Case> {
    let mut found: Vec<Case> = Vec::new();
    let mut in_file = false;
    for line in written.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            in_file = false;
            found.push(Case {
                name: name.to_owned(),
                command: "check".to_owned(),
                code: 3,
                reason: String::new(),
                assertions: String::new(),
                answer: None,
                files: Vec::new(),
            });
            continue;
        }
        let Some(case) = found.last_mut() else {
            continue;
        };
        if let Some(file) = line.strip_prefix("--- ") {
            in_file = true;
            case.files.push((file.to_owned(), String::new()));
        } else if in_file {
            let (_, content) = case.files.last_mut().unwrap();
            content.push_str(line);
            content.push('\n');
        } else if let Some(command) = line.strip_prefix("$ ") {
            case.command = command.to_owned();
        } else if let Some(code) = line.strip_prefix("= ") {
            case.code = code.trim().parse().unwrap();
        } else if let Some(reason) = line.strip_prefix("? ") {
            case.reason = reason.to_owned();
        } else if let Some(answer) = line.strip_prefix("< ") {
            case.answer = Some(answer.to_owned());
        } else if !line.trim().is_empty() {
            let _ = writeln!(case.assertions, "  {line}");
        }
    }
    found
}

fn run(case: &Case) -> (String, i32) {
    let folder = Folder::new();
    if !case.assertions.is_empty() {
        folder.write(
            "requests/a.yaml",
            &format!("scheme: none\nget: /a\nassert:\n{}", case.assertions),
        );
    }
    if let Some(answer) = &case.answer {
        folder.write(
            "fixtures/recordings/a.yaml",
            &format!(
                "format: 1\nscheme: none\nexchanges:\n  - request: {{ get: /a }}\n    response: {{ status: 200, headers: {{ content-type: application/json }}, text: '{answer}' }}\n"
            ),
        );
    }
    for (name, content) in &case.files {
        make(&folder, name, content);
    }
    let words: Vec<&str> = case.command.split(' ').collect();
    let mut command = ingam(folder.path());
    command.arg("--root").arg(folder.path()).args(words);
    let (stdout, stderr, code) = text(&command.output().unwrap());
    let printed = format!("{stdout}{stderr}").replace(folder.path().to_str().unwrap(), "<root>");
    (steady(&printed), code)
}

fn make(folder: &Folder, name: &str, content: &str) {
    if let Some(name) = name.strip_suffix('/') {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
    } else if let Some((name, target)) = name.split_once(" -> ") {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    } else if let Some(name) = name.strip_suffix(" |") {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    } else {
        folder.write(name, content);
    }
}

/// Times, ages and ports differ from run to run.
fn steady(text: &str) -> String {
    let text = Regex::new(r" +\d+(\.\d+)? (µs|ms|s)\n")
        .unwrap()
        .replace_all(text, "  <time>\n");
    let text = Regex::new(r"\d+(\.\d+)? (µs|ms|s)\b")
        .unwrap()
        .replace_all(&text, "<time>");
    let text = Regex::new(r"\d+[a-z]+( \d+[a-z]+)? ago")
        .unwrap()
        .replace_all(&text, "<age> ago");
    Regex::new(r"127\.0\.0\.1:\d+")
        .unwrap()
        .replace_all(&text, "127.0.0.1:<port>")
        .into_owned()
}
