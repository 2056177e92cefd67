//! `ingam fixture`

use crate::cli::Exit;
use crate::cli::args::{FixtureAct, FixtureArgs, Global};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::did_you_mean;
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::fixture::Fixture;

pub fn run(host: &HostContext, global: &Global, args: &FixtureArgs, output: &Output) -> Exit {
    let loaded = match settings::workspace(host, global, output) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if loaded.workspace.fixtures.is_empty() {
        output.error(
            "there is no fixture in `fixtures/`",
            &["a fixture says what must exist before a request: see docs/language.md".to_owned()],
        );
        return Exit::NothingSelected;
    }
    match &args.act {
        FixtureAct::List => output.data(&list(&loaded, output)),
        FixtureAct::Show { name } => return show(&loaded, name, output),
        FixtureAct::Graph { dot } => output.data(&if *dot { graphviz(&loaded) } else { tree(&loaded) }),
    }
    Exit::Success
}

/// Name, scope, and who needs it.
fn list(loaded: &LoadedWorkspace, output: &Output) -> String {
    let widest = loaded.workspace.fixtures.iter().map(|fixture| fixture.name.len()).max().unwrap_or(0);
    let line = |fixture: &Fixture| {
        let users = users(loaded, fixture);
        let users = if users.is_empty() { "nobody needs it".to_owned() } else { format!("for {}", users.join(", ")) };
        let auto = if fixture.auto { "  auto" } else { "" };
        let params = if fixture.params.is_empty() { String::new() } else { format!("  × {}", fixture.params.len()) };
        let rest = format!("{:<5}{auto}{params}  {users}", fixture.scope.name());
        format!("{:<widest$}  {}", fixture.name, output.out.dim(&rest))
    };
    loaded.workspace.fixtures.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Requests and fixtures that name it.
fn users(loaded: &LoadedWorkspace, fixture: &Fixture) -> Vec<String> {
    let requests = loaded.workspace.requests.iter().map(|request| (&request.name, &request.needs));
    let fixtures = loaded.workspace.fixtures.iter().map(|other| (&other.name, &other.needs));
    let names = requests.chain(fixtures).filter(|(_, needs)| needs.iter().any(|needed| needed.name == fixture.name));
    names.map(|(name, _)| name.clone()).collect()
}

/// The file itself.
fn show(loaded: &LoadedWorkspace, name: &str, output: &Output) -> Exit {
    let Some(fixture) = loaded.workspace.fixture(name) else {
        let names = loaded.workspace.fixtures.iter().map(|fixture| fixture.name.as_str());
        output.error(&format!("there is no fixture `{name}`"), &did_you_mean(name, names).into_iter().collect::<Vec<_>>());
        return Exit::Usage;
    };
    let source = loaded.sources.get(fixture.at.file);
    output.data(source.map_or("", |source| &source.text));
    Exit::Success
}

/// Each request with what it needs, and what that needs.
fn tree(loaded: &LoadedWorkspace) -> String {
    let mut lines = Vec::new();
    for request in loaded.workspace.requests.iter().filter(|request| !request.needs.is_empty()) {
        lines.push(request.name.clone());
        branch(loaded, &request.needs.iter().map(|needed| needed.name.as_str()).collect::<Vec<_>>(), "", &mut lines);
    }
    for fixture in loaded.workspace.fixtures.iter().filter(|fixture| fixture.auto || users(loaded, fixture).is_empty()) {
        let why = if fixture.auto { "auto" } else { "nobody needs it" };
        lines.push(format!("{} ({}, {why})", fixture.name, fixture.scope.name()));
        branch(loaded, &fixture.needs.iter().map(|needed| needed.name.as_str()).collect::<Vec<_>>(), "", &mut lines);
    }
    lines.join("\n")
}

fn branch(loaded: &LoadedWorkspace, names: &[&str], before: &str, lines: &mut Vec<String>) {
    for (index, name) in names.iter().enumerate() {
        let is_last = index + 1 == names.len();
        let (mark, next) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let Some(fixture) = loaded.workspace.fixture(name) else { continue };
        lines.push(format!("{before}{mark}{name} ({})", fixture.scope.name()));
        let needs: Vec<&str> = fixture.needs.iter().map(|needed| needed.name.as_str()).collect();
        branch(loaded, &needs, &format!("{before}{next}"), lines);
    }
}

/// For `dot`: requests are boxes, fixtures have their scope below their name.
fn graphviz(loaded: &LoadedWorkspace) -> String {
    let quoted = |name: &str| name.replace('\\', "\\\\").replace('"', "\\\"");
    let mut lines = vec!["digraph fixtures {".to_owned(), "  rankdir=LR;".to_owned()];
    for request in loaded.workspace.requests.iter().filter(|request| !request.needs.is_empty()) {
        lines.push(format!("  \"{}\" [shape=box];", quoted(&request.name)));
        lines.extend(request.needs.iter().map(|needed| format!("  \"{}\" -> \"{}\";", quoted(&request.name), needed.name)));
    }
    for fixture in &loaded.workspace.fixtures {
        lines.push(format!("  \"{0}\" [label=\"{0}\\n{1}\"];", fixture.name, fixture.scope.name()));
        lines.extend(fixture.needs.iter().map(|needed| format!("  \"{}\" -> \"{}\";", fixture.name, needed.name)));
    }
    lines.push("}".to_owned());
    lines.join("\n")
}
