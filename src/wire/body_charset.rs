//! In which character encoding a body is written: by its byte order mark, the `charset` of its
//! content type, its XML declaration; otherwise it is UTF-8.

use crate::charset::Charset;
use bytes::Bytes;

/// Why a body is not text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub(crate) struct CharsetError {
    /// `it is not EUC-KR, as its content-type says,`
    pub(crate) reason: String,
    pub(crate) offset: usize,
}

/// What says in which encoding a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CharsetSource {
    ByteOrderMark,
    ContentType,
    XmlDeclaration,
    Default,
}

/// The encoding of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyCharset {
    charset: Charset,
    source: CharsetSource,
    /// How many bytes its byte order mark has.
    mark_len: usize,
}

impl BodyCharset {
    pub(crate) fn of(content_type: Option<&str>, body: &[u8]) -> Self {
        if let Some((charset, mark_len)) = Charset::of_byte_order_mark(body) {
            return Self {
                charset,
                source: CharsetSource::ByteOrderMark,
                mark_len,
            };
        }
        // A label that nobody knows says nothing: the next source decides, as in browsers.
        let named = content_type
            .and_then(charset_parameter)
            .and_then(Charset::of_label);
        let (charset, source) = match (named, xml_declared_label(body)) {
            (Some(charset), _) => (charset, CharsetSource::ContentType),
            (None, Some(label)) => match Charset::of_label(label) {
                // The declaration was read as ASCII, so it cannot be UTF-16 whatever it says.
                Some(charset) if !charset.is_utf_16() => (charset, CharsetSource::XmlDeclaration),
                _ => (Charset::UTF_8, CharsetSource::Default),
            },
            (None, None) => (Charset::UTF_8, CharsetSource::Default),
        };
        Self {
            charset,
            source,
            mark_len: 0,
        }
    }

    /// Whether nothing names an encoding.
    pub(crate) fn is_default(self) -> bool {
        self.source == CharsetSource::Default
    }

    pub(crate) fn is_utf_8(self) -> bool {
        self.charset.is_utf_8()
    }

    /// The body as UTF-8 without its byte order mark. A body that is written in UTF-8 is not
    /// examined: who reads it finds out whether it is.
    pub(crate) fn to_utf_8(self, body: &Bytes) -> Result<Bytes, CharsetError> {
        let content = body.slice(self.mark_len..);
        if self.charset.is_utf_8() {
            return Ok(content);
        }
        let decoded = self.charset.decode(&content);
        decoded
            .map(Bytes::from)
            .map_err(|malformed| self.malformed(malformed.offset))
    }

    /// That the content does not fit at a byte, counted after the byte order mark.
    pub(crate) fn malformed(self, offset: usize) -> CharsetError {
        let name = self.charset.name();
        let reason = match self.source {
            CharsetSource::ByteOrderMark => {
                format!("it is not {name}, as its byte order mark says,")
            }
            CharsetSource::ContentType => {
                format!("it is not {name}, as its content-type says,")
            }
            CharsetSource::XmlDeclaration => {
                format!("it is not {name}, as its XML declaration says,")
            }
            CharsetSource::Default => format!("it is not {name}"),
        };
        CharsetError {
            reason,
            offset: offset + self.mark_len,
        }
    }
}

/// A body as UTF-8 without its byte order mark. What is written in UTF-8 already is not examined.
///
/// # Errors
/// When the body does not fit the encoding that its content type or the body itself names.
pub(crate) fn decode_body(content_type: Option<&str>, body: &Bytes) -> Result<Bytes, CharsetError> {
    BodyCharset::of(content_type, body).to_utf_8(body)
}

/// The text of a body in another encoding than UTF-8; `None` if it is UTF-8, or does not fit.
#[must_use]
pub(crate) fn decode_other_charset(content_type: Option<&str>, body: &[u8]) -> Option<String> {
    let encoding = BodyCharset::of(content_type, body);
    let content = body.get(encoding.mark_len..)?;
    if encoding.charset.is_utf_8() {
        return None;
    }
    encoding.charset.decode(content).ok()
}

/// The body that a text is, where its content type or its own XML declaration names an encoding.
/// Characters that the encoding lacks, such as those around the name of a secret, are written as
/// escapes: `\u2039` in JSON, `&#8249;` elsewhere.
#[must_use]
pub(crate) fn encode_body(content_type: Option<&str>, text: String) -> Bytes {
    let charset = BodyCharset::of(content_type, text.as_bytes()).charset;
    if charset.is_utf_8() {
        return text.into();
    }
    let encoded = match charset.encode(&text) {
        Ok(encoded) => encoded,
        Err(_) if crate::value::parse(text.as_bytes()).is_ok() => {
            let escaped = json_with_escapes(&text, charset);
            return charset.encode_with_references(&escaped).into_owned().into();
        }
        Err(_) => charset.encode_with_references(&text),
    };
    encoded.into_owned().into()
}

/// A character that the encoding of a text lacks.
pub(crate) struct UnencodableText {
    pub(crate) character: char,
    /// The name of the encoding.
    pub(crate) charset: &'static str,
}

/// The first character of a text, but for some, that the encoding lacks which its content type or
/// the text itself names.
#[must_use]
pub(crate) fn unencodable(
    content_type: Option<&str>,
    text: &str,
    passed_over: &[char],
) -> Option<UnencodableText> {
    let charset = BodyCharset::of(content_type, text.as_bytes()).charset;
    let error = charset.encode(&text.replace(passed_over, "")).err()?;
    Some(UnencodableText {
        character: error.character,
        charset: charset.name(),
    })
}

/// JSON in which every character that the encoding lacks is an escape. Outside of strings JSON is
/// ASCII.
fn json_with_escapes(text: &str, charset: Charset) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letter = [0; 4];
    for character in text.chars() {
        let written: &str = character.encode_utf8(&mut letter);
        if character.is_ascii() || charset.encode(written).is_ok() {
            out.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

/// The `charset` parameter of a media type (RFC 9110, section 8.3.1).
#[must_use]
pub(crate) fn charset_parameter(content_type: &str) -> Option<&str> {
    // Quoted values of other parameters can hold a `;`, but then no charset is behind it that a
    // server would send.
    let mut parameters = content_type.split(';').skip(1);
    parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim();
        let unquoted = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| unquoted.unwrap_or(value))
    })
}

/// The encoding of an XML declaration, which is ASCII in every encoding that has one of these
/// labels (XML 1.0, section 4.3.3).
#[must_use]
pub(crate) fn xml_declared_label(body: &[u8]) -> Option<&str> {
    /// Longer declarations do not exist: it holds a version, an encoding and a yes or no.
    const MAX_DECLARATION: usize = 256;
    let rest = body.strip_prefix(b"<?xml")?;
    let head = &rest[..rest.len().min(MAX_DECLARATION)];
    let end = head.windows(2).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(&head[..end]).ok()?;
    let (before, after) = declaration.split_once("encoding")?;
    if !before.ends_with(|letter: char| letter.is_ascii_whitespace()) {
        return None;
    }
    let value = after
        .trim_ascii_start()
        .strip_prefix('=')?
        .trim_ascii_start();
    let quote = value
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))?;
    value[1..].split_once(quote).map(|(label, _)| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(content_type: &str, body: &[u8]) -> String {
        let body = Bytes::copy_from_slice(body);
        match decode_body(Some(content_type), &body) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn mark_then_content_type_then_declaration_then_utf_8() {
        let korean = b"\xc7\xd1";
        assert_eq!(decoded("text/xml; charset=EUC-KR", korean), "한");
        assert_eq!(
            decoded("text/xml;a=b; Charset = \"ks_c_5601-1987\"", korean),
            "한"
        );
        assert_eq!(
            decoded(
                "text/xml",
                b"<?xml version=\"1.0\" encoding='euc-kr'?><a>\xc7\xd1</a>"
            ),
            "<?xml version=\"1.0\" encoding='euc-kr'?><a>한</a>"
        );
        assert_eq!(
            decoded(
                "text/xml; charset=utf-8",
                "<?xml encoding=\"euc-kr\"?>한".as_bytes()
            ),
            "<?xml encoding=\"euc-kr\"?>한",
            "the content type goes first"
        );
        assert_eq!(
            decoded("a/b; charset=euc-kr", b"\xef\xbb\xbf\xed\x95\x9c"),
            "한"
        );
        assert_eq!(decoded("a/b; charset=euc-kr", b"\xff\xfe\x5c\xd5"), "한");
        assert_eq!(decoded("a/b", b"\xfe\xff\xd5\x5c"), "한");
        assert_eq!(decoded("a/b; charset=utf-16be", b"\xd5\x5c"), "한");
        assert_eq!(decoded("a/b; charset=unheard-of", "한".as_bytes()), "한");
        assert_eq!(
            decoded("a/b", b"<?xml encoding=\"utf-16\"?>x"),
            "<?xml encoding=\"utf-16\"?>x",
            "it was read as ASCII"
        );
    }

    #[test]
    fn what_does_not_fit_names_the_charset_and_who_says_so() {
        assert_eq!(
            decoded("text/xml; charset=euc-kr", b"ab\xff"),
            "it is not EUC-KR, as its content-type says, at byte 2"
        );
        assert_eq!(
            decoded("text/xml", b"<?xml encoding=\"sjis\"?>\xff"),
            "it is not Shift_JIS, as its XML declaration says, at byte 23"
        );
        assert_eq!(
            decoded("text/xml", b"\xff\xfea"),
            "it is not UTF-16LE, as its byte order mark says, at byte 2"
        );
    }

    #[test]
    fn characters_that_an_encoding_lacks_are_escaped() {
        let encoded = |content_type: &str, text: &str| encode_body(Some(content_type), text.into());
        let korean = "a/b; charset=euc-kr";
        assert_eq!(&*encoded(korean, "한"), b"\xc7\xd1");
        assert_eq!(&*encoded(korean, "‹a›"), b"&#8249;a&#8250;");
        assert_eq!(
            &*encoded(korean, "{\"한\":\"‹a›😀\"}"),
            b"{\"\xc7\xd1\":\"\\u2039a\\u203a\\ud83d\\ude00\"}"
        );
        assert_eq!(&*encoded("a/b", "‹a›"), "‹a›".as_bytes());
    }
}
