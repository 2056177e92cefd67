//! Flow collections on one line: `[a, "b"]`, `{ a: 1, b: [c] }`. Entries without a value, pairs in
//! lists and commas at the end are the event parser's.

use super::super::key_index::KeyIndex;
use super::super::node::{MapEntry, NodeKind, YamlNode};
use super::SubsetReader;

impl SubsetReader<'_> {
    fn flow_collection(&mut self) -> Option<YamlNode> {
        self.enter_collection()?;
        let start = self.at;
        let is_list = self.byte(0) == b'[';
        self.at += 1;
        self.skip_spaces();
        let kind = if is_list {
            NodeKind::List(self.flow_items()?)
        } else {
            NodeKind::Map(self.flow_entries()?)
        };
        self.leave_collection(start, kind)
    }

    fn flow_items(&mut self) -> Option<Vec<YamlNode>> {
        let mut items = Vec::new();
        let mut is_open = !self.take(b']');
        while is_open {
            items.push(self.line_value(true)?);
            is_open = self.is_next_behind_comma(b']')?;
        }
        Some(items)
    }

    fn flow_entries(&mut self) -> Option<Vec<MapEntry>> {
        let mut entries: Vec<MapEntry> = Vec::new();
        let mut index = KeyIndex::default();
        let mut is_open = !self.take(b'}');
        while is_open {
            let scalar = self.scalar(true)?;
            let (key, key_at) = self.new_key(&scalar, &entries, &mut index)?;
            // Behind a key with quotes, the value may follow the colon at once, as in JSON.
            if !self.take(b':') || (scalar.is_plain && self.byte(0) != b' ') {
                return None;
            }
            self.skip_spaces();
            let value = self.line_value(true)?;
            entries.push(MapEntry { key, key_at, value });
            is_open = self.is_next_behind_comma(b'}')?;
        }
        Some(entries)
    }

    /// A value on one line; `in_flow`: inside a flow collection.
    pub(super) fn line_value(&mut self, in_flow: bool) -> Option<YamlNode> {
        if matches!(self.byte(0), b'[' | b'{') {
            return self.flow_collection();
        }
        let scalar = self.scalar(in_flow)?;
        self.scalar_node(&scalar)
    }

    /// Behind a value: whether a comma follows and not the end of the collection.
    fn is_next_behind_comma(&mut self, end: u8) -> Option<bool> {
        self.skip_spaces();
        if self.take(end) {
            return Some(false);
        }
        let has_comma = self.take(b',');
        self.skip_spaces();
        has_comma.then_some(true)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.byte(0) == byte;
        self.at += usize::from(is_next);
        is_next
    }
}
