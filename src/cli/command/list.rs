//! `ingam list`

use crate::cli::args::{ListArgs, RequestFilter};
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::load::LoadedWorkspace;
use crate::model::request::Request;
use crate::plan::select_requests;
use crate::report::TerminalStyle;

pub(crate) fn run(invocation: &Invocation<'_>, args: &ListArgs) -> CommandResult {
    let filter = &args.filter;
    let mut loaded = settings::load_with_errors(invocation)?;
    let faults = settings::refuse_requests(invocation, &mut loaded, &filter.patterns, None);
    // A list of everything shows what there is beside the faults: ids are what a user needs to work
    // around them.
    if !(filter.patterns.is_empty() && filter.tag.is_empty() && filter.not_tag.is_empty()) {
        faults?;
        return list(invocation, &loaded, filter);
    }
    match (faults, list(invocation, &loaded, filter)) {
        (Ok(()), listed) => listed,
        (Err(faults), Ok(mut listed)) => {
            listed.error(faults);
            Ok(listed)
        }
        (Err(faults), Err(_)) => Err(faults),
    }
}

fn list(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    filter: &RequestFilter,
) -> CommandResult {
    let root = &loaded.workspace.root;
    let selection = settings::request_selection(filter, invocation.host, root);
    let requests = select_requests(&loaded.workspace, &selection)?;
    let lengths = requests.iter().map(|request| request.name.chars().count());
    let widest = lengths.max().unwrap_or(0);
    let lines: Vec<String> = requests
        .iter()
        .map(|request| request_line(request, widest, invocation.stdout))
        .collect();
    Ok(CommandOutput::of_data(lines.join("\n")))
}

/// One line: id, scheme, steps and tags in columns.
fn request_line(request: &Request, widest: usize, style: TerminalStyle) -> String {
    let mut schemes: Vec<&str> = request
        .steps
        .iter()
        .map(|step| step.scheme.name.as_str())
        .collect();
    schemes.dedup();
    let steps = match request.steps.as_slice() {
        [only] if only.name.is_none() => only.method.name().to_owned(),
        steps => format!("{} steps", steps.len()),
    };
    let tags: Vec<String> = request.tags.iter().map(|tag| format!("#{tag}")).collect();
    let skip = request
        .skip
        .as_ref()
        .map(|reason| format!("  skipped: {reason}"))
        .unwrap_or_default();
    let gap = " ".repeat(widest - request.name.chars().count());
    let rest = format!("{:<15} {steps:<8} {}", schemes.join(","), tags.join(" "));
    format!(
        "{}{gap}  {}{}",
        request.name,
        style.dim(rest.trim_end()),
        style.yellow(&skip)
    )
}
