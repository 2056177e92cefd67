//! This process, its limits, the processes that it starts, and the machine that they run on.

use std::fs::File;
use std::io::Result;
use std::path::Path;

/// Switches core dumps of this process off, for as long as it lives. The programs that it starts
/// (a browser, git) inherit the limit.
///
/// # Errors
/// If the system denies it: a filter of system calls can.
pub(crate) fn disable_core_dumps() -> Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // The hard limit too, so that nothing in this process can raise it again.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    // Where `core_pattern` is a pipe (systemd-coredump), Linux does not look at the limit
    // (core(5)). A process that is not dumpable is written by neither, and other processes of
    // the same user can read neither its memory nor its environment.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

/// Interrupts a process that this one started, as Ctrl-C does.
///
/// # Errors
/// If the process is gone.
pub(crate) fn interrupt(child: &mut std::process::Child) -> Result<()> {
    let id = i32::try_from(child.id()).ok();
    match id.and_then(rustix::process::Pid::from_raw) {
        Some(process) => Ok(rustix::process::kill_process(
            process,
            rustix::process::Signal::INT,
        )?),
        None => child.kill(),
    }
}

/// Runs `work` here: the main thread has a stack of 8 MiB.
///
/// # Errors
/// Never.
#[expect(clippy::unnecessary_wraps, reason = "on Windows it can fail")]
pub(crate) fn with_large_stack<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    Ok(work())
}

/// # Errors
/// If this process cannot open so many files more.
pub(crate) fn check_free_descriptors(count: usize) -> Result<()> {
    if is_far_from_limit(count)? {
        return Ok(());
    }
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        // Any folder will do, and this one is on each system.
        open.push(File::open("/")?);
    }
    Ok(())
}

/// So many files that other processes opened for this one can have higher numbers than the lowest
/// that is free: a shell gives three, and a build server a few more.
const MAX_INHERITED: u64 = 256;

/// Whether the limit of open files leaves no doubt. To open hundreds of files only to count them is
/// most of the system calls of a short run.
fn is_far_from_limit(count: usize) -> Result<bool> {
    use rustix::process::{Resource, getrlimit};
    use std::os::fd::AsRawFd;
    // A new file gets the lowest number that is free, and each number is below the limit.
    let lowest_free = u64::try_from(File::open("/")?.as_raw_fd()).unwrap_or(u64::MAX);
    let needed = lowest_free
        .saturating_add(count as u64)
        .saturating_add(MAX_INHERITED);
    let limit = getrlimit(Resource::Nofile).current;
    Ok(limit.is_none_or(|limit| needed < limit))
}

/// Ctrl-C signals the whole foreground group of a terminal: a process in a group of its own does
/// not get it.
pub(crate) fn detach(command: &mut tokio::process::Command) {
    command.process_group(0);
}

/// One of them is set where a window can be opened; empty if every session has windows.
pub(crate) fn display_variables() -> &'static [&'static str] {
    if cfg!(target_vendor = "apple") {
        &[]
    } else {
        &["DISPLAY", "WAYLAND_DISPLAY"]
    }
}

/// Where the id of this start of the machine can be read.
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
#[cfg(target_os = "linux")]
pub(crate) fn boot_id_file() -> Option<&'static Path> {
    Some(Path::new("/proc/sys/kernel/random/boot_id"))
}

/// The time since the machine was started, suspended time included. `CLOCK_BOOTTIME` counts the
/// time that a laptop is suspended. `CLOCK_MONOTONIC`, which `Instant` uses, does not.
#[expect(clippy::unnecessary_wraps, reason = "other systems have no such clock")]
#[cfg(target_os = "linux")]
pub(crate) fn milliseconds_since_boot() -> Option<i64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Some(
        time.tv_sec
            .saturating_mul(1_000)
            .saturating_add(time.tv_nsec / 1_000_000),
    )
}

/// There is no file with an id of this start of the machine.
#[cfg(not(target_os = "linux"))]
pub(crate) fn boot_id_file() -> Option<&'static Path> {
    None
}

/// Without an id of the start it would not show that the machine was restarted.
#[cfg(not(target_os = "linux"))]
pub(crate) fn milliseconds_since_boot() -> Option<i64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn neither_a_file_nor_a_pipe_gets_a_dump() {
        disable_core_dumps().unwrap();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        disable_core_dumps().unwrap();
    }
}
