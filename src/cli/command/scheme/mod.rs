//! `ingam scheme`

mod add;
mod list;
mod page;

use self::list::ListedScheme;
use super::check::check_scheme;
use crate::cli::args::{SchemeAction, SchemeArgs};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, did_you_mean, pluralize};
use crate::load::{LoadedWorkspace, all_schemes, scheme_names, schemes_where, unproven_schemes};
use crate::model::scheme::Scheme;
use crate::sandbox::unverifiable_calls;
use std::path::Path;

pub(crate) fn run(invocation: &Invocation<'_>, args: &SchemeArgs) -> CommandResult {
    let mut loaded = settings::load_with_errors(invocation)?;
    match &args.action {
        SchemeAction::List => Ok(list_all(invocation, &mut loaded)),
        SchemeAction::Show { name, page } => show(name, *page, &mut loaded),
        SchemeAction::Check { names } => check(invocation, names, &mut loaded),
        SchemeAction::Add { name, new_name } => {
            add::add(&loaded.workspace.root, name, new_name.as_deref())
        }
    }
}

/// Built-in schemes, those of the workspace, and those that can only be copied, by name.
fn list_all(invocation: &Invocation<'_>, loaded: &mut LoadedWorkspace) -> CommandOutput {
    let schemes = all_schemes(loaded);
    let unproven = unproven_schemes(loaded, |_| true);
    let is_copied = |name: &str| schemes.iter().any(|scheme| scheme.name == name);
    let listed = |scheme, is_copy_only| ListedScheme {
        scheme,
        is_copy_only,
    };
    let mut all: Vec<ListedScheme<'_>> = schemes
        .iter()
        .map(|scheme| listed(scheme.as_ref(), false))
        .collect();
    let rest = unproven.iter().filter(|scheme| !is_copied(&scheme.name));
    all.extend(rest.map(|scheme| listed(scheme, true)));
    all.sort_by(|left, right| left.scheme.name.cmp(&right.scheme.name));
    list::list(&all, invocation.stdout, invocation.host.stdout)
}

fn unknown_scheme(name: &str, loaded: &LoadedWorkspace) -> CommandError {
    let known = scheme_names(&loaded.workspace);
    CommandError::usage(format!("there is no scheme `{name}`")).hints(did_you_mean(name, known))
}

fn show(name: &str, as_page: bool, loaded: &mut LoadedWorkspace) -> CommandResult {
    let schemes = schemes_where(loaded, |known| known == name);
    let unproven = unproven_schemes(loaded, |known| known == name);
    let mut found = schemes.iter().map(AsRef::as_ref).chain(&unproven);
    let Some(scheme) = found.next() else {
        return Err(unknown_scheme(name, loaded));
    };
    // The source text, and not the decoded scheme: it has the comments, and can be copied.
    let text = loaded.sources.get(scheme.at.file).map(|file| &*file.text);
    let text = text.unwrap_or_default();
    Ok(CommandOutput::of_data(if as_page {
        page::page(scheme, text).trim_end().to_owned()
    } else {
        text.to_owned()
    }))
}

fn check(
    invocation: &Invocation<'_>,
    names: &[String],
    loaded: &mut LoadedWorkspace,
) -> CommandResult {
    let is_meant = |name: &str| names.is_empty() || names.iter().any(|meant| meant == name);
    let schemes = schemes_where(loaded, is_meant);
    let is_known = |name: &String| schemes.iter().any(|scheme| scheme.name == *name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        // A scheme whose file has faults is not loaded. The faults say more than "there is no
        // scheme".
        let faults = faults_of_file(loaded, |file| is_file_of(file, name));
        return Err(if faults.is_empty() {
            unknown_scheme(name, loaded)
        } else {
            CommandError::faults(invocation.faults(&faults, loaded))
        });
    }
    let mut output = CommandOutput::default();
    if names.is_empty() {
        let is_loaded = |file: &Path| schemes.iter().any(|scheme| is_file_of(file, &scheme.name));
        let faults = faults_of_file(loaded, |file| !is_loaded(file));
        if !faults.is_empty() {
            output.error(CommandError::faults(invocation.faults(&faults, loaded)));
        }
    }
    for scheme in &schemes {
        output.append(check_one(invocation, scheme, loaded));
    }
    Ok(output)
}

fn is_file_of(file: &Path, scheme: &str) -> bool {
    file.file_stem().is_some_and(|stem| stem == scheme)
}

/// The faults of files of `schemes/` for which `is_meant` holds. The faults of requests and
/// recordings belong to `ingam check`.
fn faults_of_file(loaded: &LoadedWorkspace, is_meant: impl Fn(&Path) -> bool) -> Vec<Diagnostic> {
    let mut faults = loaded.diagnostics.clone();
    faults.retain(|fault| {
        let places = fault
            .labels
            .iter()
            .map(|label| loaded.sources.path(label.span.file));
        let mut places = places.chain(fault.path.as_deref());
        places.any(|file| file.starts_with("schemes") && is_meant(file))
    });
    faults
}

fn is_here(scheme: &Scheme, fault: &Diagnostic) -> bool {
    let mut labels = fault.labels.iter();
    labels.any(|label| label.span.file == scheme.at.file)
}

fn check_one(
    invocation: &Invocation<'_>,
    scheme: &Scheme,
    loaded: &LoadedWorkspace,
) -> CommandOutput {
    let style = invocation.stdout;
    let mut faults = Diagnostics::default();
    check_scheme(scheme, &mut faults);
    for finding in unverifiable_calls(scheme) {
        faults.push(Diagnostic::error(finding.message).at(finding.at, ""));
    }
    let own = loaded
        .diagnostics
        .iter()
        .filter(|fault| is_here(scheme, fault));
    own.for_each(|fault| faults.push(fault.clone()));
    let faults = faults.sorted();
    let is_error = |fault: &&Diagnostic| fault.severity == Severity::Error;
    let is_wrong = faults.iter().any(|fault| is_error(&fault));
    let mut output = CommandOutput::default();
    output.faults(invocation.faults(&faults, loaded));
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
