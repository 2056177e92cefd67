//! Reads the parts of a multipart body (RFC 7578) as they were received.

use super::draft::DraftPart;

/// The parts; `None` if the body is not multipart.
#[must_use]
pub(crate) fn parse_multipart(content_type: &str, body: &[u8]) -> Option<Vec<DraftPart>> {
    let boundary = content_type
        .split("boundary=")
        .nth(1)?
        .split(';')
        .next()?
        .trim()
        .trim_matches('"');
    let marker = format!("--{boundary}");
    let pieces = split_bytes(body, marker.as_bytes());
    let (_preamble, pieces) = pieces.split_first()?;
    // The last delimiter ends with `--` (RFC 2046, section 5.1.1). A body without it was cut off,
    // and its parts must not be taken for the whole.
    let (epilogue, pieces) = pieces.split_last()?;
    if !epilogue.starts_with(b"--") {
        return None;
    }
    pieces.iter().map(|piece| parse_part(piece)).collect()
}

/// One part between two delimiters.
fn parse_part(piece: &[u8]) -> Option<DraftPart> {
    // The line ends around a part belong to its delimiters (RFC 2046, section 5.1.1).
    let piece = piece.strip_prefix(b"\r\n")?;
    let end = find_bytes(piece, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&piece[..end]).ok()?;
    let content = piece[end + 4..].strip_suffix(b"\r\n")?;
    Some(DraftPart {
        name: quoted_parameter(head, "name")?,
        filename: quoted_parameter(head, "filename"),
        media_type: media_type(head),
        content: content.to_vec().into(),
    })
}

fn media_type(head: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        // RFC 9110, section 5.1: names of headers are case-insensitive.
        let is_type = name.trim().eq_ignore_ascii_case("content-type");
        is_type.then(|| value.trim().to_owned())
    })
}

fn quoted_parameter(head: &str, key: &str) -> Option<String> {
    // The blank keeps `name` from matching inside `filename`.
    let (_, rest) = head.split_once(&format!(" {key}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.to_owned())
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
            filename: file.map(str::to_owned),
            media_type: file.map(|_| "image/png".to_owned()),
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
        assert_eq!(read[1].filename.as_deref(), Some("a.png"));
        assert_eq!(read[1].media_type.as_deref(), Some("image/png"));
        assert_eq!(read[1].content.as_ref(), "\u{0}--x\r\n".as_bytes());
    }

    #[test]
    fn a_body_that_is_cut_off_or_malformed_has_no_parts() {
        let whole = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
        let parse = |body: &str| {
            parse_multipart("multipart/form-data; boundary=b", body.as_bytes())
                .map(|parts| parts.len())
        };
        assert_eq!(parse(whole), Some(1));
        assert_eq!(parse("--b--\r\n"), Some(0));
        for (broken, what) in [
            (whole.replace("--b--\r\n", ""), "no last delimiter"),
            (
                whole.replace("--b--\r\n", "--b\r\n"),
                "the last is not closed",
            ),
            (
                whole.replace("1\r\n", "1"),
                "no line end before a delimiter",
            ),
            (whole.replace("--b\r\n", "--b\n"), "no line end after one"),
            (whole.replace("name=\"a\"", "name=a"), "no name in quotes"),
            (String::new(), "nothing"),
        ] {
            assert_eq!(parse(&broken), None, "{what}");
        }
    }
}
