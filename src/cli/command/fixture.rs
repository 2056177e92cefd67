//! `ingam fixture`

use crate::cli::ExitStatus;
use crate::cli::args::{FixtureAction, FixtureArgs, GlobalArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::did_you_mean;
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::fixture::Fixture;

pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &FixtureArgs,
    output: &Output,
) -> ExitStatus {
    let loaded = match settings::load_workspace(host, global, output) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if loaded.workspace.fixtures.is_empty() {
        output.print_error(
            "there is no fixture in `fixtures/`",
            &["a fixture says what must exist before a request: see docs/language.md".to_owned()],
        );
        return ExitStatus::NothingSelected;
    }
    match &args.action {
        FixtureAction::List => output.print_data(&list(&loaded, output)),
        FixtureAction::Show { name } => return show_file(&loaded, name, output),
        FixtureAction::Graph { dot } => output.print_data(&if *dot {
            render_graphviz(&loaded)
        } else {
            render_tree(&loaded)
        }),
    }
    ExitStatus::Success
}

/// Name, scope, and who needs it.
fn list(loaded: &LoadedWorkspace, output: &Output) -> String {
    let widest = loaded
        .workspace
        .fixtures
        .iter()
        .map(|fixture| fixture.name.len())
        .max()
        .unwrap_or(0);
    let line = |fixture: &Fixture| {
        let users = dependents(loaded, fixture);
        let users = if users.is_empty() {
            "nobody needs it".to_owned()
        } else {
            format!("for {}", users.join(", "))
        };
        let auto = if fixture.auto { "  auto" } else { "" };
        let params = if fixture.params.is_empty() {
            String::new()
        } else {
            format!("  × {}", fixture.params.len())
        };
        let rest = format!("{:<5}{auto}{params}  {users}", fixture.scope.name());
        format!("{:<widest$}  {}", fixture.name, output.out.dim(&rest))
    };
    loaded
        .workspace
        .fixtures
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Requests and fixtures that name it.
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
fn show_file(loaded: &LoadedWorkspace, name: &str, output: &Output) -> ExitStatus {
    let Some(fixture) = loaded.workspace.fixture(name) else {
        let names = loaded
            .workspace
            .fixtures
            .iter()
            .map(|fixture| fixture.name.as_str());
        output.print_error(
            &format!("there is no fixture `{name}`"),
            &did_you_mean(name, names).into_iter().collect::<Vec<_>>(),
        );
        return ExitStatus::InvalidUsage;
    };
    let source = loaded.sources.get(fixture.at.file);
    output.print_data(source.map_or("", |source| &source.text));
    ExitStatus::Success
}

/// Each request with what it needs, and what that needs.
fn render_tree(loaded: &LoadedWorkspace) -> String {
    let mut lines = Vec::new();
    for request in loaded
        .workspace
        .requests
        .iter()
        .filter(|request| !request.needs.is_empty())
    {
        lines.push(request.name.clone());
        render_branch(
            loaded,
            &request
                .needs
                .iter()
                .map(|needed| needed.name.as_str())
                .collect::<Vec<_>>(),
            "",
            &mut lines,
        );
    }
    for fixture in loaded
        .workspace
        .fixtures
        .iter()
        .filter(|fixture| fixture.auto || dependents(loaded, fixture).is_empty())
    {
        let why = if fixture.auto {
            "auto"
        } else {
            "nobody needs it"
        };
        lines.push(format!(
            "{} ({}, {why})",
            fixture.name,
            fixture.scope.name()
        ));
        render_branch(
            loaded,
            &fixture
                .needs
                .iter()
                .map(|needed| needed.name.as_str())
                .collect::<Vec<_>>(),
            "",
            &mut lines,
        );
    }
    lines.join("\n")
}

fn render_branch(loaded: &LoadedWorkspace, names: &[&str], before: &str, lines: &mut Vec<String>) {
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
        let needs: Vec<&str> = fixture
            .needs
            .iter()
            .map(|needed| needed.name.as_str())
            .collect();
        render_branch(loaded, &needs, &format!("{before}{next}"), lines);
    }
}

/// For `dot`: requests are boxes, fixtures have their scope below their name.
fn render_graphviz(loaded: &LoadedWorkspace) -> String {
    let quoted = |name: &str| name.replace('\\', "\\\\").replace('"', "\\\"");
    let mut lines = vec!["digraph fixtures {".to_owned(), "  rankdir=LR;".to_owned()];
    for request in loaded
        .workspace
        .requests
        .iter()
        .filter(|request| !request.needs.is_empty())
    {
        lines.push(format!("  \"{}\" [shape=box];", quoted(&request.name)));
        lines.extend(
            request
                .needs
                .iter()
                .map(|needed| format!("  \"{}\" -> \"{}\";", quoted(&request.name), needed.name)),
        );
    }
    for fixture in &loaded.workspace.fixtures {
        lines.push(format!(
            "  \"{0}\" [label=\"{0}\\n{1}\"];",
            fixture.name,
            fixture.scope.name()
        ));
        lines.extend(
            fixture
                .needs
                .iter()
                .map(|needed| format!("  \"{}\" -> \"{}\";", fixture.name, needed.name)),
        );
    }
    lines.push("}".to_owned());
    lines.join("\n")
}
