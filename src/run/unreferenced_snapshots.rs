//! Finds snapshots that no run compares: of a request, step, case or account that no longer exists.
//! It deletes nothing.

use super::snapshot_check::step_snapshot_path;
use crate::model::environment::{ALL_ACCOUNTS, SANDBOX_ENV};
use crate::model::request::Request;
use crate::model::workspace::Workspace;
use crate::plan::{MAX_UNITS, Unit};
use crate::snapshot::{SnapshotError, SnapshotLocation, find_snapshots};
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

/// Snapshots below `requests/` that belong to no step, case, param or account of any request.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn unreferenced_snapshots(
    workspace: &Workspace,
) -> Result<Vec<SnapshotLocation>, SnapshotError> {
    let mut found = find_snapshots(&workspace.root)?;
    if !found.is_empty() {
        let mut known: HashSet<PathBuf> = HashSet::new();
        for request in &workspace.requests {
            known.extend(snapshot_paths(request, workspace)?);
        }
        found.retain(|kept| !known.contains(&kept.path));
    }
    Ok(found)
}

/// The path of every snapshot that a request can have, in any environment.
///
/// # Errors
/// When it has more units than a run can have.
fn snapshot_paths(request: &Request, workspace: &Workspace) -> Result<Vec<PathBuf>, SnapshotError> {
    if Unit::count(request, Some(SANDBOX_ENV), workspace, SANDBOX_ENV) > MAX_UNITS {
        return Err(SnapshotError::TooManyUnits(request.name.clone()));
    }
    let accounts = possible_accounts(request, workspace);
    let mut paths = Vec::new();
    // One unit for each case and param. The accounts of the plan do not matter: a snapshot stays in
    // use if any environment has its account.
    for unit in Unit::expand(request, Some(SANDBOX_ENV), workspace, SANDBOX_ENV) {
        for account in &accounts {
            let unit = Unit {
                account: account.clone(),
                ..unit.clone()
            };
            paths.extend(
                request
                    .steps
                    .iter()
                    .map(|step| step_snapshot_path(&unit, step)),
            );
        }
    }
    Ok(paths)
}

/// Every account that an id of the request can name; `None` if the id can be without one. The
/// sandbox knows the accounts of all environments.
fn possible_accounts(request: &Request, workspace: &Workspace) -> BTreeSet<Option<String>> {
    let schemes = request.steps.iter().map(|step| step.scheme.name.as_str());
    let known = schemes.flat_map(|scheme| workspace.accounts(SANDBOX_ENV, scheme));
    let mut accounts: BTreeSet<Option<String>> =
        known.map(|account| Some(account.name.clone())).collect();
    match request
        .account
        .as_ref()
        .map(|account| account.name.as_str())
    {
        None => _ = accounts.insert(None),
        Some(ALL_ACCOUNTS) if accounts.is_empty() => _ = accounts.insert(None),
        Some(ALL_ACCOUNTS) => {}
        Some(name) => _ = accounts.insert(Some(name.to_owned())),
    }
    accounts
}
