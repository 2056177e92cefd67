//! `tests/cases/<area>/<class>_<name>/`: `cmd` holds the arguments (and `NAME=value` lines for the
//! environment above them), `in/` the workspace; everything that comes out is held to
//! `output.snap`. The class says how the program must end: `ok` with 0, `fail` with 1, `err` with 3
//! (a faulty file), `fault` with another code. Adding a test is adding files; `just accept` writes
//! what comes out.

use super::program::{ingam, root, text};
use regex::Regex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

#[test]
fn every_case_ends_as_its_files_say() {
    let folders = case_folders(&root().join("tests/cases"));
    assert!(
        folders.len() > 60,
        "only {} cases were found",
        folders.len()
    );
    let wrong: Vec<String> = folders
        .iter()
        .filter(|folder| catch_unwind(AssertUnwindSafe(|| check(folder))).is_err())
        .map(|folder| folder.strip_prefix(root()).unwrap().display().to_string())
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} cases: {}",
        wrong.len(),
        folders.len(),
        wrong.join(", ")
    );
}

fn case_folders(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries.into_iter().filter(|path| path.is_dir()) {
        if path.join("cmd").is_file() {
            found.push(path);
        } else {
            found.extend(case_folders(&path));
        }
    }
    found
}

fn check(folder: &Path) {
    let written = std::fs::read_to_string(folder.join("cmd")).unwrap();
    let workspace = folder.join("in");
    assert!(
        workspace.is_dir(),
        "{} has no workspace `in`",
        folder.display()
    );
    let mut command = ingam(&workspace);
    let mut lines: Vec<&str> = written
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let arguments = lines.pop().unwrap();
    for line in lines {
        let (name, value) = line.split_once('=').unwrap();
        command.env(name, value);
    }
    let output = command.args(words(arguments)).output().unwrap();
    let (stdout, stderr, code) = text(&output);
    let class = folder
        .file_name()
        .unwrap()
        .to_string_lossy()
        .split('_')
        .next()
        .unwrap()
        .to_owned();
    let fits = match class.as_str() {
        "ok" => code == 0,
        "fail" => code == 1,
        "err" => code == 3,
        "fault" => ![0, 1, 3, 101].contains(&code),
        other => panic!("`{other}` is no class of a case"),
    };
    assert!(
        fits,
        "{} ended with {code}:\n{stdout}{stderr}",
        folder.display()
    );
    let all = format!(
        "ingam {arguments}\nexit {code}\n--- stdout\n{}--- stderr\n{}",
        steady(&stdout),
        steady(&stderr)
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("output", all));
}

/// Arguments as a shell would take them apart, with single quotes only.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, piece) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.last_mut().unwrap().push_str(piece);
            continue;
        }
        for (number, word) in piece.split(' ').enumerate() {
            if number > 0 {
                words.push(String::new());
            }
            words.last_mut().unwrap().push_str(word);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Times, ports and versions differ from run to run.
fn steady(text: &str) -> String {
    let replace = |text: String, pattern: &str, by: &str| {
        Regex::new(pattern)
            .unwrap()
            .replace_all(&text, by)
            .into_owned()
    };
    let text = text.replace(root().to_str().unwrap(), "<root>");
    let text = replace(text, r" +\d+(\.\d+)? (µs|ms|s)\n", "  <time>\n");
    let text = replace(text, r"\d+(\.\d+)? (µs|ms|s)\b", "<time>");
    let text = replace(text, r"127\.0\.0\.1:\d+", "127.0.0.1:<port>");
    replace(text, r"ingam/\d+\.\d+\.\d+", "ingam/<version>")
}
