//! A crash must not write secrets to a disk: no process of the program leaves a core dump.

use super::program::{Folder, ingam};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Started by a shell that allows core dumps as large as it may, so that a limit of zero is the
/// program's own.
fn start(folder: &Folder, args: &[&str]) -> Child {
    let program = ingam(folder.path());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"ulimit -S -c "$(ulimit -H -c)"; exec "$@""#, "sh"])
        .arg(program.get_program())
        .args(args)
        .current_dir(folder.path())
        .env_clear();
    for (name, value) in program.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Soft and hard limit of core files, as the kernel says them.
fn core_limits(child: &Child) -> String {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .unwrap();
    line.split_whitespace()
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn no_process_leaves_a_core_dump() {
    let folder = Folder::new();
    let user = std::fs::metadata(folder.path()).unwrap().uid();
    for args in [&["sandbox", "--port", "0"][..], &["renew-helper"]] {
        let mut child = start(&folder, args);
        let until = Instant::now() + Duration::from_secs(20);
        // The shell and the loader come first.
        while core_limits(&child) != "0 0" {
            assert!(child.try_wait().unwrap().is_none(), "{args:?} has ended");
            assert!(Instant::now() < until, "{args:?}: {}", core_limits(&child));
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(50));
        assert!(child.try_wait().unwrap().is_none(), "{args:?} has ended");
        // What is not dumpable belongs to root below /proc, whoever started it (proc(5)).
        let process = std::fs::metadata(format!("/proc/{}/limits", child.id())).unwrap();
        assert_eq!(process.uid(), 0, "{args:?} of user {user} is dumpable");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
