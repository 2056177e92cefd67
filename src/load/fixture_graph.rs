//! What only shows when all fixtures are known: names that are no fixture, circles, a wide scope
//! that needs a narrow one, and captures that nothing uses.

use crate::diagnostic::{Diagnostic, Diagnostics, name_hint};
use crate::model::fixture::Fixture;
use crate::model::request::{SpannedName, Step};
use crate::model::template::Expression;
use crate::model::workspace::Workspace;
use crate::render::TemplateDialect;

pub(super) fn check_fixture_graph(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    let requests = workspace.requests.iter().flat_map(|request| &request.needs);
    let fixtures = workspace.fixtures.iter().flat_map(|fixture| &fixture.needs);
    for needed in requests.chain(fixtures) {
        check_fixture_exists(workspace, needed, diagnostics);
    }
    for fixture in &workspace.fixtures {
        check_scopes(workspace, fixture, diagnostics);
        check_captures(fixture, diagnostics);
    }
    check_cycles(workspace, diagnostics);
}

fn check_fixture_exists(
    workspace: &Workspace,
    needed: &SpannedName,
    diagnostics: &mut Diagnostics,
) {
    if workspace.fixture(&needed.name).is_none() {
        let names = workspace
            .fixtures
            .iter()
            .map(|fixture| fixture.name.as_str());
        let diagnostic = Diagnostic::error(format!("there is no fixture `{}`", needed.name))
            .at(needed.at, "not in `fixtures/`");
        diagnostics.push(diagnostic.maybe_hint(name_hint(&needed.name, names)));
    }
}

/// A fixture cannot need one that is undone before it.
fn check_scopes(workspace: &Workspace, fixture: &Fixture, diagnostics: &mut Diagnostics) {
    for needed in &fixture.needs {
        let Some(other) = workspace.fixture(&needed.name) else {
            continue;
        };
        if other.scope < fixture.scope {
            let (wide, narrow) = (fixture.scope.name(), other.scope.name());
            let text = format!(
                "`{}` has the scope {wide}, but needs `{}`, which has the scope {narrow}",
                fixture.name, other.name
            );
            let diagnostic = Diagnostic::error(text)
                .at(needed.at, "needed here")
                .at(other.at, format!("`scope: {narrow}`"));
            diagnostics.push(diagnostic.hint(format!(
                "change the scope of `{}` to {wide}, or the scope of `{}` to {narrow}",
                other.name, fixture.name
            )));
        }
    }
}

/// Every circle is reported once, with the whole way around.
fn check_cycles(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    let mut done: Vec<&str> = Vec::new();
    for fixture in &workspace.fixtures {
        let mut way: Vec<(&str, &SpannedName)> = Vec::new();
        visit_needs(workspace, &fixture.name, &mut way, &mut done, diagnostics);
    }
}

fn visit_needs<'w>(
    workspace: &'w Workspace,
    name: &'w str,
    way: &mut Vec<(&'w str, &'w SpannedName)>,
    done: &mut Vec<&'w str>,
    diagnostics: &mut Diagnostics,
) {
    // The present way is asked before the finished fixtures: a fixture on the way is not finished,
    // and meeting it again is the circle.
    if let Some(at) = way.iter().position(|(from, _)| *from == name) {
        return diagnostics.push(cycle_diagnostic(&way[at..]));
    }
    if done.contains(&name) {
        return;
    }
    let needs = workspace
        .fixture(name)
        .map(|fixture| fixture.needs.as_slice())
        .unwrap_or_default();
    for needed in needs {
        way.push((name, needed));
        visit_needs(workspace, &needed.name, way, done, diagnostics);
        way.pop();
    }
    done.push(name);
}

fn cycle_diagnostic(way: &[(&str, &SpannedName)]) -> Diagnostic {
    let names: Vec<&str> = way
        .iter()
        .map(|(name, _)| *name)
        .chain(way.first().map(|(name, _)| *name))
        .collect();
    let diagnostic = Diagnostic::error(format!(
        "fixtures need each other in a cycle: {}",
        names.join(" → ")
    ));
    way.iter().fold(diagnostic, |diagnostic, (name, needed)| {
        diagnostic.at(needed.at, format!("`{name}` needs `{}`", needed.name))
    })
}

/// A capture that nothing uses is a slip, or an undo that does less than it should.
fn check_captures(fixture: &Fixture, diagnostics: &mut Diagnostics) {
    for (index, step) in fixture.steps.iter().enumerate() {
        for capture in &step.captures {
            let later = fixture.steps[index + 1..].iter();
            let later = later
                .flat_map(steps_with_undo)
                // The own undo comes after the capture, too.
                .chain(step.undo.iter().map(|undo| &undo.step));
            let used = later
                .flat_map(Step::expressions)
                .chain(step.expressions())
                .any(|expression| uses_variable(expression, &capture.name))
                || fixture
                    .values
                    .iter()
                    .flat_map(|field| field.value.expressions())
                    .any(|expression| uses_variable(expression, &capture.name));
            if !used {
                let diagnostic =
                    Diagnostic::error(format!("the capture `{}` is not used", capture.name))
                        .at(capture.name_at, "captured here");
                diagnostics
                    .push(diagnostic.hint("use it in the undo or in `values`, or remove it"));
            }
        }
    }
}

fn steps_with_undo(step: &Step) -> impl Iterator<Item = &Step> {
    std::iter::once(step).chain(step.undo.iter().map(|undo| &undo.step))
}

pub(super) fn uses_variable(expression: &Expression, name: &str) -> bool {
    match TemplateDialect::Request.names_in(expression) {
        Ok(names) => names
            .iter()
            .any(|used| used.split('.').next() == Some(name)),
        // It does not compile, which was reported when it was decoded. It may use any name, and
        // "nothing uses the capture" would be a second error that only hides the first.
        Err(_) => true,
    }
}
