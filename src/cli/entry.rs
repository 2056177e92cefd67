//! Parses the arguments, calls the command and prints what it returns.

use super::args::{CliArgs, Command};
use super::command;
use super::command_error::CommandError;
use super::command_output::{CommandOutput, CommandResult};
use super::completion::{self, COMPLETE_VARIABLE};
use super::exit_status::ExitStatus;
use super::first_steps;
use super::invocation::Invocation;
use super::output::Output;
use super::shown_argument::hide_arguments;
use super::warnings::Warnings;
use crate::diagnostic::similar_names;
use crate::host::{ColorChoice, HostContext};
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};
use std::ffi::OsString;

/// Runs the program. It never panics on input and never prints a secret.
#[must_use]
pub fn run(host: &HostContext) -> ExitStatus {
    let output = Output::new(host);
    if let Some(shell) = host.env_var(COMPLETE_VARIABLE) {
        let found = completion::complete(host, shell).map(CommandOutput::of_data);
        let status = output.print_result(&Warnings::default(), found);
        return finish(&output, status);
    }
    let args = match CliArgs::try_parse_from(&host.args) {
        Ok(args) => args,
        Err(error) => {
            let error = suggest_commands(error, &host.args);
            return finish(&output, print_clap_error(&error, host, &output));
        }
    };
    let coloured;
    let (host, output) = match args.global.color {
        ColorChoice::Auto => (host, output),
        color => {
            coloured = HostContext {
                color,
                ..host.clone()
            };
            (&coloured, Output::new(&coloured))
        }
    };
    let invocation = Invocation::new(host, &args.global);
    // Every command can come to hold a secret, so none runs where a crash would write it down.
    let result = host
        .core_dumps_disabled
        .clone()
        .map_err(CommandError::from)
        .and_then(|()| match &args.command {
            Some(command) => run_command(&invocation, command, &output),
            None => Ok(first_steps::describe(&invocation)),
        });
    let status = output.print_result(&invocation.warnings, result);
    finish(&output, status)
}

fn finish(output: &Output, status: ExitStatus) -> ExitStatus {
    // A script that reads the output must not take the first half of it for all of it.
    match output.finish() {
        Ok(()) => status,
        Err(error) => {
            output.print_error(&error);
            status.most_severe(error.class.into())
        }
    }
}

/// Only commands that print while they work get `output`: a run, prompts, and servers.
fn run_command(invocation: &Invocation<'_>, command: &Command, output: &Output) -> CommandResult {
    match command {
        Command::Run(args) => command::run::run(invocation, args, output),
        Command::Call(args) => command::call::run(invocation, args, output),
        Command::Check(args) => command::check::run(invocation, args),
        Command::List(args) => command::list::run(invocation, args),
        Command::Explain(args) => command::explain::run(invocation, args),
        Command::Export(args) => command::export::run(invocation, args),
        Command::Verify(args) => command::verify::run(invocation, args),
        Command::Scheme(args) => command::scheme::run(invocation, args),
        Command::Auth(args) => command::auth::run(invocation, args, output),
        Command::Budget(args) => command::budget::run(invocation, args),
        Command::Sandbox(args) => command::sandbox::run(invocation, args, output),
        Command::Listen(args) => command::listen::run(invocation, args, output),
        Command::Gateway(args) => command::gateway::run(invocation, args, output),
        Command::Trust(args) => command::trust::run(invocation, args, output),
        Command::Fixture(args) => command::fixture::run(invocation, args),
        Command::Recording(args) => command::recording::run(invocation, args),
        Command::Cleanup(args) => command::cleanup::run(invocation, args, output),
        Command::Snapshot(args) => command::snapshot::run(invocation, args, output),
        Command::Report(args) => command::report::run(invocation, args, output),
        Command::Import(args) => command::import::run(invocation, args),
        Command::Init(args) => command::init::run(invocation.host, args),
        Command::Lsp(args) => Ok(command::lsp::run(invocation, args)),
        Command::Schema(args) => command::schema::run(args),
        Command::Completions(args) => command::completions::run(args),
        Command::RenewHelper => {
            let status = command::renew_helper::run(invocation.host);
            Ok(CommandOutput::ended(status))
        }
    }
}

/// Suggests the commands that a user may write: clap also offers hidden ones, and prefers names that
/// begin alike to names that differ in one letter.
fn suggest_commands(mut error: clap::Error, args: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(written)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let all = CliArgs::command();
    // The commands among which the wrong one was looked up: those after the arguments before it.
    let mut level = &all;
    for arg in args.iter().skip(1).map_while(|arg| arg.to_str()) {
        if arg == written {
            break;
        }
        level = level.find_subcommand(arg).unwrap_or(level);
    }
    let visible = level
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let similar = similar_names(written, visible.map(clap::Command::get_name));
    let similar = similar.into_iter().map(str::to_owned).collect();
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(
        ContextKind::SuggestedSubcommand,
        ContextValue::Strings(similar),
    );
    error
}

/// Help and version are results. Everything else is a usage error.
fn print_clap_error(error: &clap::Error, host: &HostContext, output: &Output) -> ExitStatus {
    let text = error.render();
    let is_mistake = error.use_stderr();
    let style = if is_mistake { output.err } else { output.out };
    let text = if style.has_colour {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    if is_mistake {
        // clap quotes arguments, and one of them can be a secret that was pasted.
        let arguments: Vec<&str> = host.args.iter().filter_map(|arg| arg.to_str()).collect();
        let text = hide_arguments(&text, &arguments, &host.cwd);
        output.print_message(text.trim_end());
        ExitStatus::InvalidUsage
    } else {
        output.print_data(&text);
        ExitStatus::Success
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core_dump::CoreDumpError;
    use crate::host::OutputStream;

    #[test]
    fn no_command_runs_where_a_crash_would_write_secrets_down() {
        let stream = OutputStream {
            is_terminal: false,
            width: 120,
        };
        let host = HostContext {
            args: ["ingam", "schema", "request"].map(Into::into).into(),
            env: std::collections::BTreeMap::new(),
            cwd: "/".into(),
            executable: "/".into(),
            stdout: stream,
            stderr: stream,
            stdin_is_terminal: false,
            threads: 1,
            color: ColorChoice::Auto,
            core_dumps_disabled: Err(CoreDumpError::new("not permitted")),
            clock: || 0,
            random_bytes: || Ok([0; 16]),
        };
        assert_eq!(run(&host), ExitStatus::OperationFailed);
    }
}
