//! `ingam scheme`

use super::check::check_scheme;
use crate::cli::args::{SchemeAction, SchemeArgs};
use crate::cli::command_error::{CommandError, SourceFaults};
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, did_you_mean, pluralize};
use crate::load::{LoadedWorkspace, all_schemes};
use crate::model::scheme::{Scheme, SchemeOrigin};
use crate::report::TerminalStyle;
use crate::schemes::BUILT_IN_SCHEMES;
use std::sync::Arc;

pub(crate) fn run(invocation: &Invocation<'_>, args: &SchemeArgs) -> CommandResult {
    let mut loaded = settings::load_with_errors(invocation)?;
    let schemes = all_schemes(&mut loaded);
    match &args.action {
        SchemeAction::List => Ok(list(&schemes, invocation.stdout)),
        SchemeAction::Show { name } => show(name, &schemes, &loaded),
        SchemeAction::Check { names } => check(names, &schemes, &loaded, invocation.stdout),
    }
}

fn list(schemes: &[Arc<Scheme>], style: TerminalStyle) -> CommandOutput {
    let lines: Vec<String> = schemes
        .iter()
        .map(|scheme| scheme_line(scheme, style))
        .collect();
    CommandOutput::of_data(lines.join("\n"))
}

fn scheme_line(scheme: &Scheme, style: TerminalStyle) -> String {
    let origin = if scheme.origin == SchemeOrigin::BuiltIn {
        "built in"
    } else {
        "workspace"
    };
    let levels: Vec<&str> = scheme
        .levels
        .iter()
        .map(|level| level.name.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    let levels = if levels.is_empty() {
        String::new()
    } else {
        format!("  levels {}", levels.join(", "))
    };
    let rest = format!(
        "{origin}  {}{levels}",
        pluralize(scheme.vectors.len(), "known answer")
    );
    format!(
        "{:<15} {:<40} {}",
        scheme.name,
        scheme.title.as_deref().unwrap_or_default(),
        style.dim(&rest)
    )
}

fn unknown_scheme(name: &str, schemes: &[Arc<Scheme>]) -> CommandError {
    let known = schemes.iter().map(|scheme| scheme.name.as_str());
    CommandError::usage(format!("there is no scheme `{name}`")).hints(did_you_mean(name, known))
}

fn show(name: &str, schemes: &[Arc<Scheme>], loaded: &LoadedWorkspace) -> CommandResult {
    // The source text, and not the decoded scheme: it has the comments, and can be copied.
    if let Some((_, text)) = BUILT_IN_SCHEMES.iter().find(|(known, _)| *known == name) {
        return Ok(CommandOutput::of_data(*text));
    }
    schemes
        .iter()
        .find(|scheme| scheme.name == name)
        .and_then(|scheme| loaded.sources.get(scheme.at.file))
        .map(|source| CommandOutput::of_data(&*source.text))
        .ok_or_else(|| unknown_scheme(name, schemes))
}

fn check(
    names: &[String],
    schemes: &[Arc<Scheme>],
    loaded: &LoadedWorkspace,
    style: TerminalStyle,
) -> CommandResult {
    let is_known = |name: &String| schemes.iter().any(|scheme| scheme.name == *name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        // A scheme whose file has faults is not loaded. The faults say more than "there is no
        // scheme".
        return Err(if loaded.has_errors() {
            CommandError::faults(&loaded.diagnostics, &loaded.sources)
        } else {
            unknown_scheme(name, schemes)
        });
    }
    let mut output = CommandOutput::default();
    if loaded.has_errors() {
        output.error(CommandError::faults(&loaded.diagnostics, &loaded.sources));
    }
    for scheme in schemes {
        if names.is_empty() || names.contains(&scheme.name) {
            output.append(check_one(scheme, loaded, style));
        }
    }
    Ok(output)
}

fn check_one(scheme: &Scheme, loaded: &LoadedWorkspace, style: TerminalStyle) -> CommandOutput {
    let mut faults = Diagnostics::default();
    check_scheme(scheme, &mut faults);
    let faults = faults.sorted();
    let is_error = |fault: &&Diagnostic| fault.severity == Severity::Error;
    let is_here = |fault: &Diagnostic| {
        let mut labels = fault.labels.iter();
        labels.any(|label| label.span.file == scheme.at.file)
    };
    let is_wrong = faults.iter().any(|fault| is_error(&fault))
        || loaded.diagnostics.iter().filter(is_error).any(is_here);
    let mut output = CommandOutput::default();
    output.faults(SourceFaults::new(&faults, &loaded.sources));
    let word = if is_wrong {
        output.end_with(ExitStatus::InvalidFile);
        style.red("wrong")
    } else {
        style.green("ok   ")
    };
    let expected = scheme.vectors.iter().map(|vector| vector.expect.len());
    output.data(format!(
        "{word} {:<15} {}, {}",
        scheme.name,
        pluralize(scheme.vectors.len(), "known answer"),
        pluralize(expected.sum(), "value")
    ));
    output
}
