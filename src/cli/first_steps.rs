//! `ingam` alone: where to begin, in this folder.

use super::command_output::CommandOutput;
use super::exit_status::ExitStatus;
use super::invocation::Invocation;
use super::settings;

/// A command is missing, so that a script whose variable is empty does not pass.
pub(super) fn describe(invocation: &Invocation<'_>) -> CommandOutput {
    let root = settings::find_root(invocation.host, invocation.global);
    let lines: &[(&str, &str)] = if root.join("requests").is_dir() {
        &[
            (
                "ingam run",
                "sign, send and check all requests, in the sandbox",
            ),
            ("ingam list", "list the requests of this workspace"),
            (
                "ingam explain REQUEST",
                "show how a request is signed, step by step",
            ),
            (
                "ingam check",
                "check all files for errors, without sending anything",
            ),
        ]
    } else {
        &[
            (
                "ingam init",
                "create a small workspace here that is ready to run",
            ),
            (
                "ingam verify FILE",
                "find out why the signature of a curl command is wrong",
            ),
            (
                "ingam sandbox",
                "run test marketplaces on this machine, for your own programs",
            ),
            ("ingam scheme list", "list the built-in marketplaces"),
        ]
    };
    let widest = lines.iter().map(|(command, _)| command.len()).max();
    let widest = widest.unwrap_or(0);
    let lines = lines.iter().map(|(command, does)| {
        let gap = " ".repeat(widest - command.len());
        format!("  {}{gap}  {does}", invocation.stdout.bold(command))
    });
    let lines: Vec<String> = lines.collect();
    let mut output = CommandOutput::of_message(format!(
        "a command is missing. Start with one of these:\n\n{}\n\n`ingam --help` lists all commands, `ingam COMMAND --help` lists the options of a command.",
        lines.join("\n")
    ));
    output.end_with(ExitStatus::InvalidUsage);
    output
}
