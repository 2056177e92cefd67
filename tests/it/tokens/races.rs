//! Many processes at once: one of them refreshes, all of them succeed.

use super::{TestWorkspace, figure, output_and_code, scaled};
use std::process::Stdio;

const PROCESSES: usize = 32;

/// In each round the access token is over at the marketplace, and everybody comes at once.
pub(super) fn race(workspace: &TestWorkspace, rounds: usize) {
    let before = workspace.count("refreshed");
    for round in 1..=rounds {
        workspace.control("expire?what=access");
        let children: Vec<_> = (0..PROCESSES)
            .map(|_| {
                let mut command = workspace.ingam(&["run", "shop", "--env", "local"]);
                command
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for child in children {
            let (output, code) = output_and_code(&child.wait_with_output().unwrap());
            assert_eq!(code, 0, "round {round}: {output}");
        }
        let refreshed = workspace.count("refreshed") - before;
        assert_eq!(
            refreshed,
            i64::try_from(round).unwrap(),
            "exactly one refresh a round"
        );
    }
    assert_eq!(
        (workspace.count("replayed"), workspace.count("refused")),
        (0, 0)
    );
    figure(&format!(
        "{PROCESSES} processes, {rounds} rounds: {rounds} refreshes, 0 failures"
    ));
}

#[test]
fn many_processes_refresh_a_single_use_token_once() {
    race(&TestWorkspace::with_tokens(), scaled(100));
}
