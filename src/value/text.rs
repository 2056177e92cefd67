//! The text of keys and values.

/// A text that is kept without an allocation of its own up to 24 bytes, as nearly every key and
/// most values are.
pub(crate) type CompactText = compact_str::CompactString;
