//! JSON text that was read once: an index of its objects and lists beside the text itself. Texts,
//! numbers and words are not copied; they are read where they stand when somebody asks for them.
//!
//! A response of 20 MB of small numbers took 336 MB as a tree of values and takes 20 MB here: a
//! list of single values has one entry however long it is.

/// In an entry: it begins an object or list. An entry without it is the offset of a member's name.
pub(super) const CONTAINER: u32 = 1 << 31;
/// How many entries an object or list has for itself: where its text ends, and the entry after its
/// last one.
pub(super) const CONTAINER_ENTRIES: usize = 2;

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not JSON: {reason} at byte {offset}")]
pub struct JsonError {
    pub reason: String,
    pub offset: usize,
}

/// A name that stands more than once in one object: where the object and the first two of these
/// members begin, as bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DuplicateName {
    pub(super) object: u32,
    pub(super) first: u32,
    pub(super) second: u32,
}

/// The index of a text. It is only to be used with that text.
///
/// An object or list that is not empty has two entries, and those of its content follow. In an
/// object each name has one. Everything else has none.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonTape {
    pub(super) entries: Vec<u32>,
    /// In the order of their objects.
    pub(super) duplicates: Vec<DuplicateName>,
    /// Whether a name is written with an escape, so that names cannot be compared by their bytes.
    pub(super) has_escaped_names: bool,
    /// Where the names stand that differ from each other, each at least once; `None` where they are
    /// too many to be kept.
    pub(super) distinct_names: Option<Vec<u32>>,
}

/// RFC 8259, section 8.1, forbids to send a byte order mark and allows to ignore one. Some servers
/// send it all the same.
pub(super) fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

impl JsonTape {
    /// Where the names of members stand, each name at least once.
    pub(super) fn name_offsets(&self) -> Vec<u32> {
        if let Some(distinct) = &self.distinct_names {
            return distinct.clone();
        }
        let (mut offsets, mut entry) = (Vec::new(), 0);
        while let Some(at) = self.entries.get(entry) {
            if at & CONTAINER != 0 {
                entry += CONTAINER_ENTRIES;
            } else {
                offsets.push(*at);
                entry += 1;
            }
        }
        offsets
    }
}
