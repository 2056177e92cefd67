//! Processes that stand still (SIGSTOP) while a response arrives, as a laptop that is closed or a
//! machine that swaps: what lies in the socket or in the pipe is read before it is called lost.

use super::kills::RefreshBench;
use std::process::{Child, Command};
use std::time::Duration;

/// Sends a signal to a process.
fn signal(name: &str, process: u32) {
    let sent = Command::new("kill")
        .args([name, &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill {name} {process}");
}

/// Waits until the sandbox has got another token request.
pub(super) fn await_request(bench: &RefreshBench, before: i64) {
    while bench.workspace.count("requests") == before {
        std::thread::yield_now();
    }
}

pub(super) fn reply(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_frozen_helper_reads_the_response_that_has_arrived() {
    let bench = RefreshBench::new();
    bench.workspace.control("delay?ms=400");
    let mut job = bench.refresh_job();
    job.timeout = Duration::from_millis(1_200);
    let before = bench.record().unwrap().generation;
    let helper = {
        let sent = bench.workspace.count("requests");
        let helper = bench.spawn_helper(&job);
        await_request(&bench, sent);
        helper
    };
    let process = helper.id();
    signal("-STOP", process);
    // Longer than the timeout of the request: no clock of the process says that it has time left.
    std::thread::sleep(Duration::from_millis(2_500));
    signal("-CONT", process);
    let said = reply(helper);
    assert!(said.contains("done"), "{said}");
    assert_eq!(bench.record().unwrap().generation, before + 1);
    assert_eq!(
        (
            bench.workspace.count("replayed"),
            bench.workspace.count("refused")
        ),
        (0, 0),
        "the refresh token was sent once"
    );
}
