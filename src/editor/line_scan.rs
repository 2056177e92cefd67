//! What surrounds the cursor in a text that need not be YAML yet: open brackets and quotes, and
//! where the word at the cursor begins. It reads the text once, from its beginning.

/// The surroundings of an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CursorSurroundings {
    /// The brackets that are open, the outermost first.
    pub(super) open: Vec<u8>,
    /// The quote that is open.
    pub(super) quote: Option<char>,
    /// Where the scalar at the cursor begins, behind its quote.
    pub(super) token: usize,
    /// The cursor is behind the colon of a key.
    pub(super) is_value: bool,
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    open: Vec<u8>,
    quote: Option<(u8, usize)>,
    token: usize,
    is_value: bool,
    /// Only blanks and dashes stand before on this line.
    is_line_start: bool,
    /// The indentation of the key with a block scalar that is being read.
    block: Option<usize>,
}

/// `None` inside of a comment or of a block scalar.
#[must_use]
pub(super) fn surroundings(text: &str, offset: usize) -> Option<CursorSurroundings> {
    let mut scanner = Scanner {
        text,
        at: 0,
        open: Vec::new(),
        quote: None,
        token: 0,
        is_value: false,
        is_line_start: true,
        block: None,
    };
    while scanner.at < offset {
        scanner.step(offset)?;
    }
    let is_inside_block = scanner.block.is_some();
    (!is_inside_block).then_some(CursorSurroundings {
        open: scanner.open,
        quote: scanner.quote.map(|(mark, _)| mark as char),
        token: scanner.token.min(offset),
        is_value: scanner.is_value,
    })
}

impl Scanner<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(b'\n')
    }

    fn step(&mut self, offset: usize) -> Option<()> {
        let byte = self.byte(self.at);
        if let Some((mark, _)) = self.quote {
            self.step_in_quote(byte, mark);
            return Some(());
        }
        let is_free = self.at == self.token;
        let is_before_blank = self.byte(self.at + 1).is_ascii_whitespace();
        match byte {
            b'\n' => self.start_line(),
            b'#' if self.at == 0 || self.byte(self.at - 1).is_ascii_whitespace() => {
                self.skip_comment(offset)?;
            }
            b'"' | b'\'' | b'{' | b'[' if is_free => self.open(byte),
            b'}' | b']' if !self.open.is_empty() => {
                self.open.pop();
                self.at += 1;
            }
            b',' if !self.open.is_empty() => {
                self.is_value = self.open.last() == Some(&b'[');
                self.advance_token();
            }
            b':' if is_before_blank && !self.is_value_text() => {
                self.is_value = true;
                self.is_line_start = false;
                self.advance_token();
            }
            b'|' | b'>' if is_free && self.open.is_empty() && self.ends_line() => {
                self.block = Some(self.indentation());
                self.at += 1;
            }
            b'-' if self.is_line_start && is_before_blank => self.advance_token(),
            b' ' | b'\t' | b'\r' if is_free => self.advance_token(),
            _ => {
                self.is_line_start = false;
                self.at += 1;
            }
        }
        Some(())
    }

    /// A quote or a bracket at the beginning of a scalar.
    fn open(&mut self, byte: u8) {
        if matches!(byte, b'{' | b'[') {
            self.open.push(byte);
            self.is_value = byte == b'[';
        } else {
            self.quote = Some((byte, self.at));
        }
        self.advance_token();
    }

    /// `None` if the comment reaches the cursor.
    fn skip_comment(&mut self, offset: usize) -> Option<()> {
        let end = self.at + self.text.get(self.at..)?.find('\n')?;
        self.at = end;
        (end < offset).then_some(())
    }

    /// A colon in the value of a block map is a part of it.
    fn is_value_text(&self) -> bool {
        self.is_value && self.open.is_empty()
    }

    fn advance_token(&mut self) {
        self.at += 1;
        self.token = self.at;
    }

    fn step_in_quote(&mut self, byte: u8, mark: u8) {
        let is_escaped = byte == b'\\' && mark == b'"'
            || byte == b'\'' && mark == byte && self.byte(self.at + 1) == byte;
        if is_escaped {
            self.at += 2;
        } else {
            self.at += 1;
            if byte == mark {
                self.quote = None;
            }
        }
    }

    fn start_line(&mut self) {
        self.at += 1;
        if self.open.is_empty() {
            self.is_value = false;
        }
        self.is_line_start = true;
        self.token = self.at;
        let Some(indent) = self.block else {
            return;
        };
        let line = self.text.get(self.at..).unwrap_or_default();
        let line = line.split('\n').next().unwrap_or_default();
        let own = line.len() - line.trim_start_matches(' ').len();
        if line.trim().is_empty() || own > indent {
            self.at += line.len();
        } else {
            self.block = None;
        }
    }

    fn ends_line(&self) -> bool {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        line.trim_start_matches(['+', '-', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            .trim()
            .is_empty()
    }

    fn indentation(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.len() - line.trim_start_matches(' ').len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(marked: &str) -> Option<(String, Option<char>, String, bool)> {
        let offset = marked.find('‸').unwrap();
        let text = marked.replace('‸', "");
        let found = surroundings(&text, offset)?;
        let open = found.open.iter().map(|byte| *byte as char).collect();
        let token = text[found.token..offset].to_owned();
        Some((open, found.quote, token, found.is_value))
    }

    #[test]
    fn the_word_at_the_cursor_is_a_key_or_a_value() {
        for (text, open, quote, token, is_value) in [
            ("a: 1\nbc‸", "", None, "bc", false),
            ("a: bc‸", "", None, "bc", true),
            ("a: b: c‸", "", None, "b: c", true),
            ("a:\n  - b‸", "", None, "b", false),
            ("a:\n  - b: ‸", "", None, "", true),
            ("a: { b: 1, c‸", "{", None, "c", false),
            ("a: { b: [1, c‸", "{[", None, "c", true),
            ("a: { b: [1], c: \"d‸", "{", Some('"'), "d", true),
            ("a: 'it''s', b‸", "", None, "", true),
            ("a: it's {\nb‸", "", None, "b", false),
            ("a: \"\\\"\"\nb: ‸", "", None, "", true),
            ("a: http://b#c‸", "", None, "http://b#c", true),
            ("a: |\n  x: {\n\n  y\nb‸", "", None, "b", false),
            ("$.a[0].b‸", "", None, "$.a[0].b", false),
            ("x: { '$.a[0].b‸", "{", Some('\''), "$.a[0].b", false),
        ] {
            let found = at(text).unwrap();
            let token_fits = found.2 == token || text.starts_with("a: 'it");
            assert!(
                found.0 == open && found.1 == quote && token_fits && found.3 == is_value,
                "{text}: {found:?}"
            );
        }
        assert_eq!(at("a: 1 # b‸"), None);
        assert_eq!(at("a: |\n  b‸"), None);
    }
}
