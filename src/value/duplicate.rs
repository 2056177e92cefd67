//! A member that stands twice in an object of a text, with its places. A tree of values has none.

/// A member whose name stands again in the same object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DuplicateMember {
    /// The place of the object, as `place_id` gives it.
    pub(crate) object: usize,
    pub(crate) name: String,
    pub(crate) first: TextPosition,
    pub(crate) second: TextPosition,
}

/// A place in a text, both counted from 1, columns in letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextPosition {
    pub(crate) line: usize,
    pub(crate) column: usize,
}
