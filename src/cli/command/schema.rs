//! `ingam schema`

use crate::cli::Exit;
use crate::cli::args::SchemaArgs;
use crate::cli::output::Output;

pub fn run(args: &SchemaArgs, output: &Output) -> Exit {
    match crate::load::schema_of(&args.kind) {
        Some(text) => {
            output.data(text);
            Exit::Success
        }
        None => Exit::Usage,
    }
}
