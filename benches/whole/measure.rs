//! Runs programs and measures them. Each run must succeed and say that it has done its work.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const ROUNDS: usize = 11;

/// A program, and what its output says when its work was done.
pub(crate) struct Run {
    pub(crate) command: Command,
    pub(crate) done: String,
}

impl Run {
    pub(crate) fn new(command: Command, done: impl Into<String>) -> Self {
        Self {
            command,
            done: done.into(),
        }
    }

    /// On one core.
    pub(crate) fn pinned(self) -> Self {
        let mut pinned = Command::new("taskset");
        pinned.args(["-c", "0"]);
        pinned
            .arg(self.command.get_program())
            .args(self.command.get_args());
        let envs = self.command.get_envs();
        pinned.envs(envs.filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = self.command.get_current_dir() {
            pinned.current_dir(folder);
        }
        Self::new(pinned, self.done)
    }

    /// The wall time of one run.
    pub(crate) fn time(&mut self) -> Duration {
        let begun = Instant::now();
        let output = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let took = begun.elapsed();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains(&self.done),
            "{:?}: no `{}` in {text}{}",
            self.command,
            self.done,
            String::from_utf8_lossy(&output.stderr)
        );
        took
    }

    /// The most memory that one run had at once, in kB, as the kernel counts it. While it runs its
    /// output goes to a pipe, which is read at its end.
    pub(crate) fn peak(&mut self) -> u64 {
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut output = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut output, &mut text).unwrap();
            text
        });
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kilobytes = line.unwrap_or("0").trim().trim_end_matches(" kB");
            peak = peak.max(kilobytes.parse().unwrap_or(0));
            std::thread::sleep(Duration::from_micros(500));
        }
        let text = reader.join().unwrap();
        let is_done = child.wait().unwrap().success() && text.contains(&self.done);
        assert!(is_done, "{:?}: no `{}` in {text}", self.command, self.done);
        peak
    }
}

/// The best time of each run, taken in turns, so that other work on the machine hits all of them.
pub(crate) fn best<const N: usize>(mut runs: [Run; N]) -> [Duration; N] {
    let mut best = [Duration::MAX; N];
    for _ in 0..ROUNDS {
        for (run, best) in runs.iter_mut().zip(&mut best) {
            *best = run.time().min(*best);
        }
    }
    best
}

pub(crate) fn print_header() {
    println!(
        "{:<50} {:>9} {:>9} {:>6} {:>6} {:>9}",
        format!("best of {ROUNDS}, wall time"),
        "ingam",
        "plain",
        "ratio",
        "A/A",
        "memory"
    );
}

/// `ours` are two series of the same program. Their ratio shows how much of a difference is noise.
pub(crate) fn print_row(what: &str, ours: [Duration; 2], theirs: Option<Duration>, peak: u64) {
    let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3);
    let ratio = |ours: Duration, theirs: Duration| {
        format!("{:.2}", ours.as_secs_f64() / theirs.as_secs_f64())
    };
    let ours_best = ours[0].min(ours[1]);
    println!(
        "{what:<50} {:>9} {:>9} {:>6} {:>6} {:>9}",
        ms(ours_best),
        theirs.map_or(String::new(), ms),
        theirs.map_or(String::new(), |theirs| ratio(ours_best, theirs)),
        ratio(ours[1], ours[0]),
        memory(peak)
    );
}

pub(crate) fn print_memory(what: &str, peak: u64) {
    println!("{what:<50} {:>43}", memory(peak));
}

fn memory(kilobytes: u64) -> String {
    format!("{:.1} MB", kilobytes as f64 / 1e3)
}
