//! The arguments of `ingam export`. The `///` comments are the text of `--help`.

use super::target_args::TargetArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  ingam export curl shopee/shop_info --env live
  ingam export har coupang/product_search --env live -o search.har
  ingam export postman 'shopee/shop_info@sg' --env live -o shop.postman.json
  ingam export python shopee/shop_info --env live -o shop_info.py";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExportArgs {
    /// The format
    #[arg(value_name = "FORMAT")]
    pub(super) format: ExportFormat,
    /// The request, or `flow::step` for one step of a flow
    #[arg(value_name = "REQUEST")]
    pub(super) id: String,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Sign for this time: 2026-11-22T09:00:00Z, 2026-11-22, or Unix seconds or milliseconds.
    /// A program signs for the time at which it runs
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Replace the file of `-o` if it exists
    #[arg(long, requires = "output")]
    pub(super) overwrite: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// A curl command for a POSIX shell that sends the same bytes as ingam
    Curl,
    /// HAR 1.2 with one entry
    Har,
    /// A Postman collection, format 2.1
    Postman,
    /// A program for Python 3.8 or later that signs by the steps of the scheme
    Python,
    /// A program for Node 18 or later that signs by the steps of the scheme
    Node,
    /// A program for Java 17 or later that signs by the steps of the scheme
    Java,
}
