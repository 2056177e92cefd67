//! `ingam lsp`

use super::check::find_faults;
use super::template_preview::template_renderer;
use crate::cli::args::LspArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::CommandOutput;
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::cli::shown_faults::shown_faults;
use crate::diagnostic::{Diagnostic, FaultCache};
use crate::editor::{EditorHooks, FaultFinder};
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::lsp::{ServerEnd, ServerSettings, serve};
use crate::plan::CommandLineNames;
use std::cell::RefCell;
use std::io::{BufReader, stdin, stdout};
use std::time::Duration;

/// A command that an editor starts and that sends nothing, such as `ingam explain`, ends by then.
const LONGEST_COMMAND: Duration = Duration::from_secs(60);

pub(crate) fn run(invocation: &Invocation<'_>, _args: &LspArgs) -> CommandOutput {
    let host = invocation.host.clone();
    let global = invocation.global.clone();
    let root = global.root.clone();
    let server = ServerSettings {
        threads: host.threads,
        program: host.executable.clone(),
        longest_command: LONGEST_COMMAND,
        state_folder: host.state_folder(),
        root: root.map(|root| host.cwd.join(root)),
        find_root: settings::root_above,
        hooks: Box::new(move || EditorHooks {
            find_faults: fault_finder(host.clone()),
            render: template_renderer(host.clone(), global.clone()),
        }),
    };
    match serve(server, BufReader::new(stdin()), stdout()) {
        ServerEnd::Ordered => CommandOutput::default(),
        // The protocol demands exit code 1 of a server that was not shut down.
        ServerEnd::Abrupt => CommandOutput::ended(ExitStatus::ChecksFailed),
        ServerEnd::Unreadable(reason) => CommandOutput::of_error(
            CommandError::operation(format!("the editor cannot be understood: {reason}"))
                .hint("`ingam lsp` is started by an editor, and talks to it on standard input"),
        ),
    }
}

/// What `ingam check` shows, without options.
fn fault_finder(host: HostContext) -> FaultFinder {
    let cache = RefCell::new(FaultCache::default());
    Box::new(move |loaded| {
        let found = workspace_faults(&host, loaded, &mut cache.borrow_mut());
        let root = &loaded.workspace.root;
        shown_faults(&host, root, &found, &loaded.sources).diagnostics
    })
}

fn workspace_faults(
    host: &HostContext,
    loaded: &LoadedWorkspace,
    cache: &mut FaultCache,
) -> Vec<Diagnostic> {
    let workspace = &loaded.workspace;
    // As `check`: without an environment, names cannot be looked up.
    if settings::has_unknown_default_env(workspace) {
        return loaded.diagnostics.clone();
    }
    let given = CommandLineNames {
        vars: Vec::new(),
        account: None,
        requests: None,
    };
    let found = settings::resolve_environment(workspace, None)
        .and_then(|environment| find_faults(host, loaded, (&environment, &given), cache));
    found.unwrap_or_else(|error| {
        let mut faults = loaded.diagnostics.clone();
        faults.push(Diagnostic::error(error.message).in_file(".env"));
        faults
    })
}
