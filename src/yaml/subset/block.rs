//! Block maps and lists. A collection ends where the next content begins, as in the event parser.

use super::super::key_index::KeyIndex;
use super::super::node::{MapEntry, NodeKind, YamlNode};
use super::{END, LineScalar, SubsetReader};
use crate::span::Span;
use crate::value::CompactText;

/// YAML limits a key to 1,024 characters. Longer ones than this go to the event parser.
const MAX_KEY_BYTES: u32 = 512;

impl<'t> SubsetReader<'t> {
    /// A value that may be a block collection, from its first line on.
    pub(super) fn block_value(&mut self) -> Option<YamlNode> {
        let column = self.at - self.line;
        if self.is_at_indicator(b'-') {
            return self.list(column, false);
        }
        if matches!(self.byte(0), b'[' | b'{') {
            return self.value_on_line();
        }
        let scalar = self.scalar(false)?;
        if self.is_at_indicator(b':') {
            return self.map(column, scalar);
        }
        self.end_line()?;
        self.scalar_node(&scalar)
    }

    /// A value that is not a block collection.
    fn value_on_line(&mut self) -> Option<YamlNode> {
        let node = self.line_value(false)?;
        self.end_line()?;
        Some(node)
    }

    fn is_at_indicator(&self, indicator: u8) -> bool {
        self.byte(0) == indicator && matches!(self.byte(1), b' ' | b'\n' | END)
    }

    /// `is_compact`: the list stands in the column of the key that it is the value of. The event
    /// parser lets it begin behind its first dash, and the next key of that column ends it.
    fn list(&mut self, column: usize, is_compact: bool) -> Option<YamlNode> {
        self.enter_collection()?;
        let mut start = self.at;
        let mut items = Vec::new();
        while self.is_at_indicator(b'-') && (items.is_empty() || self.column == Some(column)) {
            self.at += 1;
            self.skip_spaces();
            if is_compact && items.is_empty() {
                start = self.at;
            }
            items.push(self.block_value()?);
        }
        let is_end = self.column < Some(column) || (is_compact && self.column == Some(column));
        is_end.then_some(())?;
        self.leave_collection(start, NodeKind::List(items))
    }

    fn map(&mut self, column: usize, first: LineScalar<'t>) -> Option<YamlNode> {
        self.enter_collection()?;
        let start = first.at.start as usize;
        let mut entries = Vec::new();
        let mut index = KeyIndex::default();
        let mut scalar = first;
        while self.is_at_indicator(b':') {
            let (key, key_at) = self.new_key(&scalar, &entries, &mut index)?;
            let value = self.map_value(column)?;
            entries.push(MapEntry { key, key_at, value });
            if self.column < Some(column) {
                return self.leave_collection(start, NodeKind::Map(entries));
            }
            (self.column == Some(column)).then_some(())?;
            scalar = self.scalar(false)?;
        }
        None
    }

    /// A scalar as the next key of `entries`. Merge keys and duplicates are errors, and so the event
    /// parser's.
    pub(super) fn new_key(
        &mut self,
        scalar: &LineScalar<'_>,
        entries: &[MapEntry],
        index: &mut KeyIndex,
    ) -> Option<(CompactText, Span)> {
        let key = CompactText::from(scalar.value.as_ref());
        let is_long = scalar.at.end - scalar.at.start > MAX_KEY_BYTES;
        if is_long || key == "<<" || index.find(&key, entries).is_some() {
            return None;
        }
        self.count_node()?;
        Some((key, scalar.at))
    }

    /// The value of a key, from the colon on.
    fn map_value(&mut self, parent: usize) -> Option<YamlNode> {
        let colon = self.at;
        self.at += 1;
        self.skip_spaces();
        if !matches!(self.byte(0), b'\n' | b'#' | END) {
            return self.value_on_line();
        }
        self.next_content();
        match self.column {
            Some(column) if column > parent => self.block_value(),
            Some(column) if column == parent && self.is_at_indicator(b'-') => {
                self.list(column, true)
            }
            _ => self.node(Span::new(self.file, colon, colon), NodeKind::Null),
        }
    }
}
