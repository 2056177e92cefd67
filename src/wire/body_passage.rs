//! Whether the body of a response can pass into a file without being held in memory.

use super::body_charset::BodyCharset;
use crate::body_stream::BodyFolder;

/// How a large response may pass into a file. Nothing looks at the text of one that does.
#[derive(Clone, Debug)]
pub(crate) struct BodyPassage {
    pub(crate) folder: BodyFolder,
}

impl BodyPassage {
    /// Whether a body that begins like this need not be held. A refusal always is: its text says
    /// why. So is every text and document, since secrets are looked for in it by their names.
    #[must_use]
    pub(crate) fn admits(status: u16, content_type: Option<&str>, head: &[u8]) -> bool {
        (200..300).contains(&status) && is_binary(content_type, head)
    }
}

/// Whether no JSON, XML or form can be in a body that begins like this. In doubt it can.
fn is_binary(content_type: Option<&str>, head: &[u8]) -> bool {
    // `None`: a character is cut at the end, and all before it is text.
    let is_text =
        std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true);
    let first = head
        .iter()
        .find(|byte| !byte.is_ascii_whitespace() && **byte != 0);
    // gzip and zlib, which rules look into.
    let is_packed = matches!(
        head,
        [0x1f, 0x8b, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]
    );
    !is_text
        && !is_packed
        && !matches!(first, Some(b'{' | b'[' | b'"' | b'<'))
        && BodyCharset::of(content_type, head).is_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certainly_no_document_is_binary() {
        let pdf = b"%PDF-1.7\n\xe2\xe3\xcf\xd3";
        assert!(is_binary(Some("application/pdf"), pdf));
        assert!(is_binary(None, b"PK\x03\x04\xff\xfe"));
        let korean = "이름".as_bytes();
        for (content_type, head) in [
            (None, b"code,name\n1,a".as_slice()),
            (None, b"{\"a\":\"\xff\"}"),
            (None, b" [\xff]"),
            (None, b"<a>\xff</a>"),
            (None, b"\0{\0\"\xff"),
            (None, b"\xff\xfe{\0"),
            (Some("text/csv; charset=euc-kr"), b"\xb0\xa1"),
            (None, b"\x1f\x8b\x08\xff"),
            (None, &korean[..korean.len() - 1]),
        ] {
            assert!(!is_binary(content_type, head), "{head:?}");
        }
    }
}
