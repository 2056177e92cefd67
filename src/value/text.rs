//! The text of keys and values.

/// A text that is kept without an allocation of its own up to 24 bytes, as nearly every key and
/// most values are.
pub(crate) type CompactText = compact_str::CompactString;

/// The beginning of a text: at most so many bytes, and no part of a letter.
#[must_use]
pub(crate) fn text_prefix(text: &str, max_bytes: usize) -> &str {
    let mut end = max_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
