//! `ingam report merge`

use crate::cli::args::{MergeArgs, ReportAction, ReportArgs};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::report_outputs::{ReportOutputs, TerminalAndReports, parse_report_args};
use crate::cli::settings;
use crate::report::{
    Reporter, RunDocument, TerminalReporter, document_events, merge_documents, read_document,
};
use std::io::Write;
use std::path::Path;

pub(crate) fn run(
    invocation: &Invocation<'_>,
    args: &ReportArgs,
    output: &Output,
) -> CommandResult {
    let ReportAction::Merge(args) = &args.action;
    run_merge(invocation, args, output)
}

/// Merges the documents of shards. The exit code is that of the whole run.
fn run_merge(invocation: &Invocation<'_>, args: &MergeArgs, output: &Output) -> CommandResult {
    let host = invocation.host;
    let wanted = parse_report_args(host, &args.report)?;
    let mut parts = Vec::new();
    for path in &args.documents {
        let document = read_document_file(&host.cwd.join(path))?;
        parts.push((path.display().to_string(), document));
    }
    let whole = merge_documents(parts)?;
    let root = settings::find_root(host, invocation.global);
    // Each shard annotated its own failures. Annotating them again would show each one twice.
    let reports = ReportOutputs::open(host, wanted, &root, output)?.without_automatic();
    let listeners = TerminalAndReports::new(reports, false, output);
    let status = print_document(&whole, listeners.terminal)?;
    let mut ended = CommandOutput::ended(status);
    let reports = listeners.reports;
    for error in reports.write(&whole, true, output, &invocation.warnings) {
        ended.error(error);
    }
    Ok(ended)
}

/// Prints the run as if it had just ended.
fn print_document(
    whole: &RunDocument,
    mut terminal: TerminalReporter<Box<dyn Write>>,
) -> Result<ExitStatus, CommandError> {
    let (events, sources) =
        document_events(whole).map_err(|error| CommandError::file(error.to_string()))?;
    for event in &events {
        // Standard output keeps its own write error.
        let _ = terminal.on_event(event, &sources);
    }
    Ok(match &whole.interrupted {
        Some(signal) => {
            let _ = terminal.report_interruption(&sources);
            ExitStatus::from_signal(signal)
        }
        None => ExitStatus::from_summary(&whole.run_summary()),
    })
}

fn read_document_file(path: &Path) -> Result<RunDocument, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        CommandError::operation(format!("`{}` cannot be read: {error}", path.display()))
    })?;
    Ok(read_document(&path.display().to_string(), &text)?)
}
