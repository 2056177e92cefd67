//! Processes that stand still (SIGSTOP) while a response arrives, as a laptop that is closed or a
//! machine that swaps: what lies in the socket or in the pipe is read before it is called lost.

use super::kills::RefreshBench;
use super::{figure, scaled};
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

/// Waits until the sandbox has got another token request, or the process that should send it has
/// ended.
pub(super) fn await_request(bench: &RefreshBench, before: i64, sender: &mut Child) {
    while bench.workspace.count("requests") == before && sender.try_wait().unwrap().is_none() {
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
        let mut helper = bench.spawn_helper(&job);
        await_request(&bench, sent, &mut helper);
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

/// Random moments that are the same in each run of the tests.
pub(super) struct Moments(u64);

impl Moments {
    pub(super) fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    /// Below `limit`, by xorshift64*.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    pub(super) fn wait_below(&mut self, ms: u64) {
        std::thread::sleep(Duration::from_millis(self.below(ms)));
    }
}

/// The processes that this one has started and that still run.
fn children(process: u32) -> Vec<u32> {
    let path = format!("/proc/{process}/task/{process}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// Stops processes for a while; those that have ended meanwhile are left out.
fn stop_for(processes: &[u32], wait: Duration) -> usize {
    let try_signal = |name: &str, process: u32| {
        Command::new("kill")
            .args([name, &process.to_string()])
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let stopped: Vec<u32> = processes
        .iter()
        .copied()
        .filter(|process| try_signal("-STOP", *process))
        .collect();
    std::thread::sleep(wait);
    for process in &stopped {
        try_signal("-CONT", *process);
    }
    stopped.len()
}

/// The helper by itself, stopped at a random moment for up to twice the timeout of its request.
fn stop_a_helper(bench: &RefreshBench, moments: &mut Moments) -> (usize, String) {
    let mut job = bench.refresh_job();
    job.timeout = Duration::from_millis(1_500);
    let helper = bench.spawn_helper(&job);
    moments.wait_below(250);
    let stopped = stop_for(&[helper.id()], Duration::from_millis(moments.below(2_500)));
    (stopped, reply(helper))
}

/// A run whose command line, helper or both are stopped at a random moment.
fn stop_a_run(bench: &RefreshBench, moments: &mut Moments) -> (usize, String) {
    bench.workspace.control("expire?what=access");
    let run = bench
        .workspace
        .ingam(&["run", "shop", "--env", "local"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    moments.wait_below(300);
    let mut processes = children(run.id());
    match moments.below(3) {
        0 => processes = vec![run.id()],
        1 => processes.push(run.id()),
        _ => {}
    }
    let stopped = stop_for(&processes, Duration::from_millis(moments.below(800)));
    let (_, stderr, code) = super::super::program::text(&run.wait_with_output().unwrap());
    (stopped, format!("{code}: {stderr}"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_stop_at_any_moment_of_a_renewal_loses_no_token() {
    let bench = RefreshBench::new();
    bench.workspace.control("delay?ms=60");
    let mut moments = Moments::new();
    let (rounds, mut stops, mut lost) = (scaled(500), 0, Vec::new());
    for round in 0..rounds {
        let generation = bench.record().unwrap().generation;
        let (stopped, said) = if round % 2 == 0 {
            stop_a_helper(&bench, &mut moments)
        } else {
            stop_a_run(&bench, &mut moments)
        };
        stops += stopped;
        // What was renewed is there; of anything else the next renewal must know what became of it.
        let is_renewed = bench.record().unwrap().generation > generation;
        if !is_renewed && bench.is_lost(&format!("round {round}")) {
            lost.push((round, said));
        }
    }
    let counts = (
        bench.workspace.count("replayed"),
        bench.workspace.count("refused"),
    );
    figure(&format!(
        "{stops} processes stopped (SIGSTOP, up to 2.5 s) in {rounds} renewals, marketplace takes a token once: {} tokens lost, {} spent tokens sent again",
        lost.len(),
        counts.0
    ));
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(counts, (0, 0));
}
