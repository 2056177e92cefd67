//! Reads the parts of a multipart body (RFC 7578) as they arrived.

use crate::wire::DraftPart;

/// The parts; `None` when the body is not what its type says.
#[must_use]
pub(super) fn parse_multipart(content_type: &str, body: &[u8]) -> Option<Vec<DraftPart>> {
    let boundary = content_type
        .split("boundary=")
        .nth(1)?
        .split(';')
        .next()?
        .trim()
        .trim_matches('"');
    let marker = format!("--{boundary}");
    let mut parts = Vec::new();
    for piece in split_bytes(body, marker.as_bytes()).into_iter().skip(1) {
        let Some(piece) = piece.strip_prefix(b"\r\n") else {
            break;
        };
        let end = find_bytes(piece, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&piece[..end]).ok()?;
        let content = piece[end + 4..]
            .strip_suffix(b"\r\n")
            .unwrap_or(&piece[end + 4..]);
        let quoted = |key: &str| {
            head.split(&format!(" {key}=\""))
                .nth(1)?
                .split('"')
                .next()
                .map(str::to_owned)
        };
        let file = quoted("filename").map(|name| (name, String::new()));
        parts.push(DraftPart {
            name: quoted("name")?,
            file,
            content: content.to_vec().into(),
        });
    }
    Some(parts)
}

fn find_bytes(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn split_bytes<'t>(mut text: &'t [u8], by: &[u8]) -> Vec<&'t [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = find_bytes(text, by) {
        pieces.push(&text[..at]);
        text = &text[at + by.len()..];
    }
    pieces.push(text);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::DraftBody;

    #[test]
    fn parts_read_back_as_they_were_written() {
        let part = |name: &str, file: Option<&str>, content: &str| DraftPart {
            name: name.to_owned(),
            file: file.map(|name| (name.to_owned(), "image/png".to_owned())),
            content: content.as_bytes().to_vec().into(),
        };
        let parts = vec![
            part("scene", None, "normal"),
            part("image", Some("a.png"), "\u{0}--x\r\n"),
        ];
        let body = DraftBody::Multipart {
            parts,
            boundary: "xyz".to_owned(),
        };
        let read = parse_multipart("multipart/form-data; boundary=xyz", &body.to_bytes()).unwrap();
        assert_eq!((read.len(), read[1].name.as_str()), (2, "image"));
        assert_eq!(read[1].file.as_ref().unwrap().0, "a.png");
        assert_eq!(read[1].content.as_ref(), "\u{0}--x\r\n".as_bytes());
    }
}
