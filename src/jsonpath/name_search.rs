//! Searches a text of JSON for the names of a path, which costs less than reading the text. The
//! searches are prepared once: that takes several times the work of one search in a small response.

use memchr::memmem::{Finder, find};

/// For each segment of a path, names of which one must stand in the text.
#[derive(Debug)]
pub(super) struct NameSearch(Vec<Vec<Finder<'static>>>);

impl NameSearch {
    pub(super) fn new<'n>(segments: impl Iterator<Item = Vec<&'n str>>) -> Self {
        let finder = |name: &str| Finder::new(name.as_bytes()).into_owned();
        Self(
            segments
                .map(|names| names.into_iter().map(finder).collect())
                .collect(),
        )
    }

    /// Whether a name of every segment can stand in the text. It can be written with escapes.
    pub(super) fn can_match_in(&self, json: &[u8]) -> bool {
        let is_in = |name: &Finder<'_>| name.find(json).is_some() || can_escape(name, json);
        self.0.iter().all(|names| names.iter().any(is_in))
    }
}

/// Whether the text has escapes in which the name can be written.
fn can_escape(name: &Finder<'_>, json: &[u8]) -> bool {
    let escape: &[u8] = if name.needle().is_ascii() {
        b"\\u00"
    } else {
        b"\\u"
    };
    // Most texts have no escape at all, and to look for one letter is the cheapest search.
    memchr::memchr(b'\\', json).is_some() && find(json, escape).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::JsonPath;

    #[test]
    fn a_path_can_match_where_its_names_stand_plain_or_in_escapes() {
        let can_match = |path: &str, json: &str| {
            let path = JsonPath::parse(path).unwrap();
            [
                path.can_match_in(json.as_bytes()),
                path.can_match_in(json.as_bytes()),
            ]
        };
        let plain = r#"{"buyer":{"name":"a"}}"#;
        assert_eq!(can_match("$..buyer['name', 'phone']", plain), [true; 2]);
        assert_eq!(can_match("$..buyer['mail', 'phone']", plain), [false; 2]);
        assert_eq!(can_match("$..seller.name", plain), [false; 2]);
        assert_eq!(can_match("$..buyer[*]", plain), [true; 2]);
        assert_eq!(can_match("$..['a/b']", plain), [true; 2]);
        assert_eq!(can_match("$..phone", r#"{"\u0070hone":"1"}"#), [true; 2]);
        assert_eq!(can_match("$..phone", r#"{"a":"\n"}"#), [false; 2]);
    }
}
