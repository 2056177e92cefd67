//! `ingam check`

use super::session;
use crate::cli::ExitStatus;
use crate::cli::args::{CheckArgs, GlobalArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, pluralize};
use crate::host::HostContext;
use crate::model::scheme::{Scheme, SchemeOrigin};
use crate::plan::check_names;
use crate::sign::{lint, run_vector};

/// Everything that can be known without sending: files, names, templates, paths, regular
/// expressions, schemes.
pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &CheckArgs,
    output: &Output,
) -> ExitStatus {
    let loaded = match settings::load_with_errors(host, global, output) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let vars = match settings::parse_vars(&args.target, output) {
        Ok(vars) => vars,
        Err(exit) => return exit,
    };
    if loaded.has_errors()
        && args.target.env.is_none()
        && settings::has_unknown_default_env(&loaded.workspace)
    {
        output.print_diagnostics(&loaded.diagnostics, &loaded.sources);
        return ExitStatus::InvalidFile;
    }
    let environment = match settings::resolve_environment(
        &loaded.workspace,
        args.target.env.as_deref(),
        output,
    ) {
        Ok(environment) => environment,
        Err(exit) => return exit,
    };
    let mut faults = Diagnostics::default();
    loaded
        .diagnostics
        .iter()
        .cloned()
        .for_each(|fault| faults.push(fault));
    let given = settings::command_line_overrides(&args.target, &vars);
    check_names(&loaded.workspace, &environment, &given, &mut faults);
    for scheme in loaded
        .workspace
        .schemes
        .iter()
        .filter(|scheme| scheme.origin == SchemeOrigin::Workspace)
    {
        check_scheme(scheme, &mut faults);
    }
    let faults = faults.sorted();
    output.print_diagnostics(&faults, &loaded.sources);
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return ExitStatus::InvalidFile;
    }
    let account = given.account;
    let asked = settings::check_vars_exist(&loaded, &given, output).and_then(|()| {
        session::check_account(
            &loaded,
            &environment,
            account,
            &loaded.workspace.schemes,
            output,
        )
    });
    if let Err(exit) = asked {
        return exit;
    }
    if loaded.workspace.requests.is_empty() {
        output.print_error(
            "there is no file in `requests/`",
            &["write one, or begin with `ingam init`".to_owned()],
        );
        return ExitStatus::NothingSelected;
    }
    super::snapshot::warn_of_unreferenced(&loaded.workspace, output);
    let steps: usize = loaded
        .workspace
        .requests
        .iter()
        .map(|request| request.steps.len())
        .sum();
    let (files, recordings) = (
        loaded.workspace.requests.len(),
        loaded.workspace.recordings.len(),
    );
    let (files, steps, recordings) = (
        pluralize(files, "request file"),
        pluralize(steps, "request"),
        pluralize(recordings, "recording"),
    );
    output.print_data(&format!(
        "{} {files} with {steps}, {recordings}: no fault",
        output.out.green("ok")
    ));
    ExitStatus::Success
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
