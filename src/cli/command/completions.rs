//! `ingam completions`

use crate::cli::args::CompletionsArgs;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::completion;

pub(crate) fn run(args: &CompletionsArgs) -> CommandResult {
    let script = completion::registration(&args.shell.to_string())?;
    Ok(CommandOutput::of_data(script))
}
