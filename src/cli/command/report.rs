//! `ingam report merge`

use crate::cli::Exit;
use crate::cli::args::{Global, MergeArgs, ReportAct, ReportArgs};
use crate::cli::output::Output;
use crate::cli::reports::{Listeners, Reports, wanted};
use crate::cli::settings;
use crate::host::HostContext;
use crate::report::{MergeError, Reporter, RunDocument, document_events, merge_documents, read_document};
use std::path::Path;

pub fn run(host: &HostContext, global: &Global, args: &ReportArgs, output: &Output) -> Exit {
    let ReportAct::Merge(args) = &args.act;
    run_merge(host, global, args, output).unwrap_or_else(|exit| exit)
}

/// Ends as the whole run would have ended.
fn run_merge(host: &HostContext, global: &Global, args: &MergeArgs, output: &Output) -> Result<Exit, Exit> {
    let wanted = wanted(host, &args.report, output)?;
    let mut parts = Vec::new();
    for path in &args.documents {
        parts.push((path.display().to_string(), document(&host.cwd.join(path), output)?));
    }
    let whole = merge_documents(parts).map_err(|error| broken(&error, output))?;
    // What each shard has annotated already is not annotated again, unless it is asked for.
    let reports = Reports::open(host, wanted, &settings::root(host, global), output)?.only_named();
    let Listeners { mut terminal, reports } = Listeners::new(reports, false, output);
    let (events, sources) = document_events(&whole);
    let _ = events.iter().try_for_each(|event| terminal.on_event(event, &sources));
    let ended = match &whole.interrupted {
        Some(signal) => {
            let _ = terminal.report_interruption(&sources);
            Exit::of_signal(signal)
        }
        None => Exit::of(&whole.run_summary()),
    };
    Ok(if reports.write(&whole, true, output) { ended.or(Exit::Unable) } else { ended })
}

fn document(path: &Path, output: &Output) -> Result<RunDocument, Exit> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        output.error(&format!("`{}` cannot be read: {error}", path.display()), &[]);
        Exit::Unable
    })?;
    read_document(&path.display().to_string(), &text).map_err(|error| broken(&error, output))
}

fn broken(error: &MergeError, output: &Output) -> Exit {
    output.error(&error.to_string(), &[error.hint().to_owned()]);
    Exit::BadFile
}
