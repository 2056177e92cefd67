//! What `deploy/` and `action.yml` hold: installers, the action, and the jobs of other systems. They
//! are validated with the schemas of their systems and run as far as a machine allows.

mod action;
mod installers;
mod kubernetes;
mod schemas;

use super::program::root;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A program that `tests/deploy/install.sh` installs. Without it a machine of a developer runs
/// nothing, and CI fails.
fn validator(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("INGAM_TEST_DEPLOY")
        .map_or_else(|| root().join("target/deploy"), PathBuf::from);
    let program = folder.join("venv/bin").join(name);
    if program.exists() {
        return Some(program);
    }
    let message = format!("skipped: {name} is not installed: tests/deploy/install.sh");
    assert!(std::env::var_os("CI").is_none(), "{message}");
    println!("{message}");
    None
}

/// A script of `deploy/`, with nothing of this process's environment but the path of programs.
fn script(shell: &str, path: &str) -> Command {
    let mut command = Command::new(shell);
    command
        .arg(root().join("deploy").join(path))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}
