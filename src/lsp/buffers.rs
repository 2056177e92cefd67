//! The buffers that the client has open, kept as it changes them.

use super::line_index::{ColumnUnit, LineIndex};
use lsp_types::{TextDocumentContentChangeEvent, Uri};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One open buffer.
pub(super) struct Buffer {
    /// As the client spells it.
    pub(super) uri: Uri,
    pub(super) version: i32,
    pub(super) text: Arc<str>,
}

/// All open buffers, by their absolute paths.
#[derive(Default)]
pub(super) struct Buffers {
    by_path: BTreeMap<PathBuf, Buffer>,
}

impl Buffers {
    pub(super) fn open(&mut self, path: PathBuf, buffer: Buffer) {
        self.by_path.insert(path, buffer);
    }

    pub(super) fn close(&mut self, path: &Path) {
        self.by_path.remove(path);
    }

    #[must_use]
    pub(super) fn get(&self, path: &Path) -> Option<&Buffer> {
        self.by_path.get(path)
    }

    /// Every buffer with its text.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&Path, &Arc<str>)> {
        let buffers = self.by_path.iter();
        buffers.map(|(path, buffer)| (path.as_path(), &buffer.text))
    }

    /// Applies changes in their order; the new text, or nothing for a buffer that is not open.
    pub(super) fn change(
        &mut self,
        path: &Path,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        unit: ColumnUnit,
    ) -> Option<Arc<str>> {
        let buffer = self.by_path.get_mut(path)?;
        let mut text = buffer.text.to_string();
        for change in changes {
            apply(&mut text, change, unit);
        }
        buffer.version = version;
        buffer.text = text.into();
        Some(Arc::clone(&buffer.text))
    }
}

fn apply(text: &mut String, change: TextDocumentContentChangeEvent, unit: ColumnUnit) {
    let Some(range) = change.range else {
        *text = change.text;
        return;
    };
    let index = LineIndex::new(text, unit);
    let start = index.offset(text, range.start);
    // A client that turns a range round means an empty one.
    let end = index.offset(text, range.end).max(start);
    text.replace_range(start..end, &change.text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::Range;
    use proptest::prelude::*;
    use std::cell::Cell;
    use std::str::FromStr as _;

    const TEXT: &str = "scheme: none\r\nget: /가/🎧\nquery:\n  이름: \"무선 🎧\"\r  b: 1\n\n";

    /// The same change, made by hand: the letters between two letter positions.
    fn model(text: &str, from: usize, to: usize, new: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        let (from, to) = (from.min(letters.len()), to.min(letters.len()));
        let before: String = letters[..from.min(to)].iter().collect();
        let after: String = letters[to.max(from)..].iter().collect();
        format!("{before}{new}{after}")
    }

    fn byte(text: &str, letter: usize) -> usize {
        text.char_indices()
            .nth(letter)
            .map_or(text.len(), |(at, _)| at)
    }

    /// 100,000 edits with `INGAM_MEASURE=1`, else a tenth of them.
    #[test]
    fn random_changes_in_random_order_leave_the_text_that_they_describe() {
        let is_measured = option_env!("INGAM_MEASURE").is_some();
        let least = if is_measured { 100_000_u32 } else { 10_000 };
        let edited = Cell::new(0_u32);
        let config = ProptestConfig {
            // Ten edits each, a few of which have no place.
            cases: least / 10 + least / 200,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let change = (0..80_usize, 0..12_usize, "[a-z:{}\"가🎧\n\r ]{0,4}");
        let changes = proptest::collection::vec(change, 10);
        proptest!(config, |(changes in changes, unit in 0..3_usize)| {
            let unit = [ColumnUnit::Utf8, ColumnUnit::Utf16, ColumnUnit::Utf32][unit];
            let path = Path::new("/a.yaml");
            let mut buffers = Buffers::default();
            buffers.open(path.to_owned(), Buffer {
                uri: Uri::from_str("file:///a.yaml").unwrap(),
                version: 0,
                text: TEXT.into(),
            });
            let mut expected = TEXT.to_owned();
            for (from, len, new) in changes {
                let index = LineIndex::new(&expected, unit);
                let start = index.position(&expected, byte(&expected, from));
                let end = index.position(&expected, byte(&expected, from + len));
                // Between CR and LF there is no position: the client cannot name it.
                let is_whole = |letter| {
                    let at = byte(&expected, letter);
                    index.offset(&expected, index.position(&expected, at)) == at
                };
                if !is_whole(from) || !is_whole(from + len) {
                    continue;
                }
                edited.set(edited.get() + 1);
                expected = model(&expected, from, from + len, &new);
                let change = TextDocumentContentChangeEvent {
                    range: Some(Range::new(start, end)),
                    range_length: None,
                    text: new,
                };
                buffers.change(path, 1, vec![change], unit);
                prop_assert_eq!(&*buffers.get(path).unwrap().text, expected.as_str());
            }
        });
        assert!(edited.get() >= least, "{} edits", edited.get());
    }
}
