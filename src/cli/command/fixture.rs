//! `ingam fixture`

use crate::cli::args::{FixtureAction, FixtureArgs};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::diagnostic::did_you_mean;
use crate::load::LoadedWorkspace;
use crate::model::fixture::Fixture;
use crate::model::request::SpannedName;
use crate::report::TerminalStyle;

pub(crate) fn run(invocation: &Invocation<'_>, args: &FixtureArgs) -> CommandResult {
    let loaded = settings::load_workspace(invocation)?;
    if loaded.workspace.fixtures.is_empty() {
        return Err(
            CommandError::selection("there is no fixture in `fixtures/`").hint(
                "a fixture creates what must exist before a request: see docs/reference/fixture.md",
            ),
        );
    }
    Ok(CommandOutput::of_data(match &args.action {
        FixtureAction::List => list(&loaded, invocation.stdout),
        FixtureAction::Show { name } => file_text(&loaded, name)?,
        FixtureAction::Graph { dot: true } => render_graphviz(&loaded),
        FixtureAction::Graph { dot: false } => render_tree(&loaded),
    }))
}

/// One line for each fixture: name, scope, and the requests and fixtures that need it.
fn list(loaded: &LoadedWorkspace, style: TerminalStyle) -> String {
    let fixtures = &loaded.workspace.fixtures;
    let lengths = fixtures.iter().map(|fixture| fixture.name.len());
    let widest = lengths.max().unwrap_or(0);
    fixtures
        .iter()
        .map(|fixture| {
            let rest = style.dim(&describe(loaded, fixture));
            format!("{:<widest$}  {rest}", fixture.name)
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn describe(loaded: &LoadedWorkspace, fixture: &Fixture) -> String {
    let users = dependents(loaded, fixture);
    let users = if users.is_empty() {
        "no request needs it".to_owned()
    } else {
        format!("for {}", users.join(", "))
    };
    let auto = if fixture.auto { "  auto" } else { "" };
    let params = if fixture.params.is_empty() {
        String::new()
    } else {
        format!("  × {}", fixture.params.len())
    };
    format!("{:<5}{auto}{params}  {users}", fixture.scope.name())
}

/// The requests and fixtures that need it.
fn dependents(loaded: &LoadedWorkspace, fixture: &Fixture) -> Vec<String> {
    let requests = loaded
        .workspace
        .requests
        .iter()
        .map(|request| (&request.name, &request.needs));
    let fixtures = loaded
        .workspace
        .fixtures
        .iter()
        .map(|other| (&other.name, &other.needs));
    let names = requests
        .chain(fixtures)
        .filter(|(_, needs)| needs.iter().any(|needed| needed.name == fixture.name));
    names.map(|(name, _)| name.clone()).collect()
}

/// The file itself.
fn file_text(loaded: &LoadedWorkspace, name: &str) -> Result<String, CommandError> {
    let workspace = &loaded.workspace;
    let names = workspace.fixtures.iter().map(|one| one.name.as_str());
    workspace
        .fixture(name)
        .and_then(|fixture| loaded.sources.get(fixture.at.file))
        .map(|source| source.text.to_string())
        .ok_or_else(|| {
            CommandError::usage(format!("there is no fixture `{name}`"))
                .hints(did_you_mean(name, names))
        })
}

/// Each request, with the fixtures that it needs below it, directly or through others.
fn render_tree(loaded: &LoadedWorkspace) -> String {
    let mut lines = Vec::new();
    let requests = loaded.workspace.requests.iter();
    for request in requests.filter(|request| !request.needs.is_empty()) {
        lines.push(request.name.clone());
        render_branch(loaded, &needed_names(&request.needs), "", &mut lines);
    }
    for fixture in &loaded.workspace.fixtures {
        let why = match fixture.auto {
            true => "auto",
            false if dependents(loaded, fixture).is_empty() => "no request needs it",
            false => continue,
        };
        let (name, scope) = (&fixture.name, fixture.scope.name());
        lines.push(format!("{name} ({scope}, {why})"));
        render_branch(loaded, &needed_names(&fixture.needs), "", &mut lines);
    }
    lines.join("\n")
}

fn needed_names(needs: &[SpannedName]) -> Vec<&str> {
    needs.iter().map(|needed| needed.name.as_str()).collect()
}

fn render_branch(loaded: &LoadedWorkspace, names: &[&str], before: &str, lines: &mut Vec<String>) {
    // The recursion ends, because the loader refuses fixtures that need each other in a circle.
    for (index, name) in names.iter().enumerate() {
        let is_last = index + 1 == names.len();
        let (mark, next) = if is_last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let Some(fixture) = loaded.workspace.fixture(name) else {
            continue;
        };
        lines.push(format!("{before}{mark}{name} ({})", fixture.scope.name()));
        let needs = needed_names(&fixture.needs);
        render_branch(loaded, &needs, &format!("{before}{next}"), lines);
    }
}

/// For `dot`: requests are boxes, fixtures have their scope below their name.
fn render_graphviz(loaded: &LoadedWorkspace) -> String {
    let mut lines = vec!["digraph fixtures {".to_owned(), "  rankdir=LR;".to_owned()];
    let requests = loaded.workspace.requests.iter();
    for request in requests.filter(|request| !request.needs.is_empty()) {
        // The name of a request is a path, and a path may contain any character. The loader allows
        // only plain names for fixtures.
        let name = request.name.replace('\\', "\\\\").replace('"', "\\\"");
        lines.push(format!("  \"{name}\" [shape=box];"));
        lines.extend(graph_edges(&name, &request.needs));
    }
    for fixture in &loaded.workspace.fixtures {
        let (name, scope) = (&fixture.name, fixture.scope.name());
        lines.push(format!("  \"{name}\" [label=\"{name}\\n{scope}\"];"));
        lines.extend(graph_edges(name, &fixture.needs));
    }
    lines.push("}".to_owned());
    lines.join("\n")
}

fn graph_edges(name: &str, needs: &[SpannedName]) -> Vec<String> {
    needs
        .iter()
        .map(|needed| format!("  \"{name}\" -> \"{}\";", needed.name))
        .collect()
}
