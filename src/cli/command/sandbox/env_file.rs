//! Addresses and test keys as variables in a file that a shell (`set -a; . FILE`) and docker
//! compose (`env_file`) read alike.

use super::announcement::{AnnouncedMarketplace, SandboxAnnouncement};
use super::env_value::quoted;
use crate::atomic_file::replace_private;
use crate::cli::command_error::CommandError;
use crate::cli::given_hosts::HOST_VARIABLE;
use crate::model::credential_variable::{variable_name, variable_part};
use std::path::Path;

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
    replace_private(path, text.as_bytes()).map_err(|error| {
        CommandError::operation(format!(
            "`--env-file {}` cannot be written: {error}",
            path.display()
        ))
        .hint("name a file in a folder that you can write to")
    })
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
    .hint("a shell and docker compose would read different values: use `--json` or `--ready-file`")
}
