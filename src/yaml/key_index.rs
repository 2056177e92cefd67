//! Finds a key among the entries of a map.

use super::node::MapEntry;
use crate::value::CompactText;
use std::collections::HashMap;

/// Finds the first entry of a key. Without it, a map of a hundred thousand keys would take five
/// billion comparisons.
#[derive(Default)]
pub(super) struct KeyIndex(HashMap<CompactText, usize>);

impl KeyIndex {
    /// A map of so many entries is searched one by one, which is faster and needs no memory.
    const MAX_SEARCHED: usize = 16;

    /// The entry of `entries` that has this key. Keys are asked for in the order in which they are
    /// added, each once.
    pub(super) fn find<'e>(
        &mut self,
        key: &CompactText,
        entries: &'e [MapEntry],
    ) -> Option<&'e MapEntry> {
        if entries.len() <= Self::MAX_SEARCHED {
            return entries.iter().find(|entry| entry.key == *key);
        }
        for (at, entry) in entries.iter().enumerate().skip(self.0.len()) {
            self.0.insert(entry.key.clone(), at);
        }
        self.0.get(key).and_then(|at| entries.get(*at))
    }
}
