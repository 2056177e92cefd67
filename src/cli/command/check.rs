//! `ingam check`

use super::session;
use crate::cli::args::CheckArgs;
use crate::cli::command_error::{CommandError, SourceFaults};
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::leftovers;
use crate::cli::settings;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, pluralize};
use crate::load::LoadedWorkspace;
use crate::model::scheme::{Scheme, SchemeOrigin};
use crate::plan::check_names;
use crate::sign::{lint, run_vector};

/// Everything that can be known without sending: files, names, templates, paths, regular
/// expressions, schemes.
pub(crate) fn run(invocation: &Invocation<'_>, args: &CheckArgs) -> CommandResult {
    let loaded = settings::load_with_errors(invocation)?;
    let vars = settings::parse_vars(&args.target)?;
    if loaded.has_errors()
        && args.target.env.is_none()
        && settings::has_unknown_default_env(&loaded.workspace)
    {
        return Err(CommandError::faults(&loaded.diagnostics, &loaded.sources));
    }
    let environment = settings::resolve_environment(&loaded.workspace, args.target.env.as_deref())?;
    let given = settings::command_line_overrides(&args.target, &vars);
    let mut faults = Diagnostics::default();
    for fault in &loaded.diagnostics {
        faults.push(fault.clone());
    }
    check_names(&loaded.workspace, &environment, &given, &mut faults);
    for scheme in &loaded.workspace.schemes {
        if scheme.origin == SchemeOrigin::Workspace {
            check_scheme(scheme, &mut faults);
        }
    }
    report_faults(invocation, &loaded, &faults.sorted())?;
    settings::check_vars_exist(&loaded, &given)?;
    session::check_account(
        &loaded,
        &environment,
        given.account,
        &loaded.workspace.schemes,
    )?;
    if loaded.workspace.requests.is_empty() {
        return Err(CommandError::selection("there is no file in `requests/`")
            .hint("write one, or begin with `ingam init`"));
    }
    leftovers::warn_of_unreferenced(&loaded.workspace, &invocation.warnings);
    Ok(CommandOutput::of_data(format!(
        "{} {}: no fault",
        invocation.stdout.green("ok"),
        describe(&loaded)
    )))
}

/// Warnings go to the collector.
///
/// # Errors
/// If one of the faults is an error.
fn report_faults(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    faults: &[Diagnostic],
) -> Result<(), CommandError> {
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(CommandError::faults(faults, &loaded.sources));
    }
    if !faults.is_empty() {
        let faults = SourceFaults::new(faults, &loaded.sources);
        invocation.warnings.add_faults(faults);
    }
    Ok(())
}

/// How much there is of everything.
fn describe(loaded: &LoadedWorkspace) -> String {
    let workspace = &loaded.workspace;
    let steps = workspace.requests.iter().map(|request| request.steps.len());
    let files = pluralize(workspace.requests.len(), "request file");
    let steps = pluralize(steps.sum(), "request");
    let recordings = pluralize(workspace.recordings.len(), "recording");
    format!("{files} with {steps}, {recordings}")
}

/// The known answers and the lint of a scheme, as faults with places.
pub(crate) fn check_scheme(scheme: &Scheme, faults: &mut Diagnostics) {
    for finding in lint(scheme) {
        let fault = if finding.is_error {
            Diagnostic::error(finding.message)
        } else {
            Diagnostic::warning(finding.message)
        };
        faults.push(fault.at(finding.at, ""));
    }
    for vector in &scheme.vectors {
        match run_vector(scheme, vector) {
            Ok(results) => {
                for result in results.iter().filter(|result| !result.is_match()) {
                    let actual = result.actual.as_deref().unwrap_or("nothing of that name");
                    let fault = Diagnostic::error(format!(
                        "a known answer is not reproduced: `{}`",
                        result.name
                    ));
                    faults.push(
                        fault
                            .at(result.at, format!("source: {}", vector.source))
                            .hint(format!("expected {}", result.expected))
                            .hint(format!("got      {actual}")),
                    );
                }
            }
            Err(reason) => faults.push(
                Diagnostic::error(format!("a known answer cannot be tried: {reason}"))
                    .at(vector.at, ""),
            ),
        }
    }
}
