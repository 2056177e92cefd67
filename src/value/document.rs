//! A text of JSON that is kept, with its index. It refuses to hold the values of the text.

use super::node::JsonNode;
use super::tape::{JsonError, JsonTape, without_byte_order_mark};
use bytes::Bytes;
use std::borrow::Cow;

/// A text of JSON with its index.
#[derive(Clone, Debug)]
pub(crate) struct JsonDocument {
    text: Bytes,
    tape: JsonTape,
}

impl JsonDocument {
    /// Reads one JSON value; a byte order mark before it is passed over.
    ///
    /// # Errors
    /// When the bytes are not UTF-8, not JSON (RFC 8259), more than one value, nested deeper than
    /// 128 levels, or longer than 2 GiB.
    pub(crate) fn parse(bytes: &Bytes) -> Result<Self, JsonError> {
        let text = without_byte_order_mark(bytes);
        Ok(Self {
            text: bytes.slice_ref(text),
            tape: JsonTape::parse(text)?,
        })
    }

    /// How much memory the index takes beside the text.
    #[cfg(test)]
    pub(super) fn index_bytes(&self) -> usize {
        size_of_val(self.tape.entries.as_slice()) + size_of_val(self.tape.duplicates.as_slice())
    }

    /// The names of all members, each at least once.
    pub(crate) fn member_names(&self) -> Vec<Cow<'_, str>> {
        self.root().member_names()
    }

    /// The value that the text is.
    #[must_use]
    pub(crate) fn root(&self) -> JsonNode<'_> {
        JsonNode::root(&self.text, &self.tape)
    }
}
