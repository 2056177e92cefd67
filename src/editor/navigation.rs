//! Where names are defined and used, and which files belong to a step.

use super::cursor::{CursorPart, keys_of, path_at};
use super::name_collector::occurrences;
use super::outline::{kind_of, method_of_key, step_of_path};
use super::symbols::{NameOccurrence, Symbol};
use super::visible_names::{file_of, recording_name};
use super::workspace::EditorWorkspace;
use crate::load::FileKind;
use crate::model::recording::RecordedExchange;
use crate::snapshot::snapshot_path;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A place that an editor can open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Below the root of the workspace.
    File { path: PathBuf, range: Range<usize> },
    /// The text of a scheme that the program brings.
    BuiltInScheme(String),
}

/// A place of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamePlace {
    pub(crate) path: PathBuf,
    pub(crate) range: Range<usize>,
    pub(crate) is_definition: bool,
    /// As [`NameOccurrence::is_prefix`].
    pub(super) is_prefix: bool,
}

/// The name at an offset.
#[must_use]
pub(super) fn symbol_at(
    editor: &EditorWorkspace,
    path: &Path,
    offset: usize,
) -> Option<NameOccurrence> {
    let found = occurrences(editor, path).into_iter();
    found
        .filter(|one| !one.range.is_empty())
        .find(|one| one.range.start <= offset && offset <= one.range.end)
}

/// Where the thing at an offset is defined.
#[must_use]
pub(crate) fn definitions(editor: &EditorWorkspace, path: &Path, offset: usize) -> Vec<Target> {
    if let Some(found) = symbol_at(editor, path, offset) {
        return definitions_of(editor, &found.symbol);
    }
    other_file_at(editor, path, offset)
}

fn definitions_of(editor: &EditorWorkspace, symbol: &Symbol) -> Vec<Target> {
    if let Symbol::Scheme(name) = symbol
        && crate::schemes::built_in_text(name).is_some()
    {
        return vec![Target::BuiltInScheme(name.clone())];
    }
    let places = places_of(editor, symbol).into_iter();
    places
        .filter(|place| place.is_definition)
        .map(|place| Target::File {
            path: place.path,
            range: place.range,
        })
        .collect()
}

/// Every place of a symbol in all files.
#[must_use]
pub(super) fn places_of(editor: &EditorWorkspace, symbol: &Symbol) -> Vec<NamePlace> {
    let mut places = Vec::new();
    let paths: Vec<PathBuf> = editor.texts().map(|(path, _)| path.to_owned()).collect();
    for path in paths {
        // Only a file that holds the name can use it.
        let name = symbol.name().rsplit('/').next().unwrap_or_default();
        let holds = |text: &str| text.contains(name) || path.to_string_lossy().contains(name);
        if !editor.text(&path).is_some_and(|text| holds(text)) {
            continue;
        }
        let found = occurrences(editor, &path).into_iter();
        places.extend(
            found
                .filter(|one| one.symbol == *symbol)
                .map(|one| NamePlace {
                    path: path.clone(),
                    range: one.range,
                    is_definition: one.is_definition,
                    is_prefix: one.is_prefix,
                }),
        );
    }
    places
}

/// Every place of the name at an offset. A file whose YAML is broken has none: its last good tree
/// has the places of another text.
#[must_use]
pub(crate) fn references(editor: &EditorWorkspace, path: &Path, offset: usize) -> Vec<NamePlace> {
    if !editor.is_current(path) {
        return Vec::new();
    }
    let mut places = match symbol_at(editor, path, offset) {
        Some(found) => places_of(editor, &found.symbol),
        None => file_references(editor, path, offset),
    };
    places.retain(|place| editor.is_current(&place.path));
    places
}

/// At the beginning of a file: who uses what the file defines.
fn file_references(editor: &EditorWorkspace, path: &Path, offset: usize) -> Vec<NamePlace> {
    let own = occurrences(editor, path).into_iter();
    let mut own = own.filter(|one| one.is_definition && one.range.is_empty());
    match own.next() {
        Some(found) if offset == 0 => places_of(editor, &found.symbol),
        _ => Vec::new(),
    }
}

/// The recording of a step, a snapshot, or a file that is named by its path.
fn other_file_at(editor: &EditorWorkspace, path: &Path, offset: usize) -> Vec<Target> {
    let (Some(parsed), Some((kind, name))) = (editor.parsed(path), kind_of(path)) else {
        return Vec::new();
    };
    let Some((at, part)) = path_at(&parsed.tree, offset) else {
        return Vec::new();
    };
    let keys = keys_of(&at);
    let step = step_of_path(&parsed.tree, &at);
    let Some(last) = keys.last() else {
        return Vec::new();
    };
    if method_of_key(last).is_some() && kind != FileKind::Recording {
        return recording_of(editor, &recording_name(kind, &name), &step);
    }
    if kind == FileKind::Recording {
        return recorded_file(editor, &name);
    }
    if *last == "snapshot" {
        let parts: Vec<&str> = step.name().into_iter().collect();
        let path = snapshot_path(&name, &parts);
        return existing(editor, path);
    }
    let value = super::cursor::node_at(&parsed.tree, &at).and_then(|node| node.as_text());
    match value {
        Some(value) if part == CursorPart::Value => existing(editor, PathBuf::from(value)),
        _ => Vec::new(),
    }
}

/// A file below the root that is there.
fn existing(editor: &EditorWorkspace, path: PathBuf) -> Vec<Target> {
    let is_plain = |part| matches!(part, std::path::Component::Normal(_));
    let is_inside = path.components().all(is_plain);
    if is_inside && editor.root().join(&path).is_file() {
        vec![Target::File { path, range: 0..0 }]
    } else {
        Vec::new()
    }
}

/// The recording of a request or a fixture, at its first exchange.
#[must_use]
pub(crate) fn recording_of_file(
    editor: &EditorWorkspace,
    path: &Path,
) -> Option<(PathBuf, Range<usize>)> {
    let (kind, name) = kind_of(path)?;
    let parsed = editor.parsed(path)?;
    let steps = super::outline::steps_of(&parsed.tree);
    let found = recording_of(editor, &recording_name(kind, &name), steps.first()?);
    found.into_iter().find_map(|target| match target {
        Target::File { path, range } => Some((path, range)),
        Target::BuiltInScheme(_) => None,
    })
}

/// The exchange that was recorded for a step.
fn recording_of(
    editor: &EditorWorkspace,
    name: &str,
    step: &super::outline::StepOutline<'_>,
) -> Vec<Target> {
    let Some(path) = file_of(editor, "fixtures/recordings", name) else {
        return Vec::new();
    };
    let recordings = editor.loaded().workspace.recordings.iter();
    let exchanges = recordings.filter(|one| one.name == name);
    let mut exchanges = exchanges.flat_map(|recording| &recording.exchanges);
    let is_own = |exchange: &&RecordedExchange| super::recorded::is_of_step(exchange, step);
    let range = exchanges.find(is_own).map(|exchange| exchange.at.range());
    vec![Target::File {
        path,
        range: range.map_or(0..0, |range| range.start..range.start),
    }]
}

/// The request or fixture that a recording belongs to.
fn recorded_file(editor: &EditorWorkspace, name: &str) -> Vec<Target> {
    let path = match name.strip_prefix("fixtures/") {
        Some(fixture) => file_of(editor, "fixtures", fixture),
        None => file_of(editor, "requests", name),
    };
    let path = path.into_iter();
    path.map(|path| Target::File { path, range: 0..0 })
        .collect()
}
