//! `ingam schema`

use crate::cli::ExitStatus;
use crate::cli::args::SchemaArgs;
use crate::cli::output::Output;

pub(crate) fn run(args: &SchemaArgs, output: &Output) -> ExitStatus {
    match crate::load::schema_of(&args.kind) {
        Some(text) => {
            output.print_data(text);
            ExitStatus::Success
        }
        None => ExitStatus::InvalidUsage,
    }
}
