//! A YAML file as a tree in which every key and value knows its place.

use crate::span::Span;
use crate::value::{CompactText, Number, Value};
use compact_str::ToCompactString;

/// A value of a file.
#[derive(Clone, Debug)]
pub struct YamlNode {
    pub at: Span,
    pub kind: NodeKind,
}

/// What JSON spells as a number is a number; `true`, `false` and `null` are themselves; all else is
/// text.
#[derive(Clone, Debug)]
pub enum NodeKind {
    Null,
    Bool(bool),
    Number(Number),
    Text(ScalarText),
    List(Vec<YamlNode>),
    Map(Vec<MapEntry>),
}

/// A text and whether it stands in the file just so.
#[derive(Clone, Debug)]
pub struct ScalarText {
    pub value: CompactText,
    /// Bytes from the start of the place to the first byte of the text, when it is written without
    /// escapes or folding.
    pub verbatim_offset: Option<usize>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct MapEntry {
    pub key: CompactText,
    pub key_at: Span,
    pub value: YamlNode,
}

impl YamlNode {
    /// What it is, in words for a message.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Bool(_) => "true or false",
            NodeKind::Number(_) => "a number",
            NodeKind::Text(_) => "text",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }

    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let NodeKind::Text(text) = &self.kind {
            Some(&text.value)
        } else {
            None
        }
    }

    #[must_use]
    pub fn as_map(&self) -> Option<&[MapEntry]> {
        if let NodeKind::Map(entries) = &self.kind {
            Some(entries)
        } else {
            None
        }
    }

    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let NodeKind::List(items) = &self.kind {
            Some(items)
        } else {
            None
        }
    }

    /// The text of a scalar as it would be sent: text, a number as written, `true`, `false`.
    #[must_use]
    pub fn as_scalar(&self) -> Option<CompactText> {
        match &self.kind {
            NodeKind::Text(text) => Some(text.value.clone()),
            NodeKind::Number(number) => Some(number.as_str().into()),
            NodeKind::Bool(flag) => Some(flag.to_compact_string()),
            NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
        }
    }

    /// The plain value, without places.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(flag) => Value::Bool(*flag),
            NodeKind::Number(number) => Value::Number(number.clone()),
            NodeKind::Text(text) => Value::from(text.value.clone()),
            NodeKind::List(items) => Value::List(items.iter().map(Self::to_value).collect()),
            NodeKind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.to_value()))
                    .collect(),
            ),
        }
    }

    /// How many nodes it is, itself included: aliases are paid for by this.
    #[must_use]
    pub(super) fn node_count(&self) -> usize {
        match &self.kind {
            NodeKind::List(items) => 1 + items.iter().map(Self::node_count).sum::<usize>(),
            NodeKind::Map(entries) => {
                // A key counts as a node too: a map of a hundred thousand keys costs as much as a
                // list of as many values.
                1 + entries
                    .iter()
                    .map(|entry| 1 + entry.value.node_count())
                    .sum::<usize>()
            }
            _ => 1,
        }
    }
}
