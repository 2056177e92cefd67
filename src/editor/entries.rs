//! Finds the entries of a tree by a place, and how far each reaches in its text.

use crate::yaml::{MapEntry, NodeKind, YamlNode};
use std::ops::Range;

/// The innermost entry at a place: the one whose key or value is there. With a key, the nearest entry of that
/// name around the place, or beside it.
#[must_use]
pub(crate) fn entry_at<'n>(
    tree: &'n YamlNode,
    place: &Range<usize>,
    key: Option<&str>,
) -> Option<&'n MapEntry> {
    let chain = entries_around(tree, place.start);
    let Some(key) = key else {
        let is_place =
            |entry: &&&MapEntry| entry.key_at.range() == *place || entry.value.at.range() == *place;
        return chain.iter().rev().find(is_place).copied();
    };
    // A place in an entry is in the map of this entry, too.
    let own = chain.iter().rev().find(|entry| entry.key == key).copied();
    own.or_else(|| {
        let maps = chain.iter().rev().filter_map(|entry| entry.value.as_map());
        let top = tree.as_map();
        let mut found = maps.chain(top);
        found.find_map(|entries| entries.iter().find(|entry| entry.key == key))
    })
}

/// The entries that hold an offset, the outermost first.
#[must_use]
pub(crate) fn entries_around(tree: &YamlNode, offset: usize) -> Vec<&MapEntry> {
    let mut chain = Vec::new();
    collect_around(tree, offset, &mut chain);
    chain
}

fn collect_around<'n>(node: &'n YamlNode, offset: usize, chain: &mut Vec<&'n MapEntry>) {
    match &node.kind {
        NodeKind::Map(entries) => {
            if let Some(entry) = entries.iter().find(|entry| holds(entry, offset)) {
                chain.push(entry);
                collect_around(&entry.value, offset, chain);
            }
        }
        NodeKind::List(items) => {
            let found = items.iter().find(|item| touches(&item.at.range(), offset));
            if let Some(item) = found {
                collect_around(item, offset, chain);
            }
        }
        _ => {}
    }
}

fn holds(entry: &MapEntry, offset: usize) -> bool {
    let key = entry.key_at.range();
    let value = entry.value.at.range();
    // An alias has the place of what it names, which is elsewhere.
    touches(&key, offset) || touches(&value, offset) || (key.end <= offset && offset < value.start)
}

fn touches(range: &Range<usize>, offset: usize) -> bool {
    range.start <= offset && offset <= range.end
}

/// The whole lines of an entry of a block map; `None` for one of `{ }`.
#[must_use]
pub(crate) fn entry_extent(text: &str, entry: &MapEntry) -> Option<Range<usize>> {
    let start = text.get(..entry.key_at.start as usize)?;
    let line = start.rfind('\n').map_or(0, |end| end + 1);
    let is_alone = text
        .get(line..entry.key_at.start as usize)?
        .trim()
        .is_empty();
    let end = entry.value.at.range().end.max(entry.key_at.range().end);
    let rest = text.get(end..)?;
    let after = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
    let is_last = rest.get(..after)?.trim_start();
    let is_free = is_last.is_empty() || is_last.starts_with('#');
    (is_alone && is_free).then_some(line..end + after)
}
