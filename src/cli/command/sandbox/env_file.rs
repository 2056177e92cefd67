//! Addresses and test keys as variables in a file that a shell (`set -a; . FILE`) and docker
//! compose (`env_file`) read alike.

use super::announcement::{AnnouncedMarketplace, SandboxAnnouncement};
use super::env_value::quoted;
use crate::atomic_file::replace_private;
use crate::cli::command_error::CommandError;
use crate::cli::given_hosts::HOST_VARIABLE;
use crate::model::credential_variable::{variable_name, variable_part};
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_text};
use std::io::ErrorKind;
use std::path::Path;

/// Refuses to replace what no sandbox wrote, such as the `.env` of a workspace with real keys.
///
/// # Errors
/// When there is such a file, or it cannot be read.
pub(super) fn claim(path: &Path) -> Result<(), CommandError> {
    match read_plain_text(path, MAX_TEXT_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unusable(path, &error)),
        Ok(text) if is_of_a_sandbox(&text) => Ok(()),
        Ok(_) => Err(CommandError::usage(format!(
            "`--env-file {}` is a file that the sandbox did not write",
            path.display()
        ))
        .hint("it would be overwritten: choose another file, or delete this one")),
    }
}

/// It begins with an address and has nothing but addresses and keys. There is no comment at its head
/// that would say so, because programs read it line by line.
fn is_of_a_sandbox(text: &str) -> bool {
    let is_ours = |line: &str| line.starts_with("INGAM_") && line.contains('=');
    let mut lines = text.lines();
    lines
        .next()
        .is_none_or(|line| line.starts_with(HOST_VARIABLE))
        && lines.all(is_ours)
}

/// # Errors
/// When a value cannot be written so that both readers understand it, or the file cannot be
/// written.
pub(super) fn write(path: &Path, announcement: &SandboxAnnouncement) -> Result<(), CommandError> {
    let mut text = String::new();
    for marketplace in &announcement.marketplaces {
        for (name, value) in variables(marketplace) {
            let value = quoted(&value).ok_or_else(|| unwritable_value(&name))?;
            text.push_str(&format!("{name}={value}\n"));
        }
    }
    for (name, value) in [
        ("INGAM_SANDBOX_PROXY", &announcement.proxy_url),
        ("INGAM_SANDBOX_CA", &announcement.ca_file),
    ] {
        if let Some(value) = value {
            let value = quoted(value).ok_or_else(|| unwritable_value(name))?;
            text.push_str(&format!("{name}={value}\n"));
        }
    }
    replace_private(path, text.as_bytes()).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::operation(format!(
        "`--env-file {}` cannot be written: {error}",
        path.display()
    ))
    .hint("choose a file in a folder that you can write to")
}

/// Named as in the environment of `run`: with the account where there are several.
fn variables(marketplace: &AnnouncedMarketplace) -> Vec<(String, String)> {
    let scheme = &marketplace.scheme;
    let host = format!("{HOST_VARIABLE}{}", variable_part(scheme));
    let mut variables = vec![(host, marketplace.base_url.clone())];
    let names_account = marketplace.accounts.len() > 1;
    for account in &marketplace.accounts {
        let of_account = names_account.then_some(account.name.as_str());
        for (name, value) in &account.credentials {
            let name = variable_name(scheme, None, of_account, name);
            variables.push((name, value.clone()));
        }
    }
    variables
}

fn unwritable_value(name: &str) -> CommandError {
    CommandError::operation(format!(
        "the value of {name} cannot be written to an env file: it has a `'`, or a `\\` at its end"
    ))
    .hint("a shell and docker compose would read it differently: use `--json` or `--ready-file` instead")
}
