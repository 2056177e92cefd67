//! Which variables may name a file that a request sends: those that a person wrote. What a response
//! holds never does, or a marketplace could ask for any file of the workspace.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::capture::Capture;
use crate::model::fixture::Fixture;
use crate::model::repeat::RepeatMode;
use crate::model::request::{Request, SpannedName, Step, TemplateField};
use crate::model::template::Expression;
use crate::model::workspace::Workspace;
use crate::render::TemplateDialect;
use std::collections::HashSet;

/// Reports each template in `file` that uses what a response can give.
pub(super) fn check_file_names(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    for request in &workspace.requests {
        check_request(request, diagnostics);
    }
    for fixture in &workspace.fixtures {
        check_fixture(fixture, diagnostics);
    }
}

fn check_request(request: &Request, diagnostics: &mut Diagnostics) {
    let steps: Vec<&Step> = request.steps.iter().flat_map(Step::calls).collect();
    check_steps(&steps, &request.needs, &request.vars, diagnostics);
}

fn check_fixture(fixture: &Fixture, diagnostics: &mut Diagnostics) {
    let steps: Vec<&Step> = fixture.steps.iter().flat_map(Step::calls).collect();
    check_steps(&steps, &fixture.needs, &fixture.vars, diagnostics);
}

fn check_steps(
    steps: &[&Step],
    needs: &[SpannedName],
    vars: &[TemplateField],
    diagnostics: &mut Diagnostics,
) {
    let used: Vec<&Expression> = steps
        .iter()
        .flat_map(|step| step.body.file_expressions())
        .collect();
    // Nearly no file has such a template.
    if used.is_empty() {
        return;
    }
    let received = received_names(steps, needs, vars);
    for expression in used {
        for name in root_names(expression) {
            let reason = if received.contains(name.as_str()) {
                "this value can come from a response"
            } else if is_no_variable(&name) {
                "not a variable"
            } else {
                continue;
            };
            let diagnostic =
                Diagnostic::error(format!("`{name}` cannot be the path of a file to send"))
                    .at(expression.at, reason);
            diagnostics
                .push(diagnostic.hint("a path can use only `vars`, `cases`, `params` and `--var`"));
        }
    }
}

/// Functions, `env`, `account` and secrets.
fn is_no_variable(name: &str) -> bool {
    name.ends_with("()")
        || name == crate::render::SECRET_ROOT
        || crate::render::RESERVED_NAMES.contains(&name)
}

/// The names that hold, or are made from, what a response gave.
fn received_names(
    steps: &[&Step],
    needs: &[SpannedName],
    vars: &[TemplateField],
) -> HashSet<String> {
    let mut names: HashSet<String> = needs.iter().map(|needed| needed.name.clone()).collect();
    for step in steps {
        names.extend(
            step.captures
                .iter()
                .map(|capture: &Capture| capture.name.clone()),
        );
        names.extend(step.for_each.iter().map(|each| each.item.clone()));
        if let RepeatMode::Pages(pages) = &step.repeat {
            names.extend(pages.next.variables().iter().map(|next| next.name.clone()));
        }
    }
    // Each line of `vars` sees those above it only.
    for field in vars {
        let uses_received = |expression: &&Expression| {
            root_names(expression)
                .iter()
                .any(|name| names.contains(name))
        };
        if field.value.expressions().iter().any(uses_received) {
            names.insert(field.name.to_string());
        }
    }
    names
}

fn root_names(expression: &Expression) -> Vec<String> {
    // What does not compile was refused when it was loaded.
    let names = TemplateDialect::Request.names_in(expression);
    let root = |name: String| {
        name.split_once('.')
            .map_or(name.clone(), |(root, _)| root.to_owned())
    };
    names.into_iter().flatten().map(root).collect()
}
