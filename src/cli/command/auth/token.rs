//! `ingam auth token`: prints an access token. It is the only command that prints a secret.

use super::context::AuthContext;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::model::environment::DEFAULT_ACCOUNT;
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use crate::run::access_token;
use std::sync::Arc;

pub(super) async fn run(
    auth: &AuthContext<'_>,
    account: &str,
    scheme: Option<&str>,
    env: Option<&str>,
) -> CommandResult {
    let room = auth.open_workspace(env).await?;
    let workspace = &room.loaded.workspace;
    let environment = &room.context.options.environment;
    let scheme = match scheme {
        Some(name) => auth.find_scheme(name)?,
        None => scheme_of_account(workspace, environment, account)?,
    };
    let level = &scheme.levels[scheme.default_level];
    // A scheme without accounts in ingam.yaml has one, whose name is not declared anywhere.
    let named = Some(account).filter(|_| !workspace.accounts(environment, &scheme.name).is_empty());
    let access = room.context.access((scheme, level, &level.host), named)?;
    let token = access_token(&room.context, scheme, &access)
        .await
        .map_err(|failure| room.renewal_error(&failure))?;
    // Not redacted, on purpose: `$(ingam auth token main)` is how other tools get it.
    Ok(CommandOutput::of_data(token.expose().as_str()))
}

/// The only scheme that has an account of this name.
fn scheme_of_account<'w>(
    workspace: &'w Workspace,
    environment: &str,
    account: &str,
) -> Result<&'w Arc<Scheme>, CommandError> {
    let has = |scheme: &&Arc<Scheme>| {
        let accounts = workspace.accounts(environment, &scheme.name);
        let is_default =
            account == DEFAULT_ACCOUNT && accounts.is_empty() && !scheme.tokens.is_empty();
        is_default || accounts.iter().any(|known| known.name == account)
    };
    let schemes: Vec<&Arc<Scheme>> = workspace.schemes.iter().filter(has).collect();
    match schemes.as_slice() {
        [only] => Ok(only),
        [] => Err(CommandError::usage(format!(
            "there is no account `{account}` in environment `{environment}`"
        ))
        .hint("add it under `envs` in ingam.yaml, or choose another account")),
        several => {
            let names = several.iter().map(|scheme| scheme.name.as_str());
            let names = crate::diagnostic::join_names(names, "and");
            Err(
                CommandError::usage(format!("the schemes {names} have an account `{account}`"))
                    .hint("choose one with `--scheme`"),
            )
        }
    }
}
