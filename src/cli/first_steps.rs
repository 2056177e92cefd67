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
            ("ingam list", "the requests of this workspace"),
            (
                "ingam explain REQUEST",
                "how one of them is signed, line by line",
            ),
            (
                "ingam check",
                "every mistake that can be found without sending anything",
            ),
        ]
    } else {
        &[
            (
                "ingam init",
                "make a small workspace here, which runs at once",
            ),
            (
                "ingam verify FILE",
                "why is the signature of a curl command line wrong?",
            ),
            (
                "ingam sandbox",
                "marketplaces on this machine, for your own program",
            ),
            ("ingam scheme list", "the marketplaces that are known"),
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
        "a command is missing; begin with one of these:\n\n{}\n\n`ingam --help` shows all commands, `ingam COMMAND --help` the options of one.",
        lines.join("\n")
    ));
    output.end_with(ExitStatus::InvalidUsage);
    output
}
