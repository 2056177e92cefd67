//! What stands in the scalars of a file and is more than text for an editor: the names, functions
//! and filters of templates, and the subjects of assertions.

use super::cursor::member;
use super::holes::expressions_in;
use super::workspace::EditorWorkspace;
use crate::render::names_with_places;
use crate::yaml::{MapEntry, NodeKind, YamlNode};
use std::ops::Range;
use std::path::Path;

/// The kinds of highlights, in the order in which the protocol numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HighlightKind {
    Variable,
    Function,
    Text,
    Number,
    Operator,
    ResponsePath,
    Subject,
}

impl HighlightKind {
    /// The token types of the protocol.
    pub(crate) const NAMES: [&'static str; 7] = [
        "variable", "function", "string", "number", "operator", "property", "keyword",
    ];
}

/// A range that is shown in a way of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Highlight {
    pub(crate) range: Range<usize>,
    pub(crate) kind: HighlightKind,
}

/// The highlights of a file in their order; none lies in another one.
#[must_use]
pub(crate) fn highlights(editor: &EditorWorkspace, path: &Path) -> Vec<Highlight> {
    let (Some(parsed), Some(text)) = (editor.parsed(path), editor.text(path)) else {
        return Vec::new();
    };
    // The places of a last good tree are those of another text.
    if !std::sync::Arc::ptr_eq(&parsed.text, text) {
        return Vec::new();
    }
    let mut found = Vec::new();
    collect(&parsed.tree, &mut found);
    found.retain(|one| {
        text.get(one.range.clone())
            .is_some_and(|text| !text.contains('\n'))
    });
    found.sort_by_key(|one| (one.range.start, one.range.end));
    found.dedup_by(|later, earlier| later.range.start < earlier.range.end);
    found
}

fn collect(node: &YamlNode, found: &mut Vec<Highlight>) {
    match &node.kind {
        NodeKind::Map(entries) => {
            for key in ["assert", "until", "pending"] {
                let subjects = member(node, key).and_then(YamlNode::as_map);
                for entry in subjects.unwrap_or_default() {
                    found.push(subject(entry));
                }
            }
            for entry in entries {
                collect(&entry.value, found);
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| collect(item, found)),
        NodeKind::Text(text) => {
            let expressions = expressions_in(node.at, text);
            if expressions.is_empty() && text.value.starts_with('$') {
                found.push(Highlight {
                    range: node.at.range(),
                    kind: HighlightKind::ResponsePath,
                });
            }
            for (at, source) in expressions {
                expression(at.range().start, &source, found);
            }
        }
        _ => {}
    }
}

fn subject(entry: &MapEntry) -> Highlight {
    let kind = if entry.key.starts_with(['$', '/']) {
        HighlightKind::ResponsePath
    } else {
        HighlightKind::Subject
    };
    Highlight {
        range: entry.key_at.range(),
        kind,
    }
}

/// The tokens of an expression that begins at `start`.
fn expression(start: usize, source: &str, found: &mut Vec<Highlight>) {
    let names = names_with_places(source);
    let mut at = 0;
    let mut after_pipe = false;
    while let Some(letter) = source[at..].chars().next() {
        let rest = &source[at..];
        let (len, kind) = if letter == '"' || letter == '\'' {
            let end = rest[1..].find(letter).map_or(rest.len(), |end| end + 2);
            (end, Some(HighlightKind::Text))
        } else if letter.is_ascii_digit() {
            let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
            (end.unwrap_or(rest.len()), Some(HighlightKind::Number))
        } else if letter.is_alphabetic() || letter == '_' {
            let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
            let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
            let is_called = rest[end..].trim_start().starts_with('(');
            let is_lookup = names.iter().any(|(name, place)| {
                *place <= at && at < place + name.trim_end_matches("()").len()
            });
            let kind = match (after_pipe || is_called, is_lookup) {
                (true, _) => HighlightKind::Function,
                (false, true) => HighlightKind::Variable,
                (false, false) => HighlightKind::Operator,
            };
            (end, Some(kind))
        } else if "|~+-*/=<>!".contains(letter) {
            (letter.len_utf8(), Some(HighlightKind::Operator))
        } else {
            (letter.len_utf8(), None)
        };
        if !letter.is_whitespace() {
            after_pipe = letter == '|';
        }
        found.extend(kind.map(|kind| Highlight {
            range: start + at..start + at + len,
            kind,
        }));
        at += len;
    }
}
