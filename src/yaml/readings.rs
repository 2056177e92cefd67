//! Holds the two ways to read a file against each other, for tests and the fuzzer.

use super::node::{MapEntry, NodeKind, YamlNode};
use super::parser::{MAX_NODES, parse_events};
use super::subset::read_subset;
use crate::span::FileId;

/// Whether the reader of the subset and the event parser read the same from a text: values,
/// spellings and places. `None` when the text is not in the subset.
#[must_use]
pub fn has_same_reading(text: &str) -> Option<bool> {
    let subset = read_subset(FileId(0), text, MAX_NODES)?;
    let events = parse_events(FileId(0), text, MAX_NODES);
    Some(events.is_ok_and(|events| is_identical(&subset, &events)))
}

fn is_identical(left: &YamlNode, right: &YamlNode) -> bool {
    left.at == right.at
        && match (&left.kind, &right.kind) {
            (NodeKind::Null, NodeKind::Null) => true,
            (NodeKind::Bool(left), NodeKind::Bool(right)) => left == right,
            (NodeKind::Number(left), NodeKind::Number(right)) => left.as_str() == right.as_str(),
            (NodeKind::Text(left), NodeKind::Text(right)) => {
                left.value == right.value && left.verbatim_offset == right.verbatim_offset
            }
            (NodeKind::List(left), NodeKind::List(right)) => {
                left.len() == right.len()
                    && std::iter::zip(left, right).all(|(left, right)| is_identical(left, right))
            }
            (NodeKind::Map(left), NodeKind::Map(right)) => {
                left.len() == right.len()
                    && std::iter::zip(left, right).all(|(left, right)| is_same_entry(left, right))
            }
            _ => false,
        }
}

fn is_same_entry(left: &MapEntry, right: &MapEntry) -> bool {
    left.key == right.key && left.key_at == right.key_at && is_identical(&left.value, &right.value)
}
