//! `ingam schema`

use crate::cli::args::SchemaArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};

pub(crate) fn run(args: &SchemaArgs) -> CommandResult {
    crate::load::schema_of(&args.kind)
        .map(CommandOutput::of_data)
        .ok_or_else(|| CommandError::usage(format!("there is no schema `{}`", args.kind)))
}
