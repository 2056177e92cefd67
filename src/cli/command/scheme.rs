//! `ingam scheme`

use super::check::check_scheme;
use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, SchemeAction, SchemeArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::{Diagnostics, Severity, did_you_mean, pluralize};
use crate::host::HostContext;
use crate::load::{LoadedWorkspace, all_schemes};
use crate::model::scheme::{Scheme, SchemeOrigin};
use crate::schemes::BUILT_IN_SCHEMES;
use std::sync::Arc;

pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &SchemeArgs,
    output: &Output,
) -> ExitStatus {
    let mut loaded = match settings::load_with_errors(host, global, output) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let schemes = all_schemes(&mut loaded);
    match &args.action {
        SchemeAction::List => list(&schemes, output),
        SchemeAction::Show { name } => show(name, &schemes, &loaded, output),
        SchemeAction::Check { names } => check(names, &schemes, &loaded, output),
    }
}

fn list(schemes: &[Arc<Scheme>], output: &Output) -> ExitStatus {
    let lines: Vec<String> = schemes
        .iter()
        .map(|scheme| scheme_line(scheme, output))
        .collect();
    output.print_data(&lines.join("\n"));
    ExitStatus::Success
}

fn scheme_line(scheme: &Scheme, output: &Output) -> String {
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
        output.out.dim(&rest)
    )
}

fn report_unknown_scheme(name: &str, schemes: &[Arc<Scheme>], output: &Output) -> ExitStatus {
    let hint = did_you_mean(name, schemes.iter().map(|scheme| scheme.name.as_str()));
    output.print_error(
        &format!("there is no scheme `{name}`"),
        &hint.into_iter().collect::<Vec<_>>(),
    );
    ExitStatus::InvalidUsage
}

fn show(
    name: &str,
    schemes: &[Arc<Scheme>],
    loaded: &LoadedWorkspace,
    output: &Output,
) -> ExitStatus {
    if let Some((_, text)) = BUILT_IN_SCHEMES.iter().find(|(known, _)| *known == name) {
        output.print_data(text);
        return ExitStatus::Success;
    }
    let Some(scheme) = schemes.iter().find(|scheme| scheme.name == name) else {
        return report_unknown_scheme(name, schemes, output);
    };
    output.print_data(
        loaded
            .sources
            .get(scheme.at.file)
            .map_or("", |source| &source.text),
    );
    ExitStatus::Success
}

/// A scheme whose file is faulty is not among the schemes; its faults say more than that it is not
/// there.
fn check(
    names: &[String],
    schemes: &[Arc<Scheme>],
    loaded: &LoadedWorkspace,
    output: &Output,
) -> ExitStatus {
    if let Some(name) = names
        .iter()
        .find(|name| !schemes.iter().any(|scheme| scheme.name == **name))
    {
        if loaded.has_errors() {
            output.print_diagnostics(&loaded.diagnostics, &loaded.sources);
            return ExitStatus::InvalidFile;
        }
        return report_unknown_scheme(name, schemes, output);
    }
    let chosen = schemes
        .iter()
        .filter(|scheme| names.is_empty() || names.contains(&scheme.name));
    let mut wrong = loaded.has_errors();
    if wrong {
        output.print_diagnostics(&loaded.diagnostics, &loaded.sources);
    }
    for scheme in chosen {
        let mut faults = Diagnostics::default();
        check_scheme(scheme, &mut faults);
        let faults = faults.sorted();
        let decoded_badly = loaded.diagnostics.iter().any(|fault| {
            let here = fault
                .labels
                .iter()
                .any(|label| label.span.file == scheme.at.file);
            fault.severity == Severity::Error && here
        });
        let is_wrong =
            decoded_badly || faults.iter().any(|fault| fault.severity == Severity::Error);
        output.print_diagnostics(&faults, &loaded.sources);
        let word = if is_wrong {
            output.out.red("wrong")
        } else {
            output.out.green("ok   ")
        };
        let expected: usize = scheme
            .vectors
            .iter()
            .map(|vector| vector.expect.len())
            .sum();
        output.print_data(&format!(
            "{word} {:<15} {}, {}",
            scheme.name,
            pluralize(scheme.vectors.len(), "known answer"),
            pluralize(expected, "value")
        ));
        wrong |= is_wrong;
    }
    if wrong {
        ExitStatus::InvalidFile
    } else {
        ExitStatus::Success
    }
}
