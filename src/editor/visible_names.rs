//! The names that an expression can use at a place of a request or a fixture, each with its origin
//! and its last value where the files say it.

use super::cursor::{PathStep, member};
use super::outline::{StepOutline, kind_of, step_of_path, steps_of};
use super::recorded::{found_values, recorded_answer, sample};
use super::workspace::EditorWorkspace;
use crate::jsonpath::JsonPath;
use crate::load::FileKind;
use crate::yaml::{MapEntry, YamlNode};
use std::path::{Path, PathBuf};

/// A name with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VisibleName {
    /// Dotted for a member: `item.id`.
    pub(super) name: String,
    pub(super) origin: String,
    pub(super) value: Option<String>,
}

fn named(name: impl Into<String>, origin: impl Into<String>, value: Option<String>) -> VisibleName {
    VisibleName {
        name: name.into(),
        origin: origin.into(),
        value,
    }
}

/// Every name that is visible at a path of a file; a nearer one hides a farther one.
#[must_use]
pub(super) fn visible_names(
    editor: &EditorWorkspace,
    path: &Path,
    tree: &YamlNode,
    at: &[PathStep],
) -> Vec<VisibleName> {
    let mut found = Vec::new();
    let Some((kind, file_name)) = kind_of(path) else {
        return found;
    };
    if matches!(kind, FileKind::Request | FileKind::Fixture) {
        let key = recording_name(kind, &file_name);
        step_names(editor, &key, tree, at, &mut found);
        fixture_names(editor, tree, &mut found);
        variables(member(tree, "vars"), "`vars` of this file", &mut found);
        for cases in ["cases", "params"] {
            let lines = member(tree, cases).and_then(YamlNode::as_map);
            for line in lines.unwrap_or_default() {
                variables(
                    Some(&line.value),
                    &format!("`{cases}` of this file"),
                    &mut found,
                );
            }
        }
    }
    workspace_names(editor, &mut found);
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|one| seen.insert(one.name.clone()));
    found
}

/// The name of the recording of a file.
#[must_use]
pub(super) fn recording_name(kind: FileKind, file_name: &str) -> String {
    match kind {
        FileKind::Fixture => format!("fixtures/{file_name}"),
        _ => file_name.to_owned(),
    }
}

/// The item of the own `for_each`, and what earlier steps capture.
fn step_names(
    editor: &EditorWorkspace,
    key: &str,
    tree: &YamlNode,
    at: &[PathStep],
    found: &mut Vec<VisibleName>,
) {
    let own = step_of_path(tree, at);
    let item = member(own.node, "for_each").and_then(|each| member(each, "item")?.as_text());
    found.extend(item.map(|item| named(item, "the value of a round of `for_each`", None)));
    // In `undo` and in the values of a fixture, what the step itself captures is visible, too.
    let is_behind = |step: &StepOutline<'_>| match (own.position, step.position) {
        (Some(own), Some(step)) => step < own || step == own && leads_behind(at),
        _ => own.position.is_none() || leads_behind(at),
    };
    let steps = steps_of(tree);
    for step in steps.iter().rev().filter(|step| is_behind(step)) {
        if let Some(used) = step.text("use") {
            used_names(editor, step, used, found);
        }
        let origin = match step.name() {
            Some(name) => format!("captured by step `{name}`"),
            None => "captured here".to_owned(),
        };
        let answer = recorded_answer(editor, key, step);
        for capture in step.captures() {
            let source = capture.value.as_text();
            let source = source.or_else(|| member(&capture.value, "from")?.as_text());
            let is_secret = member(&capture.value, "secret").is_some();
            let body = answer.as_ref().and_then(|answer| answer.body.as_ref());
            let value = source
                .filter(|source| source.starts_with('$') && !is_secret)
                .and_then(|source| JsonPath::parse(source).ok())
                .zip(body)
                .and_then(|(path, body)| found_values(body, &path).first().copied().map(sample));
            found.push(named(capture.key.as_str(), origin.clone(), value));
        }
    }
}

fn leads_behind(at: &[PathStep]) -> bool {
    at.iter().any(
        |step| matches!(step, PathStep::Key(key) if ["undo", "values"].contains(&key.as_str())),
    )
}

/// What used steps capture, behind their prefix.
fn used_names(
    editor: &EditorWorkspace,
    step: &StepOutline<'_>,
    used: &str,
    found: &mut Vec<VisibleName>,
) {
    let prefix = step.text("name").or_else(|| used.rsplit('/').next());
    let Some((parsed, prefix)) = request_file(editor, used)
        .and_then(|path| editor.parsed(&path))
        .zip(prefix)
    else {
        return;
    };
    for step in steps_of(&parsed.tree) {
        for capture in step.captures() {
            let name = format!("{prefix}.{}", capture.key);
            found.push(named(name, format!("captured by `{used}`"), None));
        }
    }
}

/// The file of a request by its name.
#[must_use]
pub(super) fn request_file(editor: &EditorWorkspace, name: &str) -> Option<PathBuf> {
    file_of(editor, "requests", name)
}

/// A file of a folder of the workspace by its name, with either ending.
#[must_use]
pub(super) fn file_of(editor: &EditorWorkspace, folder: &str, name: &str) -> Option<PathBuf> {
    let paths = ["yaml", "yml"].map(|ending| PathBuf::from(format!("{folder}/{name}.{ending}")));
    paths.into_iter().find(|path| editor.text(path).is_some())
}

/// The values of the fixtures that the file needs.
fn fixture_names(editor: &EditorWorkspace, tree: &YamlNode, found: &mut Vec<VisibleName>) {
    for fixture in needed_fixtures(tree) {
        let Some(parsed) =
            file_of(editor, "fixtures", fixture).and_then(|path| editor.parsed(&path))
        else {
            continue;
        };
        let values = member(&parsed.tree, "values").and_then(YamlNode::as_map);
        for value in values.unwrap_or_default() {
            let name = format!("{fixture}.{}", value.key);
            found.push(named(name, format!("fixture `{fixture}`"), None));
        }
    }
}

/// The names under `needs`.
#[must_use]
pub(super) fn needed_fixtures(tree: &YamlNode) -> Vec<&str> {
    let Some(needs) = member(tree, "needs") else {
        return Vec::new();
    };
    let items = needs.as_list().unwrap_or(std::slice::from_ref(needs));
    items.iter().filter_map(YamlNode::as_text).collect()
}

fn variables(vars: Option<&YamlNode>, origin: &str, found: &mut Vec<VisibleName>) {
    let entries = vars.and_then(YamlNode::as_map).unwrap_or_default();
    for entry in entries {
        let value = entry.value.to_value();
        let shown = Some(sample((&value).into()));
        found.push(named(entry.key.as_str(), origin, shown));
    }
}

/// What every file sees.
fn workspace_names(editor: &EditorWorkspace, found: &mut Vec<VisibleName>) {
    let settings = ["ingam.yaml", "ingam.yml"].map(Path::new);
    if let Some(parsed) = settings.into_iter().find_map(|path| editor.parsed(path)) {
        let environments = member(&parsed.tree, "envs").and_then(YamlNode::as_map);
        let own = &editor.loaded().workspace.default_env;
        // Those of the environment that is used hide those of the workspace.
        let is_own = |entry: &&MapEntry| entry.key == own.as_str();
        let environments = environments.unwrap_or_default();
        let environment_vars = |entry: &MapEntry, found: &mut Vec<VisibleName>| {
            let origin = format!("`vars` of the environment `{}`", entry.key);
            variables(member(&entry.value, "vars"), &origin, found);
        };
        for environment in environments.iter().filter(is_own) {
            environment_vars(environment, found);
        }
        variables(member(&parsed.tree, "vars"), "`vars` of ingam.yaml", found);
        for environment in environments {
            environment_vars(environment, found);
        }
    }
    let environment = &editor.loaded().workspace.default_env;
    found.push(named(
        "env",
        "the environment",
        Some(format!("string, \"{environment}\"")),
    ));
    found.push(named("run_id", "built in: an id of this run", None));
    for account in &editor.loaded().workspace.environments {
        for account in &account.accounts {
            let values = account.values.iter();
            found.extend(values.map(|(name, _)| {
                let origin = format!("of the account, such as `{}`", account.name);
                named(format!("account.{name}"), origin, None)
            }));
        }
    }
    for secret in crate::plan::workspace_secrets(&editor.loaded().workspace).keys() {
        found.push(named(format!("secret.{secret}"), "a secret of yours", None));
    }
}
