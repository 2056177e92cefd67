//! The arguments that say where requests go, which several commands share. The `///` comments are the
//! text of `--help`.

use clap::Args;
use std::path::PathBuf;

/// Where requests go and with which variables.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct TargetArgs {
    /// The environment; by default ingam.yaml's `default_env`, or the sandbox
    #[arg(long, short, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// The account, over what the files say
    #[arg(long, short, value_name = "NAME")]
    pub(super) account: Option<String>,
    /// A variable, over what the files say; never a secret
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) var: Vec<String>,
    /// The same, and the value is text whatever it looks like
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) var_text: Vec<String>,
    /// A YAML or JSON file of variables, over what the files say; `--var` overrides it
    #[arg(long, value_name = "FILE")]
    pub(super) vars: Vec<PathBuf>,
    /// A host in place of all hosts of a scheme; not in the sandbox. Repeatable
    #[arg(long, value_name = "SCHEME=URL")]
    pub(super) host: Vec<String>,
}
