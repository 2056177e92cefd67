//! `ingam completions`

use crate::cli::ExitStatus;
use crate::cli::args::{CliArgs, CompletionsArgs};
use clap::CommandFactory;

pub(crate) fn run(args: &CompletionsArgs) -> ExitStatus {
    clap_complete::generate(
        args.shell,
        &mut CliArgs::command(),
        "ingam",
        &mut std::io::stdout(),
    );
    ExitStatus::Success
}
