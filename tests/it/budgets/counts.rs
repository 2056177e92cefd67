//! Many processes that do not wait, killed at any moment, with clocks that jump: no rolling window
//! holds one call too many.

use super::super::tokens::{figure, scaled};
use super::{KEY, TestMarketplace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PROCESSES: usize = 16;
const TRIES_IN_A_RUN: usize = 25;
const COUNT: usize = 10;

/// What became of all runs.
#[derive(Default)]
pub(super) struct ProcessTotals {
    pub tries: AtomicUsize,
    pub kills: AtomicUsize,
    pub full: AtomicUsize,
}

/// How a crowd behaves.
#[derive(Clone, Copy)]
pub(super) struct ProcessBehavior<'h> {
    pub window: Duration,
    pub is_killed: bool,
    /// A library that makes the wall clock jump.
    pub clock: Option<&'h Path>,
}

/// A window of 20 s when it is measured, and one of 2 s in every run of the tests.
pub(super) fn window() -> Duration {
    Duration::from_secs(scaled(20) as u64)
}

pub(super) fn mall(window: Duration) -> TestMarketplace {
    let mall = TestMarketplace::new(&format!(
        "[{{ match: {{ path: /search }}, rate: {COUNT}/{}s, per: account }}]",
        window.as_secs()
    ));
    mall.request("many", "get: /search", TRIES_IN_A_RUN);
    mall
}

/// 10,000 tries in 16 processes at a time, over more than three windows.
pub(super) fn run_processes(
    mall: &TestMarketplace,
    behavior: ProcessBehavior<'_>,
) -> ProcessTotals {
    let crowd = ProcessTotals::default();
    let runs = scaled(10_000).div_ceil(TRIES_IN_A_RUN).div_ceil(PROCESSES);
    let pace = behavior.window * 4 / u32::try_from(runs).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..PROCESSES {
            let crowd = &crowd;
            scope.spawn(move || {
                let begun = Instant::now();
                for index in 0..runs {
                    let seed = worker * 7_919 + index * 104_729;
                    run_process(mall, behavior, seed, crowd);
                    let due = pace * u32::try_from(index + 1).unwrap();
                    std::thread::sleep(due.saturating_sub(begun.elapsed()));
                }
            });
        }
    });
    crowd
}

/// One process, which may be killed after any time.
fn run_process(
    mall: &TestMarketplace,
    behavior: ProcessBehavior<'_>,
    seed: usize,
    crowd: &ProcessTotals,
) {
    let mut command = mall.ingam(&["run", "many", "--env", "live", "--wait", "0s"]);
    if let Some(library) = behavior.clock {
        command.env("LD_PRELOAD", library);
    }
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    if behavior.is_killed && seed.is_multiple_of(2) {
        std::thread::sleep(Duration::from_millis((seed % 97) as u64));
        let _ = child.kill();
    }
    let status = child.wait().unwrap();
    crowd.tries.fetch_add(TRIES_IN_A_RUN, Ordering::Relaxed);
    match status.code() {
        Some(7) => crowd.full.fetch_add(1, Ordering::Relaxed),
        None => crowd.kills.fetch_add(1, Ordering::Relaxed),
        Some(code) => {
            assert_eq!(code, 0, "it passed, or the budget was used up");
            0
        }
    };
}

pub(super) fn assert_limit_holds(
    mall: &TestMarketplace,
    crowd: &ProcessTotals,
    window: Duration,
    what: &str,
) {
    let (most, all) = (mall.most_within(window), mall.arrivals().len());
    let (tries, kills, full) = [&crowd.tries, &crowd.kills, &crowd.full]
        .map(|count| count.load(Ordering::Relaxed))
        .into();
    figure(&format!(
        "{what}: {tries} tries of {PROCESSES} processes, {kills} killed, {full} runs ended with exit 7; {all} calls arrived, \
         at most {most} in any {} s of {COUNT} allowed",
        window.as_secs()
    ));
    assert!(most <= COUNT, "{most} calls in a window");
    assert!(
        all >= 2 * COUNT,
        "only {all} calls: the test proves nothing"
    );
    assert!(full > 0, "nobody was refused");
}

#[test]
fn no_rolling_window_holds_one_call_too_many() {
    let window = window();
    let mall = mall(window);
    let crowd = run_processes(
        &mall,
        ProcessBehavior {
            window,
            is_killed: false,
            clock: None,
        },
    );
    assert_limit_holds(&mall, &crowd, window, "budget");
    assert_eq!(mall.most_within(window), COUNT, "and nothing is wasted");
    assert_no_key_in(&mall.budget_folder());
}

#[test]
fn kills_and_clock_jumps_free_no_slot_too_early() {
    let window = window();
    let mall = mall(window);
    let library = jumping_clock(mall.folder.path());
    let crowd = run_processes(
        &mall,
        ProcessBehavior {
            window,
            is_killed: true,
            clock: library.as_deref(),
        },
    );
    assert_limit_holds(&mall, &crowd, window, "budget under kills and clock jumps");
    assert!(crowd.kills.load(Ordering::Relaxed) > 0);
    assert_no_key_in(&mall.budget_folder());
}

/// A wall clock that jumps by up to a day every second, and is another one in every process. `None`
/// without a C compiler.
fn jumping_clock(folder: &Path) -> Option<PathBuf> {
    const SOURCE: &str = "#include <time.h>\n#include <unistd.h>\n#include <sys/syscall.h>\n\
        int clock_gettime(clockid_t id, struct timespec *t) {\n\
        int r = syscall(SYS_clock_gettime, id, t);\n\
        if (id == CLOCK_REALTIME) t->tv_sec += (getpid() * 7919L + t->tv_sec * 104729L) % 172801L - 86400L;\n\
        return r; }\n";
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, SOURCE).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source)
        .status();
    let is_built = built.is_ok_and(|status| status.success());
    if !is_built || !cfg!(target_os = "linux") {
        println!("skipped: there is no C compiler for a clock that jumps");
        return None;
    }
    Some(library)
}

/// The salted hash of a key is all that a store has of it.
fn assert_no_key_in(folder: &Path) {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert!(!path.to_string_lossy().contains(KEY));
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(KEY), "{}: {text}", path.display());
        files += 1;
    }
    assert!(files >= 3, "a salt, a lock and a book");
}
