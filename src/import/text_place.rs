//! A place in a text that was given to be read.

/// A line and a column, both from 1. A column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextPlace {
    pub(crate) line: usize,
    pub(crate) column: usize,
}
