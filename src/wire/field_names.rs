//! What a request says in fields: those of its body, and its path as a server may read it.

use super::DraftBody;
use crate::value::Value;
use percent_encoding::percent_decode_str;

impl DraftBody {
    /// Names and texts of a form, of parts, or of the members at the top of a JSON object. `None`
    /// if the body is of another kind: then nobody knows which fields a server finds in it.
    #[must_use]
    pub(crate) fn fields(&self) -> Option<Vec<(String, String)>> {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(match self {
            Self::None => Vec::new(),
            Self::Form(pairs) => pairs.clone(),
            Self::Multipart { parts, .. } => parts
                .iter()
                .map(|part| (part.name.clone(), lossy(&part.content)))
                .collect(),
            Self::Json(Value::Object(members)) => members
                .iter()
                .map(|(name, value)| {
                    let text = value.to_plain_text().unwrap_or_else(|| value.to_json());
                    (name.to_string(), text)
                })
                .collect(),
            Self::Json(_) | Self::Text(_) | Self::Encoded { .. } | Self::Bytes(_) => return None,
        })
    }
}

/// A path as a server can read it: decoded until nothing changes, and without what follows `;`, `?`
/// and `#` in a segment.
#[must_use]
pub(crate) fn decoded_path(path: &str) -> String {
    let mut text = path.to_owned();
    loop {
        // Each round is shorter, so it ends.
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            break;
        }
        text = decoded;
    }
    let bare = |segment: &str| {
        let mut pieces = segment.split([';', '?', '#']);
        pieces.next().unwrap_or_default().to_owned()
    };
    let segments: Vec<String> = text.split('/').map(bare).collect();
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_to_its_end_and_loses_parameters() {
        assert_eq!(decoded_path("/a%252Fb;x=1/c%3Bget"), "/a/b/c");
        assert_eq!(decoded_path("/100%25/ü/"), "/100%/ü/");
    }
}
