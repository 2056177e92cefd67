//! Texts of JSON with escapes, which are decoded by hifijson.

use hifijson::escape::Lex as _;
use hifijson::str::LexAlloc as _;
use hifijson::{Error, SliceLexer, escape};

/// Reads the escape whose backslash is at the start of `rest`, and gives its length.
///
/// # Errors
/// When it is none, with the length of what was read.
pub(super) fn escape_len(rest: &[u8]) -> Result<usize, (Error, usize)> {
    let mut lexer = SliceLexer::new(&rest[2.min(rest.len())..]);
    let decoded = match rest.get(1) {
        Some(letter) => lexer.escape(*letter),
        None => Err(escape::Error::Eof),
    };
    let len = rest.len() - lexer.as_slice().len();
    match decoded {
        Ok(_) => Ok(len),
        Err(error) => Err((Error::Str(error.into()), len)),
    }
}

/// The text after a quote, up to the next one. It was read before, so nothing in it is wrong.
#[expect(
    clippy::expect_used,
    reason = "the text was read to its end when it was indexed, and every escape with it"
)]
pub(super) fn unescape(rest: &[u8]) -> String {
    let text = SliceLexer::new(rest).str_string();
    text.expect("a text that was read before").into_owned()
}
