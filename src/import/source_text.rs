//! The text that a request is read from, and places in it.

use super::import_error::ImportError;
use super::markdown::without_markdown;
use super::text_place::TextPlace;

/// The largest text that is read, in bytes. A HAR file of a long session has some 10 MiB.
pub(crate) const MAX_IMPORT_BYTES: usize = 64 << 20;

/// The largest command line or message, in bytes.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// A text without a byte order mark.
pub(crate) struct ImportSource {
    text: String,
    /// How many lines of its file stand before it.
    lines_before: usize,
}

impl ImportSource {
    /// # Errors
    /// When it is too large, no UTF-8 or UTF-16 text, empty, or has a NUL.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, ImportError> {
        if bytes.len() > MAX_IMPORT_BYTES {
            return Err(ImportError::new(format!(
                "the text is larger than {} MiB",
                MAX_IMPORT_BYTES >> 20
            )));
        }
        let text = decode(bytes)?;
        if text.trim().is_empty() {
            return Err(ImportError::new("the text is empty")
                .hint("pass a curl command, raw HTTP, or a HAR file"));
        }
        let source = Self {
            text: without_markdown(text),
            lines_before: 0,
        };
        if let Some(at) = source.text.find('\0') {
            return Err(ImportError::at(
                source.place(at),
                "here is a NUL character, which is not allowed in a command or a header",
            ));
        }
        Ok(source)
    }

    /// A part of a file: its places are those in the file.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(super) fn part(text: &str, lines_before: usize) -> Result<Self, ImportError> {
        let source = Self::new(text.as_bytes().to_vec())?;
        Ok(Self {
            lines_before,
            ..source
        })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The place of a byte offset.
    pub(super) fn place(&self, offset: usize) -> TextPlace {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        TextPlace {
            line: self.lines_before + before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The text of one command line or message.
    ///
    /// # Errors
    /// When it is too large.
    pub(super) fn single_request(&self) -> Result<&str, ImportError> {
        if self.text.len() > MAX_REQUEST_BYTES {
            return Err(ImportError::new(format!(
                "the text is larger than {} MiB, too large for one request",
                MAX_REQUEST_BYTES >> 20
            )));
        }
        Ok(&self.text)
    }
}

/// UTF-8, or UTF-16 with a byte order mark: PowerShell writes such files.
fn decode(bytes: Vec<u8>) -> Result<String, ImportError> {
    let utf16 = |read: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2);
        let units = units.map(|pair| read([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>()
    };
    let not_text = |what: &str| {
        ImportError::new(format!("the text is not {what}"))
            .hint("save it as UTF-8; a binary capture must be exported as text first")
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes).map_err(|_| not_text("UTF-16")),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes).map_err(|_| not_text("UTF-16")),
        _ => {
            let text = String::from_utf8(bytes).map_err(|_| not_text("UTF-8"))?;
            Ok(match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.to_owned(),
                None => text,
            })
        }
    }
}
