//! `ingam scheme`

use super::check::check_scheme;
use crate::cli::Exit;
use crate::cli::args::{Global, SchemeAct, SchemeArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::{Diagnostics, Severity, did_you_mean, pluralize};
use crate::host::HostContext;
use crate::load::{BUILT_IN_SCHEMES, LoadedWorkspace, all_schemes};
use crate::model::scheme::{Scheme, SchemeOrigin};
use std::sync::Arc;

pub fn run(host: &HostContext, global: &Global, args: &SchemeArgs, output: &Output) -> Exit {
    let mut loaded = match settings::load_any(host, global, output) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let schemes = all_schemes(&mut loaded);
    match &args.act {
        SchemeAct::List => list(&schemes, output),
        SchemeAct::Show { name } => show(name, &schemes, &loaded, output),
        SchemeAct::Check { names } => check(names, &schemes, &loaded, output),
    }
}

fn list(schemes: &[Arc<Scheme>], output: &Output) -> Exit {
    let lines: Vec<String> = schemes.iter().map(|scheme| line(scheme, output)).collect();
    output.data(&lines.join("\n"));
    Exit::Success
}

fn line(scheme: &Scheme, output: &Output) -> String {
    let origin = if scheme.origin == SchemeOrigin::BuiltIn { "built in" } else { "workspace" };
    let levels: Vec<&str> = scheme.levels.iter().map(|level| level.name.as_str()).filter(|name| !name.is_empty()).collect();
    let levels = if levels.is_empty() { String::new() } else { format!("  levels {}", levels.join(", ")) };
    let rest = format!("{origin}  {}{levels}", pluralize(scheme.vectors.len(), "known answer"));
    format!("{:<15} {:<40} {}", scheme.name, scheme.title.as_deref().unwrap_or_default(), output.out.dim(&rest))
}

fn unknown(name: &str, schemes: &[Arc<Scheme>], output: &Output) -> Exit {
    let hint = did_you_mean(name, schemes.iter().map(|scheme| scheme.name.as_str()));
    output.error(&format!("there is no scheme `{name}`"), &hint.into_iter().collect::<Vec<_>>());
    Exit::Usage
}

fn show(name: &str, schemes: &[Arc<Scheme>], loaded: &LoadedWorkspace, output: &Output) -> Exit {
    if let Some((_, text)) = BUILT_IN_SCHEMES.iter().find(|(known, _)| *known == name) {
        output.data(text);
        return Exit::Success;
    }
    let Some(scheme) = schemes.iter().find(|scheme| scheme.name == name) else { return unknown(name, schemes, output) };
    output.data(loaded.sources.get(scheme.at.file).map_or("", |source| &source.text));
    Exit::Success
}

/// A scheme whose file is faulty is not among the schemes; its faults say more than that it is not there.
fn check(names: &[String], schemes: &[Arc<Scheme>], loaded: &LoadedWorkspace, output: &Output) -> Exit {
    if let Some(name) = names.iter().find(|name| !schemes.iter().any(|scheme| scheme.name == **name)) {
        if loaded.has_errors() {
            output.diagnostics(&loaded.diagnostics, &loaded.sources);
            return Exit::BadFile;
        }
        return unknown(name, schemes, output);
    }
    let chosen = schemes.iter().filter(|scheme| names.is_empty() || names.contains(&scheme.name));
    let mut wrong = loaded.has_errors();
    if wrong {
        output.diagnostics(&loaded.diagnostics, &loaded.sources);
    }
    for scheme in chosen {
        let mut faults = Diagnostics::default();
        check_scheme(scheme, &mut faults);
        let faults = faults.sorted();
        let decoded_badly = loaded.diagnostics.iter().any(|fault| {
            let here = fault.labels.iter().any(|label| label.span.file == scheme.at.file);
            fault.severity == Severity::Error && here
        });
        let is_wrong = decoded_badly || faults.iter().any(|fault| fault.severity == Severity::Error);
        output.diagnostics(&faults, &loaded.sources);
        let word = if is_wrong { output.out.red("wrong") } else { output.out.green("ok   ") };
        let expected: usize = scheme.vectors.iter().map(|vector| vector.expect.len()).sum();
        output.data(&format!(
            "{word} {:<15} {}, {}",
            scheme.name,
            pluralize(scheme.vectors.len(), "known answer"),
            pluralize(expected, "value")
        ));
        wrong |= is_wrong;
    }
    if wrong { Exit::BadFile } else { Exit::Success }
}
