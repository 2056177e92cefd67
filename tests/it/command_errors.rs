//! Failures that a command could hide: each ends with a code and a message.

use super::program::{Folder, ingam, text};
use std::fs::File;
use std::path::Path;
use std::process::Stdio;

/// A workspace that runs in the sandbox.
fn workspace() -> Folder {
    let folder = Folder::new();
    let output = ingam(folder.path()).arg("init").output().unwrap();
    assert_eq!(text(&output).2, 0);
    folder
}

/// Runs a command with standard output on a device that is always full.
fn run_on_full_disk(folder: &Path, args: &[&str]) -> (String, i32) {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = ingam(folder)
        .args(args)
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    let (_, stderr, code) = text(&output);
    (stderr, code)
}

#[cfg(target_os = "linux")]
#[test]
fn every_command_whose_output_does_not_fit_the_disk_ends_with_5() {
    let folder = workspace();
    let commands: [&[&str]; 13] = [
        &["--help"],
        &["--version"],
        &["check"],
        &["list"],
        &["explain", "coupang/product_search"],
        &["scheme", "list"],
        &["scheme", "show", "coupang"],
        &["scheme", "check"],
        &["recording", "list"],
        &["schema", "request"],
        &["completions", "bash"],
        &["run"],
        &["run", "--report", "junit=-"],
    ];
    for args in commands {
        let (stderr, code) = run_on_full_disk(folder.path(), args);
        assert_eq!(code, 5, "{args:?}: {stderr}");
        assert!(
            stderr.ends_with(
                "error: standard output cannot be written: No space left on device (os error 28)\n\
                 help: the output is incomplete\n"
            ),
            "{args:?}: {stderr}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_pipe_is_no_error() {
    let folder = workspace();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = ingam(folder.path())
        .args(["scheme", "show", "coupang"])
        .stdout(writer)
        .output()
        .unwrap();
    let (_, stderr, code) = text(&output);
    assert_eq!((stderr.as_str(), code), ("", 0));
}

#[test]
fn a_shard_variable_that_is_no_number_is_an_error_and_no_other_system_wins() {
    let folder = workspace();
    let output = ingam(folder.path())
        .args(["run", "--shard", "auto"])
        .env("INGAM_SHARD", "abc")
        .env("INGAM_SHARDS", "2")
        .env("CI_NODE_INDEX", "1")
        .env("CI_NODE_TOTAL", "1")
        .output()
        .unwrap();
    let (stdout, stderr, code) = text(&output);
    assert_eq!((stdout.as_str(), code), ("", 2));
    assert_eq!(
        stderr,
        "error: `--shard auto` cannot use INGAM_SHARD=`abc` and INGAM_SHARDS=`2`\n\
         help: the number of the first part is 1; set both variables to whole numbers, or write `--shard 2/5`\n"
    );
}

#[test]
fn a_last_run_that_cannot_be_read_is_an_error() {
    let folder = workspace();
    let state = folder.path().join("state");
    let run = |args: &[&str]| {
        let mut command = ingam(folder.path());
        command.env("XDG_STATE_HOME", &state).args(args);
        text(&command.output().unwrap())
    };
    folder.write(
        "requests/coupang/wrong.yaml",
        "scheme: coupang\nget: /nothing/is/recorded/here\n",
    );
    assert_ne!(run(&["run"]).2, 0);
    let runs = std::fs::read_dir(state.join("ingam/runs")).unwrap();
    for file in runs {
        std::fs::write(file.unwrap().path(), "not JSON").unwrap();
    }
    let (stdout, stderr, code) = run(&["run", "--rerun-failed"]);
    assert_eq!((stdout.as_str(), code), ("", 5));
    assert!(
        stderr.starts_with("error: the list of failures of the last run cannot be read: ")
            && stderr.ends_with("help: run without `--rerun-failed`\n"),
        "{stderr}"
    );
}

#[test]
fn without_a_folder_of_the_user_there_is_no_last_run() {
    let folder = workspace();
    let output = ingam(folder.path())
        .args(["run", "--rerun-failed"])
        .env_remove("HOME")
        .output()
        .unwrap();
    let (stdout, stderr, code) = text(&output);
    assert_eq!((stdout.as_str(), code), ("", 5));
    assert_eq!(
        stderr,
        "error: ingam found no folder for the result of the last run\n\
         help: set HOME, or XDG_STATE_HOME\n"
    );
}
