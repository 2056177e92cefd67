//! `ingam check`

use super::session;
use crate::cli::args::CheckArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_json::{JsonFault, to_json};
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::FailureClass;
use crate::cli::given_variables::{check_given_names, given_variables};
use crate::cli::invocation::Invocation;
use crate::cli::leftovers;
use crate::cli::settings;
use crate::diagnostic::{Diagnostic, Diagnostics, FaultCache, Severity, pluralize};
use crate::host::HostContext;
use crate::load::{LoadedWorkspace, check_secret_assertions};
use crate::model::credential_variable::secret_variable;
use crate::model::environment::SANDBOX_ENV;
use crate::model::scheme::{Scheme, SchemeOrigin, SignatureVector};
use crate::plan::{CommandLineNames, check_names, workspace_secrets};
use crate::sign::{lint, run_vector, vector_trace};
use serde::Serialize;

/// Checks everything that needs no request: files, names, templates, paths, regular expressions,
/// schemes.
pub(crate) fn run(invocation: &Invocation<'_>, args: &CheckArgs) -> CommandResult {
    let loaded = settings::load_with_errors(invocation)?;
    let workspace = &loaded.workspace;
    let vars = given_variables(invocation, &loaded, &args.target)?;
    // The fault in ingam.yaml says more than "there is no environment".
    if loaded.has_errors()
        && args.target.env.is_none()
        && settings::has_unknown_default_env(workspace)
    {
        let faults = invocation.faults(&loaded.diagnostics, &loaded);
        return Err(CommandError::faults(faults));
    }
    let environment = settings::resolve_environment(workspace, args.target.env.as_deref())?;
    let given = settings::command_line_overrides(&args.target, &vars);
    let mut cache = FaultCache::default();
    let names = (environment.as_str(), &given);
    let faults = find_faults(invocation.host, &loaded, names, &mut cache)?;
    if args.json {
        return faults_as_json(invocation, &loaded, &faults);
    }
    report_faults(invocation, &loaded, &faults)?;
    // After the faults of the files: these two are mistakes of the command line alone.
    check_given_names(workspace, given.vars.iter().map(String::as_str))?;
    session::check_account(&loaded, &environment, given.account, &workspace.schemes)?;
    if workspace.requests.is_empty() {
        return Err(CommandError::selection("there is no file in `requests/`")
            .hint("write one, or run `ingam init` for an example"));
    }
    leftovers::warn_of_unreferenced(workspace, &invocation.warnings);
    Ok(CommandOutput::of_data(format!(
        "{} {}: no fault",
        invocation.stdout.green("ok"),
        describe(&loaded)
    )))
}

/// The faults that loading found, then unknown names, then faults of the workspace's own schemes.
///
/// # Errors
/// If a secret that is there cannot be used, or `.env` cannot be read.
pub(crate) fn find_faults(
    host: &HostContext,
    loaded: &LoadedWorkspace,
    (environment, given): (&str, &CommandLineNames<'_>),
    cache: &mut FaultCache,
) -> Result<Vec<Diagnostic>, CommandError> {
    cache.set_versions(loaded.versions());
    let mut faults = Diagnostics::default();
    for fault in &loaded.diagnostics {
        faults.push(fault.clone());
    }
    for warning in loaded.unread_files() {
        faults.push(warning);
    }
    check_names(&loaded.workspace, environment, given, (cache, &mut faults));
    check_secret_assertions(&loaded.workspace, cache, &mut faults);
    warn_of_missing_secrets(host, loaded, environment, &mut faults)?;
    for scheme in &loaded.workspace.schemes {
        // Built-in schemes are checked by the tests of ingam.
        if scheme.origin == SchemeOrigin::Workspace {
            check_scheme(scheme, &mut faults);
        }
    }
    Ok(faults.sorted())
}

/// The secrets of requests that have no value on this machine. A warning: another machine may have
/// it. The sandbox needs none.
fn warn_of_missing_secrets(
    host: &HostContext,
    loaded: &LoadedWorkspace,
    environment: &str,
    faults: &mut Diagnostics,
) -> Result<(), CommandError> {
    let names = workspace_secrets(&loaded.workspace);
    if names.is_empty() || environment == SANDBOX_ENV {
        return Ok(());
    }
    let sources = session::read_credentials(host, loaded)?;
    for (name, at) in &names {
        if sources.user_secret(name)?.is_none() {
            let warning = Diagnostic::warning(format!(
                "`secret.{name}` has no value in environment `{environment}`"
            ));
            let variable = secret_variable(name);
            faults.push(
                warning
                    .at(*at, "used here")
                    .hint(format!("set `{variable}` in the environment or in `.env`")),
            );
        }
    }
    Ok(())
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
        return Err(CommandError::faults(invocation.faults(faults, loaded)));
    }
    if !faults.is_empty() {
        let faults = invocation.faults(faults, loaded);
        invocation.warnings.add_faults(faults);
    }
    Ok(())
}

/// The document of `--json`.
#[derive(Serialize)]
struct CheckDocument {
    request_files: usize,
    requests: usize,
    recordings: usize,
    faults: Vec<JsonFault>,
}

/// All faults, warnings too; an error ends with the code that it has without `--json`.
fn faults_as_json(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    faults: &[Diagnostic],
) -> CommandResult {
    let workspace = &loaded.workspace;
    let faults = invocation.faults(faults, loaded);
    let document = CheckDocument {
        request_files: workspace.requests.len(),
        requests: workspace.requests.iter().map(|one| one.steps.len()).sum(),
        recordings: workspace.recordings.len(),
        faults: JsonFault::all(&faults),
    };
    let mut output = CommandOutput::of_data(to_json(&document)?);
    if faults.error_count() > 0 {
        output.end_with(FailureClass::File.into());
    }
    Ok(output)
}

/// The number of files, requests and recordings.
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
        check_vector(scheme, vector, faults);
    }
}

fn check_vector(scheme: &Scheme, vector: &SignatureVector, faults: &mut Diagnostics) {
    let results = match run_vector(scheme, vector) {
        Ok(results) => results,
        Err(reason) => {
            let fault = Diagnostic::error(format!("a known answer cannot be checked: {reason}"));
            faults.push(fault.at(vector.at, ""));
            return;
        }
    };
    for result in results.iter().filter(|result| !result.is_match()) {
        let actual = result.actual.as_deref().unwrap_or("nothing of that name");
        let fault = Diagnostic::error(format!(
            "a known answer is not reproduced: `{}`",
            result.name
        ));
        let fault = fault
            .at(result.at, format!("source: {}", vector.source))
            .hint(format!("expected {}", result.expected))
            .hint(format!("got      {actual}"));
        faults.push(
            trace_lines(scheme, vector)
                .into_iter()
                .fold(fault, Diagnostic::hint),
        );
    }
}

/// Every text on the way to the answer: the first one that differs from the text of the marketplace
/// is the mistake.
fn trace_lines(scheme: &Scheme, vector: &SignatureVector) -> Vec<String> {
    // It was signed a moment ago with the same values, so there is a trace.
    let Ok(trace) = vector_trace(scheme, vector) else {
        return Vec::new();
    };
    let mut lines = vec![format!("trace    ts = {}", trace.ts)];
    lines.extend(trace.lines.iter().map(|line| {
        // A line end would look like the next step.
        let value = line.value.replace('\n', "\\n");
        format!("trace    {} = {value}", line.id)
    }));
    lines
}
