//! A command that sends nothing, such as `ingam explain`, as a process of its own. A thread waits for
//! it, so that the server goes on meanwhile.

use lsp_server::RequestId;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// A longer output is refused, in bytes.
const MAX_OUTPUT_BYTES: u64 = 4 << 20;
/// How long the thread waits until it looks at the process again.
const PAUSE: Duration = Duration::from_millis(10);
/// How long the output of a process that ended is waited for: another process may hold its pipe.
const OUTPUT_TIME: Duration = Duration::from_secs(2);

/// A command that is not started yet.
pub(super) struct PlannedCommand {
    pub(super) root: PathBuf,
    pub(super) arguments: Vec<String>,
}

/// A command whose process works.
pub(super) struct StartedCommand {
    /// The request of the client that waits for the output.
    pub(super) request: Option<RequestId>,
    stop: Sender<()>,
}

/// How a command ended.
pub(super) struct CommandEnd {
    pub(super) number: i32,
    /// What it wrote to standard output.
    pub(super) outcome: Result<String, CommandFault>,
}

/// Why there is no output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CommandFault {
    Cancelled,
    Failed(String),
}

impl StartedCommand {
    /// Ends the process.
    pub(super) fn cancel(&self) {
        // Fails only when the process has ended by itself.
        self.stop.send(()).ok();
    }
}

/// Starts a command of a program, which is ended after the longest time; `report` gets its end.
///
/// # Errors
/// When the process cannot be started.
pub(super) fn start_command(
    (program, longest): (&Path, Duration),
    planned: &PlannedCommand,
    request: Option<RequestId>,
    report: impl FnOnce(Result<String, CommandFault>) + Send + 'static,
) -> std::io::Result<StartedCommand> {
    let child = Command::new(program)
        .args(&planned.arguments)
        .args(["--color", "never", "--root"])
        .arg(&planned.root)
        .current_dir(&planned.root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stop, stopped) = channel();
    std::thread::spawn(move || report(outcome_of(child, longest, &stopped)));
    Ok(StartedCommand { request, stop })
}

fn outcome_of(
    mut child: Child,
    longest: Duration,
    stopped: &Receiver<()>,
) -> Result<String, CommandFault> {
    let output = child.stdout.take().map(read_on_thread);
    let errors = child.stderr.take().map(read_on_thread);
    let status = wait(&mut child, longest, stopped)?;
    let pipe = if status.success() { output } else { errors };
    let read = pipe.and_then(|pipe| pipe.recv_timeout(OUTPUT_TIME).ok());
    let text = read.unwrap_or_else(|| Err("the output cannot be read".to_owned()));
    match text {
        Ok(text) if status.success() => Ok(text),
        Ok(reason) | Err(reason) => Err(CommandFault::Failed(reason)),
    }
}

/// The start of an output, and whether there was more of it. Everything is read: a process that
/// writes into a pipe without a reader ends before it has cleaned up.
pub(super) fn read_bounded(mut pipe: impl Read) -> (String, bool) {
    let mut bytes = Vec::new();
    // A pipe that breaks ends the text.
    drop(std::io::copy(
        &mut pipe.by_ref().take(MAX_OUTPUT_BYTES),
        &mut bytes,
    ));
    let rest = std::io::copy(&mut pipe, &mut std::io::sink());
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (text, rest.is_ok_and(|count| count > 0))
}

fn read_on_thread(pipe: impl Read + Send + 'static) -> Receiver<Result<String, String>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let (text, is_cut) = read_bounded(pipe);
        let text = if is_cut {
            let most = MAX_OUTPUT_BYTES >> 20;
            Err(format!(
                "the output is longer than {most} MiB: run the command in a terminal"
            ))
        } else {
            Ok(text)
        };
        // Fails only when nobody waits any more.
        drop(sender.send(text));
    });
    receiver
}

fn wait(
    child: &mut Child,
    longest: Duration,
    stopped: &Receiver<()>,
) -> Result<ExitStatus, CommandFault> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(CommandFault::Failed(error.to_string())),
        }
        let fault = match stopped.recv_timeout(PAUSE) {
            Err(RecvTimeoutError::Timeout) if started.elapsed() < longest => continue,
            Err(RecvTimeoutError::Timeout) => CommandFault::Failed(format!(
                "the command did not end within {} s: run it in a terminal",
                longest.as_secs()
            )),
            Ok(()) => CommandFault::Cancelled,
            // The server ends. The process ends by itself: it may be writing snapshots.
            Err(RecvTimeoutError::Disconnected) => return Err(CommandFault::Cancelled),
        };
        // Fails only when the process has ended by itself.
        drop(child.kill());
        drop(child.wait());
        return Err(fault);
    }
}
