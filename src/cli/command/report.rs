//! `ingam report merge`

use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, MergeArgs, ReportAction, ReportArgs};
use crate::cli::output::Output;
use crate::cli::report_outputs::{ReportOutputs, TerminalAndReports, parse_report_args};
use crate::cli::settings;
use crate::host::HostContext;
use crate::report::{
    MergeError, Reporter, RunDocument, document_events, merge_documents, read_document,
};
use std::path::Path;

pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &ReportArgs,
    output: &Output,
) -> ExitStatus {
    let ReportAction::Merge(args) = &args.action;
    run_merge(host, global, args, output).unwrap_or_else(|exit| exit)
}

/// Ends as the whole run would have ended.
fn run_merge(
    host: &HostContext,
    global: &GlobalArgs,
    args: &MergeArgs,
    output: &Output,
) -> Result<ExitStatus, ExitStatus> {
    let wanted = parse_report_args(host, &args.report, output)?;
    let mut parts = Vec::new();
    for path in &args.documents {
        parts.push((
            path.display().to_string(),
            read_document_file(&host.cwd.join(path), output)?,
        ));
    }
    let whole = merge_documents(parts).map_err(|error| report_merge_error(&error, output))?;
    // What each shard has annotated already is not annotated again, unless it is asked for.
    let reports = ReportOutputs::open(host, wanted, &settings::find_root(host, global), output)?
        .without_automatic();
    let TerminalAndReports {
        mut terminal,
        reports,
    } = TerminalAndReports::new(reports, false, output);
    let (events, sources) = document_events(&whole).map_err(|error| {
        output.print_error(&error.to_string(), &[]);
        ExitStatus::InvalidFile
    })?;
    let _ = events
        .iter()
        .try_for_each(|event| terminal.on_event(event, &sources));
    let ended = match &whole.interrupted {
        Some(signal) => {
            let _ = terminal.report_interruption(&sources);
            ExitStatus::from_signal(signal)
        }
        None => ExitStatus::from_summary(&whole.run_summary()),
    };
    Ok(if reports.write(&whole, true, output) {
        ended.most_severe(ExitStatus::OperationFailed)
    } else {
        ended
    })
}

fn read_document_file(path: &Path, output: &Output) -> Result<RunDocument, ExitStatus> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        output.print_error(
            &format!("`{}` cannot be read: {error}", path.display()),
            &[],
        );
        ExitStatus::OperationFailed
    })?;
    read_document(&path.display().to_string(), &text)
        .map_err(|error| report_merge_error(&error, output))
}

fn report_merge_error(error: &MergeError, output: &Output) -> ExitStatus {
    output.print_error(&error.to_string(), &[error.hint().to_owned()]);
    ExitStatus::InvalidFile
}
