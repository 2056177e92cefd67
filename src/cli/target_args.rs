//! The arguments that say where requests go, which several commands share. The `///` comments are the
//! text of `--help`.

use clap::Args;
use std::path::PathBuf;

/// Where requests go and with which variables.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct TargetArgs {
    /// The environment. The default is `default_env` in ingam.yaml, or else the sandbox
    #[arg(long, short, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// The account. Overrides the account in files
    #[arg(long, short, value_name = "NAME")]
    pub(super) account: Option<String>,
    /// Set a variable. Overrides the value in files. Not for secrets. Repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) var: Vec<String>,
    /// Set a variable whose value is always text, even if it looks like a number. Repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) var_text: Vec<String>,
    /// Read variables from a YAML or JSON file. Overrides values in files; `--var` overrides it.
    /// Repeatable
    #[arg(long, value_name = "FILE")]
    pub(super) vars: Vec<PathBuf>,
    /// Send the requests of a scheme to this host. Not available in the sandbox. Repeatable
    #[arg(long, value_name = "SCHEME=URL")]
    pub(super) host: Vec<String>,
}
