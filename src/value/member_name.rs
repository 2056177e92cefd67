//! A name that members are looked up by, prepared to be compared with many.

use std::fmt;
use std::ops::Deref;

/// The name of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberName {
    text: Box<str>,
    start: NameStart,
}

/// The first eight bytes of a name and the quote behind it, as they stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameStart {
    bytes: u64,
    /// Which of the bytes count.
    mask: u64,
    /// Whether JSON can write the name as it is. Other names are compared decoded.
    is_plain: bool,
}

impl MemberName {
    pub(super) fn start(&self) -> NameStart {
        self.start
    }
}

impl From<&str> for MemberName {
    fn from(name: &str) -> Self {
        Self {
            text: name.into(),
            start: NameStart::of(name),
        }
    }
}

impl Deref for MemberName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for MemberName {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl NameStart {
    pub(super) fn of(name: &str) -> Self {
        let (mut bytes, mut mask) = ([0; 8], [0; 8]);
        for (at, byte) in name.bytes().chain([b'"']).take(8).enumerate() {
            bytes[at] = byte;
            mask[at] = 0xff;
        }
        Self {
            bytes: u64::from_le_bytes(bytes),
            mask: u64::from_le_bytes(mask),
            is_plain: !name.contains(['"', '\\']),
        }
    }

    pub(super) fn is_plain(self) -> bool {
        self.is_plain
    }

    /// Whether a text after a quote begins with the name of this start and another quote.
    pub(super) fn begins(self, rest: &[u8], name: &str) -> bool {
        if let Some(word) = rest.first_chunk() {
            let is_start = u64::from_le_bytes(*word) & self.mask == self.bytes;
            // Nearly every other name differs here, and most names end here.
            if !is_start || name.len() < 8 {
                return is_start;
            }
        }
        rest.strip_prefix(name.as_bytes())
            .is_some_and(|behind| behind.first() == Some(&b'"'))
    }
}
