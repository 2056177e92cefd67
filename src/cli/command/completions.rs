//! `ingam completions`

use crate::cli::Exit;
use crate::cli::args::{Args, CompletionsArgs};
use clap::CommandFactory;

pub fn run(args: &CompletionsArgs) -> Exit {
    clap_complete::generate(args.shell, &mut Args::command(), "ingam", &mut std::io::stdout());
    Exit::Success
}
