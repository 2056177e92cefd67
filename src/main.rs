//! Gathers the host and calls the command line. The only place that reads arguments, environment,
//! clock and random generator.

use ingam::internals::cli::ExitStatus;
use ingam::internals::core_dump::disable_core_dumps;
use ingam::internals::host::{ColorChoice, HostContext, OutputStream, RandomError};
use ingam::internals::platform::with_large_stack;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    // First, before a credential is read; the helper of a renewal begins here as well.
    let core_dumps_disabled = disable_core_dumps();
    let host = HostContext {
        args: std::env::args_os().collect(),
        // `std::env::vars` would panic on a variable of another program that is not UTF-8.
        env: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        // A folder that was deleted has no path. Relative paths then fail where they are used, with
        // the name of the file.
        cwd: std::env::current_dir().unwrap_or_default(),
        // Only token renewal needs it, and refuses an empty path.
        executable: std::env::current_exe().unwrap_or_default(),
        stdout: output_stream(std::io::stdout().is_terminal()),
        stderr: output_stream(std::io::stderr().is_terminal()),
        stdin_is_terminal: std::io::stdin().is_terminal(),
        core_dumps_disabled,
        color: ColorChoice::Auto,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        clock: unix_time_ms,
        random_bytes,
    };
    with_large_stack(move || ingam::internals::cli::run(&host))
        .unwrap_or(ExitStatus::OperationFailed)
        .into()
}

fn output_stream(is_terminal: bool) -> OutputStream {
    let width = terminal_size::terminal_size()
        .map(|(width, _)| usize::from(width.0))
        .filter(|_| is_terminal);
    OutputStream {
        is_terminal,
        width: width.unwrap_or(120),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
fn unix_time_ms() -> i64 {
    let clamp = |ms: u128| i64::try_from(ms).unwrap_or(i64::MAX);
    // A clock before 1970 gives a negative time: as 1970 it would hide that tokens are not due yet.
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => clamp(since.as_millis()),
        Err(before) => -clamp(before.duration().as_millis()),
    }
}

fn random_bytes() -> Result<[u8; 16], RandomError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| RandomError::new(error.to_string()))?;
    Ok(bytes)
}
