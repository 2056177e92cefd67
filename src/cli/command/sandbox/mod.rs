//! `ingam sandbox`

mod announcement;
mod env_file;
mod env_value;
mod listen_options;
mod ready_file;
mod request_lines;
mod standard_input;

use super::session;
use crate::cli::args::SandboxArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::cli::stop_signals::StopSignals;
use crate::load::{FileKind, LoadedWorkspace, all_schemes, schemes_where};
use crate::model::scheme::Scheme;
use crate::sandbox::{RequestJournal, SandboxServer};
use announcement::SandboxAnnouncement;
use ready_file::ReadyFile;
use request_lines::{LineFormat, RequestLines};
use standard_input::StandardInputEnd;
use std::sync::Arc;

/// Runs the sandbox until a signal or the end of standard input, and prints its addresses and test
/// keys.
pub(crate) fn run(
    invocation: &Invocation<'_>,
    args: &SandboxArgs,
    output: &Output,
) -> CommandResult {
    session::start_runtime()?.block_on(listen(invocation, args, output))
}

async fn listen(invocation: &Invocation<'_>, args: &SandboxArgs, output: &Output) -> CommandResult {
    let cwd = &invocation.host.cwd;
    // First of all: a script that waits for the file must not find that of a sandbox before.
    let ready_path = args.ready_file.as_ref().map(|path| cwd.join(path));
    let mut ready_file = ready_path.map(ReadyFile::claim).transpose()?;
    let mut loaded = settings::load_kinds(invocation, &[FileKind::Recording, FileKind::Scheme])?;
    output.print_warnings(&invocation.warnings);
    let schemes = schemes_to_play(&mut loaded, &args.scheme)?;
    let lines = request_lines(args, output)?;
    let names = schemes.iter().map(|scheme| scheme.name.clone()).collect();
    let journal = RequestJournal::start(names, lines.as_ref().map(RequestLines::sink))
        .map_err(|error| no_thread(&error))?;
    let options = listen_options::listen_options(args, &schemes, invocation.host, journal)?;
    let address = options.address;
    let clock_and_rng = invocation.host.clock_and_rng();
    // Before anything is printed: a script that reads "listening" may send a signal at once.
    let mut signals = StopSignals::install()?;
    let sandbox = SandboxServer::start(&loaded.workspace, &schemes, options, clock_and_rng).await?;
    let announcement = SandboxAnnouncement::new(&schemes, &loaded.workspace, &sandbox)?;
    if let Some(path) = &args.env_file {
        env_file::write(&cwd.join(path), &announcement)?;
    }
    announcement.print(args.json, output);
    if !address.is_loopback() {
        invocation.warnings.add_with_hint(
            format!(
                "the sandbox listens on {address}: every machine that reaches this one can call it"
            ),
            "its keys are no secrets, and its controls answer to this machine only",
        );
        output.print_warnings(&invocation.warnings);
    }
    if let Some(file) = &mut ready_file {
        file.write(&announcement.to_json())?;
    }
    let end = until_end(&mut signals, args.until_eof).await;
    if let Some(lines) = lines {
        lines.finish();
    }
    if let Some(file) = ready_file {
        file.remove()?;
    }
    Ok(CommandOutput::ended(end))
}

/// # Errors
/// When the thread that writes them cannot be started.
fn request_lines(
    args: &SandboxArgs,
    output: &Output,
) -> Result<Option<RequestLines>, CommandError> {
    if args.quiet {
        return Ok(None);
    }
    let format = if args.json {
        LineFormat::Ndjson
    } else {
        LineFormat::Text
    };
    let lines = RequestLines::start(output, format).map_err(|error| no_thread(&error))?;
    Ok(Some(lines))
}

fn no_thread(error: &std::io::Error) -> CommandError {
    CommandError::operation(format!("the sandbox cannot start a thread: {error}"))
}

async fn until_end(signals: &mut StopSignals, until_eof: bool) -> ExitStatus {
    if !until_eof {
        return signals.next().await;
    }
    tokio::select! {
        status = signals.next() => status,
        () = StandardInputEnd::watch().wait() => ExitStatus::default(),
    }
}

/// The schemes that were named, or all.
///
/// # Errors
/// When there is no scheme of a name.
fn schemes_to_play(
    loaded: &mut LoadedWorkspace,
    names: &[String],
) -> Result<Vec<Arc<Scheme>>, CommandError> {
    if names.is_empty() {
        return Ok(all_schemes(loaded));
    }
    listen_options::check_scheme_names(&loaded.workspace, "--scheme", names.iter())?;
    let is_named = |name: &str| names.iter().any(|named| named == name);
    Ok(schemes_where(loaded, is_named))
}
