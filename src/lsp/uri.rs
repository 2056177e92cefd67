//! `file:` URIs and paths.

use lsp_types::Uri;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What a path of a URI must not hold as it is (RFC 3986, section 3.3), and `%` itself.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The path of a `file:` URI; none of any other.
#[must_use]
pub(super) fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let path = &rest[rest.find('/')?..];
    let path = percent_decode_str(path).decode_utf8().ok()?;
    // `file:///C:/x` names a drive of Windows.
    let bytes = path.as_bytes();
    let has_drive =
        bytes.get(2) == Some(&b':') && bytes.get(1).is_some_and(u8::is_ascii_alphabetic);
    let path = if has_drive { &path[1..] } else { &path };
    Some(PathBuf::from(path))
}

/// The URI of an absolute path; none of a path that is not UTF-8.
#[must_use]
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    let path = path.to_str()?.replace('\\', "/");
    let lead = if path.starts_with('/') { "" } else { "/" };
    let text = format!("file://{lead}{}", utf8_percent_encode(&path, ESCAPED));
    Uri::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back_from_its_uri() {
        for path in ["/a/b c.yaml", "/주문/100%/#1.yaml", "/a/[x]?.yaml"] {
            let uri = uri_of(Path::new(path)).unwrap();
            assert_eq!(path_of(uri.as_str()), Some(PathBuf::from(path)));
        }
        assert_eq!(path_of("file:///c%3A/x"), Some(PathBuf::from("c:/x")));
        for other in ["untitled:1", "file://", "http://a/b", ""] {
            assert_eq!(path_of(other), None, "{other}");
        }
    }
}
