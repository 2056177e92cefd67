//! `ingam list`

use crate::cli::args::ListArgs;
use crate::cli::command_json::{JsonPlace, to_json};
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::load::LoadedWorkspace;
use crate::model::request::{Request, Step};
use crate::plan::select_requests;
use crate::report::TerminalStyle;
use serde::Serialize;

pub(crate) fn run(invocation: &Invocation<'_>, args: &ListArgs) -> CommandResult {
    let filter = &args.filter;
    let mut loaded = settings::load_with_errors(invocation)?;
    let faults = settings::refuse_requests(invocation, &mut loaded, &filter.patterns, None);
    // A list of everything shows what there is beside the faults: ids are what a user needs to work
    // around them.
    if !(filter.patterns.is_empty() && filter.tag.is_empty() && filter.not_tag.is_empty()) {
        faults?;
        return list(invocation, &loaded, args);
    }
    match (faults, list(invocation, &loaded, args)) {
        (Ok(()), listed) => listed,
        (Err(faults), Ok(mut listed)) => {
            listed.error(faults);
            Ok(listed)
        }
        (Err(faults), Err(_)) => Err(faults),
    }
}

fn list(invocation: &Invocation<'_>, loaded: &LoadedWorkspace, args: &ListArgs) -> CommandResult {
    let filter = &args.filter;
    let root = &loaded.workspace.root;
    let selection = settings::request_selection(filter, invocation.host, root);
    let requests = select_requests(&loaded.workspace, &selection)?;
    if args.json {
        let listed = requests.iter().map(|one| ListedRequest::new(one, loaded));
        let requests = listed.collect();
        return Ok(CommandOutput::of_data(to_json(&RequestList { requests })?));
    }
    let lengths = requests.iter().map(|request| request.name.chars().count());
    let widest = lengths.max().unwrap_or(0);
    let lines: Vec<String> = requests
        .iter()
        .map(|request| request_line(request, widest, invocation.stdout))
        .collect();
    Ok(CommandOutput::of_data(lines.join("\n")))
}

/// The document of `--json`.
#[derive(Serialize)]
struct RequestList<'l> {
    requests: Vec<ListedRequest<'l>>,
}

#[derive(Serialize)]
struct ListedRequest<'l> {
    id: &'l str,
    place: Option<JsonPlace>,
    account: Option<&'l str>,
    tags: &'l [String],
    /// Why it is left out.
    skip: Option<&'l str>,
    /// The ids of its cases; a file without cases has none.
    cases: Vec<&'l str>,
    needs: Vec<&'l str>,
    steps: Vec<ListedStep<'l>>,
}

#[derive(Serialize)]
struct ListedStep<'l> {
    /// `null` in a file that is one request.
    name: Option<&'l str>,
    scheme: &'l str,
    method: &'static str,
    /// As it is written, with its templates.
    path: String,
}

impl<'l> ListedRequest<'l> {
    fn new(request: &'l Request, loaded: &LoadedWorkspace) -> Self {
        let step = |step: &'l Step| ListedStep {
            name: step.name.as_deref(),
            scheme: &step.scheme.name,
            method: step.method.name(),
            path: step.path.written(),
        };
        Self {
            id: &request.name,
            place: JsonPlace::of(request.at, &loaded.sources),
            account: request.account.as_ref().map(|one| one.name.as_str()),
            tags: &request.tags,
            skip: request.skip.as_deref(),
            cases: request.cases.iter().map(|case| case.id.as_str()).collect(),
            needs: request
                .needs
                .iter()
                .map(|need| need.name.as_str())
                .collect(),
            steps: request.steps.iter().map(step).collect(),
        }
    }
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
