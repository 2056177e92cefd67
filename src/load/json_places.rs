//! Where the members of a JSON text are written, for messages about a JSON Schema, and which names
//! stand twice. The text has been read as JSON before: it refuses to find mistakes of its syntax.

use std::collections::HashMap;

/// The places of all members of a document.
#[derive(Debug, Default)]
pub(super) struct JsonPlaces {
    /// JSON Pointer (RFC 6901) of a member or element → byte offset of its name or value.
    offsets: HashMap<String, usize>,
    /// The pointers of names that an object has already.
    pub(super) duplicates: Vec<String>,
}

impl JsonPlaces {
    /// `text` must be JSON.
    pub(super) fn of(text: &str) -> Self {
        let mut scanner = PlaceScanner {
            text,
            at: 0,
            places: Self::default(),
        };
        scanner.value("");
        scanner.places
    }

    /// `LINE:COLUMN` of a pointer, both from 1.
    pub(super) fn line_and_column(&self, text: &str, pointer: &str) -> String {
        let offset = self.offsets.get(pointer).copied().unwrap_or_default();
        let before = text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |line| line.chars().count())
            + 1;
        format!("{line}:{column}")
    }
}

/// A name as a part of a pointer.
pub(super) fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

struct PlaceScanner<'t> {
    text: &'t str,
    at: usize,
    places: JsonPlaces,
}

impl PlaceScanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// The recursion is as deep as the document, which the JSON reader limits to 128 levels.
    fn value(&mut self, pointer: &str) {
        match self.peek() {
            Some(b'{') => self.object(pointer),
            Some(b'[') => self.list(pointer),
            Some(b'"') => drop(self.string()),
            _ => self.skip_word(),
        }
    }

    fn object(&mut self, pointer: &str) {
        self.at += 1;
        while self.peek() == Some(b'"') {
            let offset = self.at;
            let name = self.string();
            let member = format!("{pointer}/{}", pointer_part(&name));
            if self.places.offsets.insert(member.clone(), offset).is_some() {
                self.places.duplicates.push(member.clone());
            }
            self.skip(b':');
            self.value(&member);
            self.skip(b',');
        }
        self.skip(b'}');
    }

    fn list(&mut self, pointer: &str) {
        self.at += 1;
        let mut index = 0;
        while self.peek().is_some_and(|byte| byte != b']') {
            let element = format!("{pointer}/{index}");
            let before = self.at;
            self.value(&element);
            self.places.offsets.insert(element, before);
            self.skip(b',');
            // A text that is no JSON must not keep this busy for ever.
            if self.at == before {
                return;
            }
            index += 1;
        }
        self.skip(b']');
    }

    fn skip(&mut self, byte: u8) {
        if self.peek() == Some(byte) {
            self.at += 1;
        }
    }

    /// The text that begins with the quote here.
    fn string(&mut self) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut escaped = false;
        let end = rest
            .bytes()
            .skip(1)
            .position(|byte| {
                let ends = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                ends
            })
            .map_or(rest.len(), |end| end + 2);
        self.at += end;
        let written = rest.get(..end).unwrap_or_default();
        serde_json::from_str(written).unwrap_or_else(|_| written.to_owned())
    }

    fn skip_word(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest
            .iter()
            .take_while(|byte| !matches!(byte, b',' | b']' | b'}') && !byte.is_ascii_whitespace())
            .count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_places_and_names_stand_once() {
        let text = "{\n  \"a\\\"b\": [1, {\"c/d\": true}],\n  \"e\": {\"x\": 1, \"x\": 2}\n}";
        let places = JsonPlaces::of(text);
        for (pointer, place) in [
            ("/a\"b", "2:3"),
            ("/a\"b/0", "2:12"),
            ("/a\"b/1/c~1d", "2:16"),
            ("/e", "3:3"),
            ("", "1:1"),
        ] {
            assert_eq!(places.line_and_column(text, pointer), place, "{pointer}");
        }
        assert_eq!(places.duplicates, ["/e/x"]);
    }
}
