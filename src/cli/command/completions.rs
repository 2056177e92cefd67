//! `ingam completions`

use crate::cli::args::{CliArgs, CompletionsArgs};
use crate::cli::command_output::CommandOutput;
use clap::CommandFactory;

pub(crate) fn run(args: &CompletionsArgs) -> CommandOutput {
    // To memory first: the generator panics if its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut CliArgs::command(), "ingam", &mut script);
    CommandOutput::of_data(String::from_utf8_lossy(&script))
}
