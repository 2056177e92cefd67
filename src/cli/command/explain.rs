//! `ingam explain`

use super::chosen_request::ChosenRequest;
use super::session::{self, RunSession};
use crate::cli::args::ExplainArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_json::{JsonPlace, to_json};
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::diagnostic::Diagnostic;
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::plan::unit_secrets;
use crate::redact::RedactedText;
use crate::report::TerminalStyle;
use crate::run::{ExplainedRequest, StepExplanation, UserSecrets, explain};
use crate::span::Span;
use anstyle::Style as Ansi;
use serde::Serialize;

/// Shows how a request is rendered and signed, without sending it.
pub(crate) fn run(invocation: &Invocation<'_>, args: &ExplainArgs) -> CommandResult {
    let words = std::slice::from_ref(&args.id);
    let loaded = settings::load_requests(invocation, words, args.target.env.as_deref())?;
    explain_request(invocation, &loaded, args)
}

/// The same for a request that is loaded, such as one of the command line.
///
/// # Errors
/// If there is no such request, or it cannot be rendered or signed.
pub(super) fn explain_request(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    args: &ExplainArgs,
) -> CommandResult {
    let host = invocation.host;
    let chosen = ChosenRequest::find(invocation, loaded, &args.id, &args.target)?;
    let now = explained_time(host, args.at.as_deref())?;
    let environment = session::explain_environment(host, loaded, &chosen.target.environment)?;
    let files = session::open_files(host, loaded)?;
    let (unit, step) = chosen.step(args.target.account.as_deref())?;
    let ChosenRequest {
        request, target, ..
    } = chosen;
    let session = RunSession {
        host,
        global: invocation.global,
        loaded,
        files: &files,
    };
    let secrets = UserSecrets::resolve(&unit_secrets(&loaded.workspace, [&unit]), &environment)?;
    let mut context = session.build_context(target, environment, true)?;
    context.set_user_secrets(secrets);
    let explained = explain(&unit, step, &context, now).map_err(|error| {
        // The error may quote a rendered value, and so a credential.
        let mut redactor = context.state.redactor.borrow_mut();
        let reason = redactor.redact_for_display(&error.to_string()).to_string();
        explain_error(
            invocation,
            reason,
            error.at(),
            error.hints(request, step),
            loaded,
        )
    })?;
    if args.json {
        let document = ExplainDocument::new(&explained, loaded);
        return Ok(CommandOutput::of_data(to_json(&document)?));
    }
    Ok(CommandOutput::of_data(render_explanation(
        &explained,
        loaded,
        invocation.stdout,
    )))
}

/// The document of `--json`. All of it has passed the redactor.
#[derive(Serialize)]
struct ExplainDocument<'e> {
    id: &'e str,
    /// Scheme, level, account, environment.
    summary: &'e str,
    time: &'e str,
    notes: &'e [String],
    values: Vec<JsonValue<'e>>,
    /// The request is the last; a token request for it comes first.
    requests: Vec<JsonRequest<'e>>,
}

#[derive(Serialize)]
struct JsonValue<'e> {
    name: &'e str,
    value: &'e str,
    origin: &'e str,
    place: Option<JsonPlace>,
}

#[derive(Serialize)]
struct JsonRequest<'e> {
    title: &'e str,
    prepared: Vec<JsonPart<'e>>,
    trace: Vec<JsonTraceStep<'e>>,
    attached: Vec<JsonPart<'e>>,
    wire: &'e str,
    curl: &'e str,
}

#[derive(Serialize)]
struct JsonPart<'e> {
    /// `query.timestamp`
    name: &'e str,
    value: &'e str,
}

#[derive(Serialize)]
struct JsonTraceStep<'e> {
    id: &'e str,
    operation: &'e str,
    value: &'e str,
}

impl<'e> ExplainDocument<'e> {
    fn new(explained: &'e StepExplanation, loaded: &LoadedWorkspace) -> Self {
        let values = explained.values.iter().map(|value| JsonValue {
            name: &value.name,
            value: value.value.as_str(),
            origin: &value.origin,
            place: value.at.and_then(|at| JsonPlace::of(at, &loaded.sources)),
        });
        Self {
            id: &explained.id,
            summary: &explained.summary,
            time: &explained.time,
            notes: &explained.notes,
            values: values.collect(),
            requests: explained.requests.iter().map(JsonRequest::new).collect(),
        }
    }
}

impl<'e> JsonRequest<'e> {
    fn new(request: &'e ExplainedRequest) -> Self {
        let trace = request
            .trace
            .iter()
            .map(|(id, operation, value)| JsonTraceStep {
                id,
                operation,
                value: value.as_str(),
            });
        Self {
            title: &request.title,
            prepared: parts(&request.prepared),
            trace: trace.collect(),
            attached: parts(&request.attached),
            wire: request.wire.as_str(),
            curl: &request.curl,
        }
    }
}

fn parts(parts: &[(String, RedactedText)]) -> Vec<JsonPart<'_>> {
    let parts = parts.iter().map(|(name, value)| JsonPart {
        name,
        value: value.as_str(),
    });
    parts.collect()
}

pub(super) fn explain_error(
    invocation: &Invocation<'_>,
    reason: String,
    at: Option<Span>,
    hints: Vec<String>,
    loaded: &LoadedWorkspace,
) -> CommandError {
    match at {
        Some(at) => {
            let fault = Diagnostic::error(reason).at(at, "here");
            let fault = hints.into_iter().fold(fault, Diagnostic::hint);
            CommandError::faults(invocation.faults(&[fault], loaded))
        }
        None => CommandError::file(reason).hints(hints),
    }
}

/// Now, or the time of `--at`, in Unix milliseconds.
pub(super) fn explained_time(host: &HostContext, at: Option<&str>) -> Result<i64, CommandError> {
    Ok(settings::pretended_time_ms(at)?.unwrap_or_else(host.clock))
}

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
    render_values(&mut lines, explained, loaded, style);
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

/// The values that templates use, each with the place that defines it.
fn render_values(
    lines: &mut Vec<String>,
    explained: &StepExplanation,
    loaded: &LoadedWorkspace,
    style: TerminalStyle,
) {
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
            style.dim(&format!("({}{place})", value.origin))
        ));
    }
}

fn render_call(lines: &mut Vec<String>, call: &ExplainedRequest, style: TerminalStyle) {
    render_table(
        lines,
        "prepared, before the signature",
        &call.prepared,
        style,
    );
    lines.push(format!("\n{}", style.bold("signature, step by step")));
    if call.trace.is_empty() {
        lines.push(style.dim("  this level has no signature"));
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
    rows: &[(String, RedactedText)],
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
