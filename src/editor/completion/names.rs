//! The names of things that other files define.

use crate::editor::workspace::EditorWorkspace;
use crate::load::scheme_names;
use crate::model::environment::{ALL_ACCOUNTS, LIVE_ENV, SANDBOX_ENV};
use crate::model::request::Request;
use std::collections::BTreeMap;

/// A name and what it is.
pub(super) type NamedThing = (String, Option<String>);

/// Every scheme, with its title where it is loaded.
pub(super) fn schemes(editor: &EditorWorkspace) -> Vec<NamedThing> {
    let workspace = &editor.loaded().workspace;
    let names = scheme_names(workspace).into_iter();
    names
        .map(|name| {
            let scheme = workspace.scheme(name);
            let title = scheme.and_then(|scheme| scheme.title.clone());
            (name.to_owned(), title)
        })
        .collect()
}

pub(super) fn levels(editor: &EditorWorkspace, scheme: &str) -> Vec<NamedThing> {
    let Some(scheme) = editor.scheme(scheme) else {
        return Vec::new();
    };
    let levels = scheme.levels.iter().filter(|level| !level.name.is_empty());
    levels
        .map(|level| (level.name.clone(), Some(format!("of {}", scheme.name))))
        .collect()
}

/// The accounts of a scheme, or of all.
pub(super) fn accounts(editor: &EditorWorkspace, scheme: Option<&str>) -> Vec<NamedThing> {
    let mut found = BTreeMap::new();
    for environment in &editor.loaded().workspace.environments {
        for account in &environment.accounts {
            if scheme.is_none_or(|scheme| scheme == account.scheme) {
                let what = format!("{}, in {}", account.scheme, environment.name);
                found.entry(account.name.clone()).or_insert(what);
            }
        }
    }
    let all = (
        ALL_ACCOUNTS.to_owned(),
        Some("once for each account".to_owned()),
    );
    let found = found.into_iter().map(|(name, what)| (name, Some(what)));
    found.chain([all]).collect()
}

pub(super) fn environments(editor: &EditorWorkspace) -> Vec<NamedThing> {
    let written = editor.loaded().workspace.environments.iter();
    let mut names: Vec<String> = written.map(|one| one.name.clone()).collect();
    names.extend([SANDBOX_ENV, LIVE_ENV].map(str::to_owned));
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| (name, None)).collect()
}

pub(super) fn fixtures(editor: &EditorWorkspace) -> Vec<NamedThing> {
    let fixtures = editor.names_in("fixtures");
    fixtures.into_iter().map(|name| (name, None)).collect()
}

pub(super) fn requests(editor: &EditorWorkspace) -> Vec<NamedThing> {
    let requests = editor.names_in("requests");
    requests.into_iter().map(|name| (name, None)).collect()
}

/// The tags that requests have, each with their number.
pub(super) fn tags(editor: &EditorWorkspace) -> Vec<NamedThing> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let requests: &[Request] = &editor.loaded().workspace.requests;
    for tag in requests.iter().flat_map(|request| &request.tags) {
        *counts.entry(tag).or_default() += 1;
    }
    let counts = counts.into_iter();
    counts
        .map(|(tag, count)| {
            let what = crate::diagnostic::pluralize(count, "file");
            (tag.to_owned(), Some(what))
        })
        .collect()
}

/// The paths of a scheme that recordings and other requests know, such as those that an import wrote,
/// each with its methods.
pub(super) fn marketplace_paths(
    editor: &EditorWorkspace,
    own_name: &str,
    scheme: Option<&str>,
) -> Vec<NamedThing> {
    let workspace = &editor.loaded().workspace;
    let mut found: BTreeMap<String, BTreeMap<&str, String>> = BTreeMap::new();
    let is_meant = |name: &str| scheme.is_none_or(|scheme| scheme == name);
    for recording in workspace
        .recordings
        .iter()
        .filter(|one| is_meant(&one.scheme))
    {
        for exchange in &recording.exchanges {
            let request = &exchange.request;
            let methods = found.entry(request.path.clone()).or_default();
            let origin = || format!("recorded in {}", recording.name);
            methods.entry(request.method.name()).or_insert_with(origin);
        }
    }
    let others = workspace.requests.iter();
    // What is written so far is no path of the marketplace.
    for request in others.filter(|request| request.name != own_name) {
        for step in request.calls().filter(|step| is_meant(&step.scheme.name)) {
            let methods = found.entry(step.path.written()).or_default();
            let origin = || format!("in {}", request.name);
            methods.entry(step.method.name()).or_insert_with(origin);
        }
    }
    let described = found.into_iter().map(|(path, methods)| {
        let methods = methods.iter();
        let methods: Vec<String> = methods
            .map(|(method, origin)| format!("{method}, {origin}"))
            .collect();
        (path, Some(methods.join("; ")))
    });
    described.collect()
}
