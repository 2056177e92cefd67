//! `ingam report merge`

use crate::cli::args::{MergeArgs, ReportAction, ReportArgs};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::report_outputs::{
    ReportOutputs, ReportRequest, RunTerminal, TerminalAndReports, parse_report_args,
};
use crate::cli::settings;
use crate::host::HostContext;
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_text};
use crate::report::{
    Reporter, RunDocument, TerminalDetail, document_events, merge_documents, read_document,
};
use std::path::{Path, PathBuf};

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
    check_not_overwritten(host, &wanted, &args.documents)?;
    let root = settings::find_root(host, invocation.global);
    // Each shard annotated its own failures. Annotating them again would show each one twice.
    let mut reports = ReportOutputs::open(host, wanted, &root, None, output)?.without_automatic();
    let mut whole = match read_and_merge(host, &args.documents) {
        Ok(whole) => whole,
        Err(error) => return Ok(reports.finish(Err(error), output, &invocation.warnings)),
    };
    let terminal = TerminalAndReports::new(&mut reports, TerminalDetail::Normal, output).terminal;
    let status = print_document(&whole, terminal)?;
    whole.exit_code = Some(status.code());
    let mut ended = CommandOutput::ended(status);
    for error in reports.write(&whole, true, output, &invocation.warnings) {
        ended.error(error);
    }
    Ok(ended)
}

/// The documents are only read: a report in the place of one would destroy it.
fn check_not_overwritten(
    host: &HostContext,
    wanted: &[ReportRequest],
    documents: &[PathBuf],
) -> Result<(), CommandError> {
    let overwritten = documents.iter().find(|document| {
        wanted
            .iter()
            .any(|one| one.is_file(&host.cwd.join(document)))
    });
    overwritten.map_or(Ok(()), |document| {
        Err(CommandError::usage(format!(
            "`{}` is an input, and the report would overwrite it",
            document.display()
        ))
        .hint("choose another path for the report"))
    })
}

fn read_and_merge(host: &HostContext, documents: &[PathBuf]) -> Result<RunDocument, CommandError> {
    let mut parts = Vec::new();
    for path in documents {
        let document = read_document_file(&host.cwd.join(path))?;
        parts.push((path.display().to_string(), document));
    }
    Ok(merge_documents(parts)?)
}

/// Prints the run as if it had just ended.
fn print_document(
    whole: &RunDocument,
    mut terminal: RunTerminal,
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
    let text = read_plain_text(path, MAX_TEXT_BYTES).map_err(|error| {
        CommandError::operation(format!("`{}` cannot be read: {error}", path.display()))
    })?;
    Ok(read_document(&path.display().to_string(), &text)?)
}
