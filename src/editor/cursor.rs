//! Where the cursor is in the tree of a file, also while the line at the cursor is not YAML yet: a
//! word of its own is put in the place of what is being written, and the tree is searched for it.

use super::line_scan::{CursorSurroundings, surroundings};
use crate::span::FileId;
use crate::value::CompactText;
use crate::yaml::{NodeKind, YamlNode};
use std::ops::Range;

/// No file holds it.
const PLACEHOLDER: &str = "INGAMcursorINGAM";

/// One step from the root of a tree to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathStep {
    Key(CompactText),
    Item(usize),
}

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CursorPart {
    /// A key of the map at the path.
    Key,
    /// The value at the path.
    Value,
}

/// A place in a tree, and what is written there.
pub(super) struct Cursor {
    pub(super) path: Vec<PathStep>,
    pub(super) part: CursorPart,
    /// What a completion replaces.
    pub(super) typed: Range<usize>,
    /// The keys beside the one that is being written.
    pub(super) siblings: Vec<CompactText>,
    /// Of the text with the placeholder.
    pub(super) tree: YamlNode,
    /// A colon follows already.
    pub(super) has_colon: bool,
    pub(super) is_quoted: bool,
    /// Inside of `{ }` or `[ ]`.
    pub(super) is_flow: bool,
}

impl Cursor {
    /// The keys of the path, without the items of lists.
    #[must_use]
    pub(super) fn keys(&self) -> Vec<&str> {
        keys_of(&self.path)
    }
}

/// The keys of a path, without the items of lists.
#[must_use]
pub(super) fn keys_of(path: &[PathStep]) -> Vec<&str> {
    let keys = path.iter().filter_map(|step| match step {
        PathStep::Key(key) => Some(key.as_str()),
        PathStep::Item(_) => None,
    });
    keys.collect()
}

/// The places that the cursor can have: behind a dash, a word can become a key or be a value.
#[must_use]
pub(super) fn cursors(text: &str, offset: usize) -> Vec<Cursor> {
    let Some(around) = surroundings(text, offset) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if !around.is_value {
        found.extend(cursor_as(text, offset, &around, CursorPart::Key));
    }
    if around.is_value || around.open.is_empty() {
        found.extend(cursor_as(text, offset, &around, CursorPart::Value));
    }
    found
}

fn cursor_as(
    text: &str,
    offset: usize,
    around: &CursorSurroundings,
    part: CursorPart,
) -> Option<Cursor> {
    let rest = text.get(offset..)?;
    let is_path = text.get(around.token..offset)?.starts_with('$');
    let is_word = |letter: char| {
        letter.is_alphanumeric() || "_-".contains(letter) || is_path && ".[]*".contains(letter)
    };
    let word = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
    let typed = around.token..offset + word;
    let after = text.get(typed.end..)?;
    let after_quote = around
        .quote
        .map_or(after, |mark| after.strip_prefix(mark).unwrap_or(after));
    let line = after_quote.split('\n').next().unwrap_or_default();
    let has_colon = line.trim_start().starts_with(':');
    let is_quote_open = around.quote.is_some_and(|mark| !after.starts_with(mark));
    let mut word = PLACEHOLDER.to_owned();
    if let Some(mark) = around.quote.filter(|_| is_quote_open) {
        word.push(mark);
    }
    let needs_colon = part == CursorPart::Key && !has_colon;
    let (tree, path) = candidates(text, &typed, around, &word, needs_colon)
        .into_iter()
        .find_map(|candidate| {
            let tree = crate::yaml::parse(FileId::default(), &candidate).ok()?;
            let path = find_placeholder(&tree, part)?;
            Some((tree, path))
        })?;
    let siblings = siblings_of(&tree, &path, part);
    Some(Cursor {
        path,
        part,
        typed,
        siblings,
        tree,
        has_colon,
        is_quoted: around.quote.is_some(),
        is_flow: !around.open.is_empty(),
    })
}

/// Texts in which the placeholder stands at the cursor: the whole text, then with less and less of
/// what follows.
fn candidates(
    text: &str,
    typed: &Range<usize>,
    around: &CursorSurroundings,
    word: &str,
    needs_colon: bool,
) -> Vec<String> {
    let before = text.get(..typed.start).unwrap_or_default();
    let after = text.get(typed.end..).unwrap_or_default();
    let quote = around.quote.filter(|mark| after.starts_with(*mark));
    let after = quote.map_or(after, |mark| {
        after.get(mark.len_utf8()..).unwrap_or_default()
    });
    let mut word = word.to_owned();
    word.extend(quote);
    if needs_colon {
        word.push_str(": null");
    }
    let closing: String = (around.open.iter().rev())
        .map(|open| if *open == b'{' { '}' } else { ']' })
        .collect();
    let next_line = after.find('\n').map_or("", |end| &after[end..]);
    vec![
        format!("{before}{word}{after}"),
        format!("{before}{word}{closing}{next_line}"),
        format!("{before}{word}{closing}"),
    ]
}

fn find_placeholder(node: &YamlNode, part: CursorPart) -> Option<Vec<PathStep>> {
    let mut path = Vec::new();
    search(node, part, &mut path).then_some(path)
}

fn search(node: &YamlNode, part: CursorPart, path: &mut Vec<PathStep>) -> bool {
    match &node.kind {
        NodeKind::Map(entries) => {
            for entry in entries {
                if entry.key.contains(PLACEHOLDER) {
                    return part == CursorPart::Key;
                }
                path.push(PathStep::Key(entry.key.clone()));
                if search(&entry.value, part, path) {
                    return true;
                }
                path.pop();
            }
            false
        }
        NodeKind::List(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(PathStep::Item(at));
                if search(item, part, path) {
                    return true;
                }
                path.pop();
            }
            false
        }
        NodeKind::Text(text) => part == CursorPart::Value && text.value.contains(PLACEHOLDER),
        _ => false,
    }
}

fn siblings_of(tree: &YamlNode, path: &[PathStep], part: CursorPart) -> Vec<CompactText> {
    if part == CursorPart::Value {
        return Vec::new();
    }
    let entries = node_at(tree, path).and_then(YamlNode::as_map);
    let keys = entries.unwrap_or_default().iter().map(|entry| &entry.key);
    keys.filter(|key| !key.contains(PLACEHOLDER))
        .cloned()
        .collect()
}

/// The node at a path.
#[must_use]
pub(super) fn node_at<'n>(tree: &'n YamlNode, path: &[PathStep]) -> Option<&'n YamlNode> {
    path.iter().try_fold(tree, |node, step| match step {
        PathStep::Key(key) => member(node, key),
        PathStep::Item(at) => node.as_list()?.get(*at),
    })
}

/// The value of a key.
#[must_use]
pub(super) fn member<'n>(node: &'n YamlNode, key: &str) -> Option<&'n YamlNode> {
    let entries = node.as_map()?;
    let entry = entries.iter().find(|entry| entry.key == key)?;
    Some(&entry.value)
}

/// A path to the innermost key or value that holds an offset, and which of the two it is.
#[must_use]
pub(super) fn path_at(tree: &YamlNode, offset: usize) -> Option<(Vec<PathStep>, CursorPart)> {
    let mut path = Vec::new();
    let part = descend(tree, offset, &mut path)?;
    Some((path, part))
}

fn descend(node: &YamlNode, offset: usize, path: &mut Vec<PathStep>) -> Option<CursorPart> {
    let holds = |range: Range<usize>| range.start <= offset && offset <= range.end;
    match &node.kind {
        NodeKind::Map(entries) => {
            for entry in entries {
                if holds(entry.key_at.range()) {
                    path.push(PathStep::Key(entry.key.clone()));
                    return Some(CursorPart::Key);
                }
                if holds(entry.value.at.range()) {
                    path.push(PathStep::Key(entry.key.clone()));
                    return descend(&entry.value, offset, path);
                }
            }
            None
        }
        NodeKind::List(items) => {
            let at = items.iter().position(|item| holds(item.at.range()))?;
            path.push(PathStep::Item(at));
            descend(&items[at], offset, path)
        }
        _ => holds(node.at.range()).then_some(CursorPart::Value),
    }
}
