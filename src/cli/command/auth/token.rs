//! `ingam auth token`: the one command that prints a secret, since that is what it was asked for.

use super::AuthContext;
use crate::cli::ExitStatus;
use crate::model::environment::DEFAULT_ACCOUNT;
use crate::model::scheme::Scheme;
use crate::run::access_token;
use std::sync::Arc;

pub(super) async fn run(
    desk: &AuthContext<'_>,
    account: &str,
    scheme: Option<&str>,
    env: Option<&str>,
) -> Result<ExitStatus, ExitStatus> {
    let room = desk.open_workspace(env).await?;
    let workspace = &room.loaded.workspace;
    let environment = &room.context.options.environment;
    let is_default = account == DEFAULT_ACCOUNT;
    let has = |scheme: &&Arc<Scheme>| {
        let accounts = workspace.accounts(environment, &scheme.name);
        let is_only = is_default && accounts.is_empty() && !scheme.tokens.is_empty();
        is_only || accounts.iter().any(|known| known.name == account)
    };
    let schemes: Vec<&Arc<Scheme>> = workspace.schemes.iter().filter(has).collect();
    let chosen = match (scheme, schemes.as_slice()) {
        (Some(name), _) => desk.find_scheme(room.loaded, name)?,
        (None, [only]) => Arc::clone(only),
        (None, []) => {
            let text = format!("there is no account `{account}` in environment `{environment}`");
            return Err(desk.usage_error(&text, "accounts stand under `envs` in ingam.yaml"));
        }
        (None, several) => {
            let names = crate::diagnostic::join_names(
                several.iter().map(|scheme| scheme.name.as_str()),
                "and",
            );
            return Err(desk.usage_error(
                &format!("{names} have an account `{account}`"),
                "name one with `--scheme`",
            ));
        }
    };
    let level = &chosen.levels[chosen.default_level];
    let named = Some(account).filter(|_| !workspace.accounts(environment, &chosen.name).is_empty());
    let access = room
        .context
        .access(&chosen, level, named)
        .map_err(|error| desk.report_access_error(&error))?;
    let token = access_token(&room.context, &chosen, &access).await;
    desk.output.print_data(
        &token.map_err(|failure| desk.report_renewal_failure(&room.context, &failure))?,
    );
    Ok(ExitStatus::Success)
}
