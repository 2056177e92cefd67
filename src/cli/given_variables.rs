//! The variables that a run is given from outside of its files: `--var`, `--var-text`, `--vars`,
//! and `INGAM_VAR_…`. It refuses names that no file of the workspace uses.

use super::args::TargetArgs;
use super::command_error::CommandError;
use super::invocation::Invocation;
use super::shown_faults::shown_faults;
use crate::diagnostic::{did_you_mean, join_names};
use crate::host::HostContext;
use crate::load::{LoadedWorkspace, VarsFileError, is_variable_name, read_vars_file};
use crate::model::credential_variable::{VAR_PREFIX, variable_part};
use crate::model::workspace::Workspace;
use crate::plan::{mentions_variable, used_variables};
use crate::render::{RESERVED_NAMES, VariableLayer};
use crate::run::GivenVariable;
use crate::value::{ObjectMember, Value};
use std::collections::BTreeSet;
use std::path::Path;

/// Every variable that is given, each once: `--var` overrides `--vars`, which overrides
/// `INGAM_VAR_…`.
///
/// # Errors
/// When one is malformed, or nothing in the workspace uses it.
pub(super) fn given_variables(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    target: &TargetArgs,
) -> Result<Vec<GivenVariable>, CommandError> {
    let mut given: Vec<GivenVariable> = Vec::new();
    let mut add = |layer, vars: Vec<ObjectMember>| {
        for (name, value) in vars {
            given.retain(|other| other.name != name);
            given.push(GivenVariable { name, value, layer });
        }
    };
    let options = option_variables(target)?;
    let in_environment = environment_variables(invocation, &loaded.workspace)?;
    add(VariableLayer::ProcessEnvironment, in_environment);
    for file in &target.vars {
        let vars = vars_of_file(invocation.host, &loaded.workspace.root, file)?;
        for (name, _) in &vars {
            check_name(name)?;
        }
        add(VariableLayer::VarsFile, vars);
    }
    add(VariableLayer::CommandLine, options);
    Ok(given)
}

/// A variable that nothing in the workspace defines or uses is a typing mistake.
///
/// # Errors
/// For the first such variable.
pub(super) fn check_given_names<'g>(
    workspace: &Workspace,
    names: impl IntoIterator<Item = &'g str>,
) -> Result<(), CommandError> {
    let mut names = names.into_iter();
    let unknown = names.find(|name| !mentions_variable(workspace, name));
    let Some(name) = unknown else { return Ok(()) };
    let known = workspace.variable_fields().map(|field| field.name.as_str());
    Err(
        CommandError::usage(format!("no request has a variable `{name}`"))
            .hints(did_you_mean(name, known)),
    )
}

/// `--var NAME=VALUE`, where a value arrives as written, as in files, and `--var-text`, where it is
/// text.
fn option_variables(target: &TargetArgs) -> Result<Vec<ObjectMember>, CommandError> {
    let mut vars: Vec<ObjectMember> = Vec::new();
    let typed = target.var.iter().map(|written| ("--var", written));
    let texts = target
        .var_text
        .iter()
        .map(|written| ("--var-text", written));
    for (option, written) in typed.chain(texts) {
        let Some((name, value)) = written.split_once('=') else {
            return Err(
                CommandError::usage(format!("`{option}` needs a name and a value"))
                    .hint(format!("write `{option} keyword=무선`")),
            );
        };
        check_name(name)?;
        let value = match option {
            "--var" => Value::from_scalar_text(value),
            _ if vars.iter().any(|(other, _)| other == name) => {
                return Err(CommandError::usage(format!(
                    "`{name}` is set twice, by `--var` and by `--var-text`"
                ))
                .hint("remove one of them"));
            }
            _ => Value::from(value),
        };
        vars.push((name.into(), value));
    }
    Ok(vars)
}

fn check_name(name: &str) -> Result<(), CommandError> {
    if is_variable_name(name) && !RESERVED_NAMES.contains(&name) {
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "`{name}` is not a valid name of a variable"
    )))
}

fn vars_of_file(
    host: &HostContext,
    root: &Path,
    file: &Path,
) -> Result<Vec<ObjectMember>, CommandError> {
    let path = host.cwd.join(file);
    read_vars_file(&path, file).map_err(|error| match error {
        VarsFileError::Faults(faults, sources) => {
            CommandError::faults(shown_faults(host, root, &faults, &sources))
        }
        VarsFileError::Unreadable(error) => CommandError::usage(format!(
            "`--vars {}` cannot be read: {error}",
            file.display()
        )),
    })
}

/// `INGAM_VAR_ORDER_SN` sets `order_sn`. Names of variables of the environment are usually written
/// in capitals, so the name is looked for without regard to them.
fn environment_variables(
    invocation: &Invocation<'_>,
    workspace: &Workspace,
) -> Result<Vec<ObjectMember>, CommandError> {
    let env = invocation.host.env.iter();
    let set: Vec<(&str, &str, &str)> = env
        .filter_map(|(variable, value)| {
            let part = variable.strip_prefix(VAR_PREFIX)?;
            Some((variable.as_str(), part, value.as_str()))
        })
        .collect();
    if set.is_empty() {
        return Ok(Vec::new());
    }
    let known = used_variables(workspace);
    let mut vars = Vec::new();
    for (variable, part, value) in set {
        match named_variables(part, &known).as_slice() {
            [name] => vars.push(((*name).into(), Value::from_scalar_text(value))),
            [] => {
                let parts: Vec<String> = known.iter().map(|name| variable_part(name)).collect();
                let hint = did_you_mean(part, parts.iter().map(String::as_str));
                let text = format!("`{variable}` has no effect: no request has such a variable");
                match hint {
                    Some(hint) => invocation.warnings.add_with_hint(text, hint),
                    None => invocation.warnings.add(text),
                }
            }
            several => {
                let names = join_names(several.iter().copied(), "and");
                return Err(CommandError::usage(format!(
                    "`{variable}` is ambiguous: it matches the variables {names}"
                ))
                .hint("use the exact spelling of the variable, or pass `--var`"));
            }
        }
    }
    Ok(vars)
}

/// The variables that a part of a name can mean: the one that is spelled like it, or those that
/// differ in capitals only.
fn named_variables<'k>(part: &str, known: &'k BTreeSet<String>) -> Vec<&'k str> {
    if let Some(exact) = known.get(part) {
        return vec![exact];
    }
    let wanted = part.to_uppercase();
    let named = known.iter().filter(|name| variable_part(name) == wanted);
    named.map(String::as_str).collect()
}
