//! The structure of a file: its symbols, what can be folded, and the ranges around an offset.

use super::cursor::member;
use super::outline::{StepOutline, kind_of, steps_of};
use super::workspace::EditorWorkspace;
use crate::load::FileKind;
use crate::yaml::{MapEntry, NodeKind, YamlNode};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What a symbol of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StructureKind {
    File,
    Step,
    Variable,
    Capture,
    Environment,
    Account,
}

/// A named part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileSymbol {
    pub(crate) name: String,
    pub(crate) detail: Option<String>,
    pub(crate) kind: StructureKind,
    pub(crate) range: Range<usize>,
    /// Of the name.
    pub(crate) selection: Range<usize>,
    pub(crate) children: Vec<FileSymbol>,
}

/// The symbols of one file.
#[must_use]
pub(crate) fn file_symbols(editor: &EditorWorkspace, path: &Path) -> Vec<FileSymbol> {
    let (Some(parsed), Some((kind, _))) = (editor.parsed(path), kind_of(path)) else {
        return Vec::new();
    };
    let tree = &parsed.tree;
    let mut found = keys_under(tree, "vars", StructureKind::Variable);
    match kind {
        FileKind::Request | FileKind::Fixture => {
            found.extend(steps_of(tree).iter().filter_map(step_symbol));
            found.extend(keys_under(tree, "values", StructureKind::Variable));
        }
        FileKind::Workspace => {
            let environments = member(tree, "envs").and_then(YamlNode::as_map);
            found.extend(
                environments
                    .unwrap_or_default()
                    .iter()
                    .map(environment_symbol),
            );
        }
        FileKind::Recording | FileKind::Scheme => {
            let entries = tree.as_map().unwrap_or_default().iter();
            found.extend(entries.map(|entry| symbol_of(entry, StructureKind::Variable, None)));
        }
    }
    found
}

/// A step by its name, or by what it sends.
fn step_symbol(step: &StepOutline<'_>) -> Option<FileSymbol> {
    let method = step.method_entry();
    let detail = method.and_then(|(method, entry)| {
        let path = entry.value.as_text()?;
        Some(format!("{} {path}", method.name()))
    });
    let name = step.name().or_else(|| step.text("use")).map(str::to_owned);
    let place = member(step.node, "name").map(|name| name.at.range());
    let place = place.or_else(|| method.map(|(_, entry)| entry.key_at.range()));
    let range = step.node.at.range();
    Some(FileSymbol {
        name: name.or_else(|| detail.clone())?,
        detail,
        kind: StructureKind::Step,
        selection: place.unwrap_or(range.start..range.start),
        range,
        children: keys_under(step.node, "capture", StructureKind::Capture),
    })
}

/// An environment with its accounts.
fn environment_symbol(entry: &MapEntry) -> FileSymbol {
    let schemes = member(&entry.value, "accounts").and_then(YamlNode::as_map);
    let accounts = schemes.unwrap_or_default().iter().flat_map(|scheme| {
        let entries = scheme.value.as_map().unwrap_or_default().iter();
        entries.map(|account| {
            let detail = Some(scheme.key.to_string());
            symbol_of(account, StructureKind::Account, detail)
        })
    });
    let mut symbol = symbol_of(entry, StructureKind::Environment, None);
    symbol.children = accounts.collect();
    symbol
}

fn keys_under(node: &YamlNode, key: &str, kind: StructureKind) -> Vec<FileSymbol> {
    let entries = member(node, key).and_then(YamlNode::as_map);
    let entries = entries.unwrap_or_default().iter();
    entries.map(|entry| symbol_of(entry, kind, None)).collect()
}

fn symbol_of(entry: &MapEntry, kind: StructureKind, detail: Option<String>) -> FileSymbol {
    let key = entry.key_at.range();
    let value = entry.value.at.range();
    // An alias has the place of what it names.
    let end = if value.start >= key.end {
        value.end
    } else {
        key.end
    };
    FileSymbol {
        name: entry.key.to_string(),
        detail,
        kind,
        range: key.start..end,
        selection: key,
        children: Vec::new(),
    }
}

/// The symbols of all files whose name holds the letters of `query` in their order.
#[must_use]
pub(crate) fn workspace_symbols(
    editor: &EditorWorkspace,
    query: &str,
    most: usize,
) -> Vec<(PathBuf, FileSymbol)> {
    let mut found = Vec::new();
    let paths: Vec<PathBuf> = editor.texts().map(|(path, _)| path.to_owned()).collect();
    for path in paths {
        let Some((kind, name)) = kind_of(&path) else {
            continue;
        };
        if kind == FileKind::Recording {
            continue;
        }
        if fits(query, &name) {
            let symbol = FileSymbol {
                name,
                detail: None,
                kind: StructureKind::File,
                range: 0..0,
                selection: 0..0,
                children: Vec::new(),
            };
            found.push((path.clone(), symbol));
        }
        if kind != FileKind::Scheme {
            flatten(file_symbols(editor, &path), query, &path, &mut found);
        }
        if found.len() >= most {
            found.truncate(most);
            break;
        }
    }
    found
}

fn flatten(
    symbols: Vec<FileSymbol>,
    query: &str,
    path: &Path,
    found: &mut Vec<(PathBuf, FileSymbol)>,
) {
    for mut symbol in symbols {
        let children = std::mem::take(&mut symbol.children);
        if fits(query, &symbol.name) {
            found.push((path.to_owned(), symbol));
        }
        flatten(children, query, path, found);
    }
}

fn fits(query: &str, name: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    let mut wanted = query.chars().flat_map(char::to_lowercase);
    wanted.all(|letter| letters.any(|other| other == letter))
}

/// What can be folded: maps and lists that are longer than a line.
#[must_use]
pub(crate) fn folds(editor: &EditorWorkspace, path: &Path) -> Vec<Range<usize>> {
    let Some(parsed) = editor.parsed(path) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    collect_folds(&parsed.tree, &parsed.text, &mut found);
    found
}

fn collect_folds(node: &YamlNode, text: &str, found: &mut Vec<Range<usize>>) {
    match &node.kind {
        NodeKind::Map(entries) => {
            for entry in entries {
                let range = entry.key_at.range().start..entry.value.at.range().end;
                found.extend(fold(text, range));
                collect_folds(&entry.value, text, found);
            }
        }
        NodeKind::List(items) => {
            for item in items {
                found.extend(fold(text, item.at.range()));
                collect_folds(item, text, found);
            }
        }
        _ => {}
    }
}

/// A range without the blank lines at its end, if it is longer than a line.
fn fold(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let written = text.get(range.clone())?.trim_end();
    let end = range.start + written.len();
    written.contains('\n').then_some(range.start..end)
}

/// The ranges around an offset, the innermost first.
#[must_use]
pub(crate) fn selections(
    editor: &EditorWorkspace,
    path: &Path,
    offset: usize,
) -> Vec<Range<usize>> {
    let Some(parsed) = editor.parsed(path) else {
        return Vec::new();
    };
    let whole = 0..parsed.text.len();
    let mut found = Vec::from([whole]);
    collect_selections(&parsed.tree, offset, &mut found);
    found.dedup();
    found.reverse();
    found
}

fn collect_selections(node: &YamlNode, offset: usize, found: &mut Vec<Range<usize>>) {
    let holds = |range: &Range<usize>| range.start <= offset && offset <= range.end;
    // Each range lies in the one before it, as the protocol demands; an alias does not.
    let mut push = |range: Range<usize>| {
        let outer = found.last().cloned().unwrap_or_default();
        if outer.start <= range.start && range.end <= outer.end {
            found.push(range);
        }
    };
    match &node.kind {
        NodeKind::Map(entries) => {
            let whole = |entry: &&MapEntry| {
                let key = entry.key_at.range();
                holds(&(key.start..entry.value.at.range().end.max(key.end)))
            };
            if let Some(entry) = entries.iter().find(whole) {
                let key = entry.key_at.range();
                let value = entry.value.at.range();
                push(key.start..value.end.max(key.end));
                if holds(&key) {
                    push(key);
                } else if holds(&value) {
                    push(value);
                    collect_selections(&entry.value, offset, found);
                }
            }
        }
        NodeKind::List(items) => {
            if let Some(item) = items.iter().find(|item| holds(&item.at.range())) {
                push(item.at.range());
                collect_selections(item, offset, found);
            }
        }
        _ => {}
    }
}
