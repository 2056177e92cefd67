//! The schemes that a command of `ingam auth` needs which names none: those that ingam.yaml or the
//! token store names. To decode every built-in one takes longer than all the rest of the command.

use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::model::workspace::Workspace;
use crate::tokens::{StoreError, StoreLocation, TokenStore};
use std::collections::HashSet;

/// The names; `None` if they are not worth to be looked for: to connect to a database a second time
/// takes longer than to decode every scheme.
pub(super) async fn used_schemes(
    invocation: &Invocation<'_>,
    workspace: &Workspace,
) -> Result<Option<HashSet<String>>, StoreError> {
    let host = invocation.host;
    let config = settings::store_config(host, invocation.global)?;
    if !matches!(config.location, StoreLocation::Folder(_)) {
        return Ok(None);
    }
    let store = TokenStore::open(&config, host.clock_and_rng()).await?;
    let mut names = named_in_environments(workspace);
    // The command itself reads the store again, and says which records cannot be read.
    let records = store.list().await?.into_iter().flatten();
    names.extend(records.map(|record| record.key.scheme));
    Ok(Some(names))
}

/// The schemes that ingam.yaml names, and those of the workspace itself.
pub(super) fn named_in_environments(workspace: &Workspace) -> HashSet<String> {
    let mut names: HashSet<String> = HashSet::new();
    for environment in &workspace.environments {
        let accounts = environment.accounts.iter().map(|account| &account.scheme);
        let hosts = environment.hosts.iter().map(|(scheme, _)| scheme);
        let regions = environment.regions.iter().map(|(scheme, _)| scheme);
        names.extend(accounts.chain(hosts).chain(regions).cloned());
    }
    let own = workspace.schemes.iter().map(|scheme| scheme.name.clone());
    names.extend(own);
    names
}
