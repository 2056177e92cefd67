//! A YAML file as a tree in which every key and value knows its place.

use crate::span::Span;
use crate::value::{CompactText, Number, Value};
use compact_str::ToCompactString;

/// A value of a file.
#[derive(Clone, Debug)]
pub struct Node {
    pub at: Span,
    pub kind: Kind,
}

/// What JSON spells as a number is a number; `true`, `false` and `null` are themselves; all else is text.
#[derive(Clone, Debug)]
pub enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A text and whether it stands in the file just so.
#[derive(Clone, Debug)]
pub struct Text {
    pub value: CompactText,
    /// Bytes from the start of the place to the first byte of the text, when it is written without escapes or folding.
    pub verbatim: Option<usize>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: CompactText,
    pub key_at: Span,
    pub value: Node,
}

impl Node {
    /// What it is, in words for a message.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(&text.value) } else { None }
    }

    #[must_use]
    pub fn as_map(&self) -> Option<&[Entry]> {
        if let Kind::Map(entries) = &self.kind { Some(entries) } else { None }
    }

    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Kind::List(items) = &self.kind { Some(items) } else { None }
    }

    /// The text of a scalar as it would be sent: text, a number as written, `true`, `false`.
    #[must_use]
    pub fn as_scalar(&self) -> Option<CompactText> {
        match &self.kind {
            Kind::Text(text) => Some(text.value.clone()),
            Kind::Number(number) => Some(number.as_str().into()),
            Kind::Bool(flag) => Some(flag.to_compact_string()),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The plain value, without places.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => Value::Bool(*flag),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::from(text.value.clone()),
            Kind::List(items) => Value::List(items.iter().map(Self::to_value).collect()),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect())
            }
        }
    }

    /// How many nodes it is, itself included: aliases are paid for by this.
    #[must_use]
    pub(super) fn count(&self) -> usize {
        match &self.kind {
            Kind::List(items) => 1 + items.iter().map(Self::count).sum::<usize>(),
            Kind::Map(entries) => 1 + entries.iter().map(|entry| 1 + entry.value.count()).sum::<usize>(),
            _ => 1,
        }
    }
}
