//! `ingam explain`

use super::session::{self, RunSession, RunTarget};
use crate::cli::ExitStatus;
use crate::cli::args::{ExplainArgs, GlobalArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::request::{Request, Step};
use crate::plan::Unit;
use crate::report::TerminalStyle;
use crate::run::{ExplainedRequest, StepExplanation, explain};
use anstyle::Style as Ansi;

/// Shows how a request is rendered and signed, without sending it.
pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &ExplainArgs,
    output: &Output,
) -> ExitStatus {
    explain_one(host, global, args, output).unwrap_or_else(|exit| exit)
}

fn explain_one(
    host: &HostContext,
    global: &GlobalArgs,
    args: &ExplainArgs,
    output: &Output,
) -> Result<ExitStatus, ExitStatus> {
    let loaded = settings::load_workspace(host, global, output)?;
    let (request, step) = find_step(&loaded, &args.id, output)?;
    let chosen = RunTarget::new(&loaded, &args.target, Some(&[request]), output)?;
    let now = match &args.at {
        None => (host.clock)(),
        Some(text) => text
            .parse::<jiff::Timestamp>()
            .map(jiff::Timestamp::as_millisecond)
            .map_err(|_| {
                output.print_error(
                    &format!("`{text}` is not a time"),
                    &["write it as 2026-11-22T09:00:00Z".to_owned()],
                );
                ExitStatus::InvalidUsage
            })?,
    };
    let environment = session::explain_environment(host, &loaded, &chosen.environment, output)?;
    let files = session::open_files(&loaded, output)?;
    let over = args.target.account.as_deref();
    // Of each account the signature is made in one way: the first stands for all.
    let unit = Unit::expand(request, over, &loaded.workspace, &chosen.environment).swap_remove(0);
    let context = RunSession {
        host,
        global,
        loaded: &loaded,
        files: &files,
    }
    .build_context(chosen, environment, true, output)?;
    match explain(&unit, step, &context, now) {
        Ok(explained) => {
            output.print_data(&render_explanation(&explained, &loaded, output.out));
            Ok(ExitStatus::Success)
        }
        Err(error) => {
            let reason = context
                .state
                .redactor
                .borrow_mut()
                .redact_for_display(&error.to_string())
                .to_string();
            let hints = error.hints(request, step);
            match error.at() {
                Some(at) => {
                    let fault = hints
                        .into_iter()
                        .fold(Diagnostic::error(reason).at(at, "here"), Diagnostic::hint);
                    output.print_diagnostics(&[fault], &loaded.sources);
                }
                None => output.print_error(&reason, &hints),
            }
            Err(ExitStatus::InvalidFile)
        }
    }
}

fn find_step<'w>(
    loaded: &'w LoadedWorkspace,
    id: &str,
    output: &Output,
) -> Result<(&'w Request, &'w Step), ExitStatus> {
    let (name, step) = id
        .split_once("::")
        .map_or((id, None), |(name, step)| (name, Some(step)));
    let bare = name
        .trim_start_matches("./")
        .trim_start_matches("requests/")
        .trim_end_matches(".yaml")
        .trim_end_matches(".yml");
    let requests = &loaded.workspace.requests;
    let Some(request) = requests.iter().find(|request| request.name == bare) else {
        let hint = did_you_mean(bare, requests.iter().map(|request| request.name.as_str()));
        output.print_error(
            &format!("there is no request `{bare}`"),
            &[hint.unwrap_or_else(|| "see `ingam list`".to_owned())],
        );
        return Err(ExitStatus::NothingSelected);
    };
    let names = || request.steps.iter().filter_map(|step| step.name.as_deref());
    let found = match step {
        None => request.steps.first(),
        Some(wanted) => request
            .steps
            .iter()
            .find(|step| step.name.as_deref() == Some(wanted)),
    };
    found.map(|step| (request, step)).ok_or_else(|| {
        let wanted = step.unwrap_or_default();
        output.print_error(
            &format!("`{bare}` has no step `{wanted}`"),
            &did_you_mean(wanted, names())
                .into_iter()
                .collect::<Vec<_>>(),
        );
        ExitStatus::NothingSelected
    })
}

/// The whole explanation as text.
fn render_explanation(
    explained: &StepExplanation,
    loaded: &LoadedWorkspace,
    style: TerminalStyle,
) -> String {
    let mut lines = vec![
        format!("{}  {}", style.bold(&explained.id), explained.summary),
        format!("{}  {}", style.dim("time"), explained.time),
    ];
    lines.extend(
        explained
            .notes
            .iter()
            .map(|note| format!("{}  {note}", style.yellow("note"))),
    );
    lines.push(format!("\n{}", style.bold("values")));
    if explained.values.is_empty() {
        lines.push(style.dim("  none: the request has no template"));
    }
    for value in &explained.values {
        let place = value
            .at
            .map(|at| format!(", {}", loaded.sources.location(at)))
            .unwrap_or_default();
        lines.push(format!(
            "  {} = {}  {}",
            value.name,
            value.value,
            style.dim(&format!("({}{place})", value.layer))
        ));
    }
    for call in &explained.requests {
        if !call.title.is_empty() {
            lines.push(format!(
                "\n{}",
                style.paint(Ansi::new().underline(), &call.title)
            ));
        }
        render_call(&mut lines, call, style);
    }
    lines.join("\n")
}

fn render_call(lines: &mut Vec<String>, call: &ExplainedRequest, style: TerminalStyle) {
    render_table(
        lines,
        "prepared, before the signature",
        &call.prepared,
        style,
    );
    lines.push(format!("\n{}", style.bold("signature, line by line")));
    if call.trace.is_empty() {
        lines.push(style.dim("  nothing is signed at this level"));
    }
    for (number, (id, op, value)) in (1..).zip(&call.trace) {
        lines.push(format!("  {number} {} {}", style.bold(id), style.dim(op)));
        lines.extend(value.as_str().lines().map(|line| format!("      {line}")));
    }
    render_table(
        lines,
        "attached, after the signature",
        &call.attached,
        style,
    );
    lines.push(format!("\n{}", style.bold("on the wire")));
    lines.extend(call.wire.as_str().lines().map(|line| format!("  {line}")));
    lines.push(format!("\n{}", style.bold("as curl")));
    lines.push(format!("  {}", call.curl));
}

fn render_table(
    lines: &mut Vec<String>,
    title: &str,
    rows: &[(String, crate::secret::RedactedText)],
    style: TerminalStyle,
) {
    if rows.is_empty() {
        return;
    }
    lines.push(format!("\n{}", style.bold(title)));
    let widest = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    lines.extend(
        rows.iter()
            .map(|(name, value)| format!("  {name:<widest$}  {value}")),
    );
}
