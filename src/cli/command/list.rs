//! `ingam list`

use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, ListArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::host::HostContext;
use crate::model::request::Request;
use crate::plan::select_requests;

pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &ListArgs,
    output: &Output,
) -> ExitStatus {
    let loaded = match settings::load_workspace(host, global, output) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    match select_requests(
        &loaded.workspace,
        &settings::request_selection(&args.filter, host, &loaded.workspace.root),
    ) {
        Ok(requests) => {
            let widest = requests
                .iter()
                .map(|request| request.name.chars().count())
                .max()
                .unwrap_or(0);
            let lines: Vec<String> = requests
                .iter()
                .map(|request| request_line(request, widest, output))
                .collect();
            output.print_data(&lines.join("\n"));
            ExitStatus::Success
        }
        Err(error) => {
            output.print_error(
                &error.to_string(),
                &error
                    .hint()
                    .map(str::to_owned)
                    .into_iter()
                    .collect::<Vec<_>>(),
            );
            ExitStatus::NothingSelected
        }
    }
}

/// Id, scheme, steps and tags in columns.
fn request_line(request: &Request, widest: usize, output: &Output) -> String {
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
        output.out.dim(rest.trim_end()),
        output.out.yellow(&skip)
    )
}
