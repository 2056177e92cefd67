//! Brackets and quotes of an expression: splits at what stands outside of them.

/// Whether each bracket and quote of a text is closed by its own kind.
pub(crate) fn is_balanced(text: &str) -> bool {
    let mut code = BracketScanner::new(text);
    code.by_ref().for_each(drop);
    code.is_balanced()
}

/// The pieces between separators that stand outside of quotes and brackets, with the byte at which
/// each begins; `None` when brackets or quotes do not match.
pub(crate) fn split_outside_brackets(text: &str, separator: u8) -> Option<Vec<(usize, &str)>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut code = BracketScanner::new(text);
    for (at, byte, depth) in code.by_ref() {
        if depth == 0 && byte == separator {
            pieces.push((from, &text[from..at]));
            from = at + 1;
        }
    }
    pieces.push((from, &text[from..]));
    code.is_balanced().then_some(pieces)
}

/// The arguments between brackets, with the byte at which each begins; `None` when brackets or
/// quotes do not match.
pub(super) fn split_arguments(text: &str) -> Option<Vec<(usize, &str)>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    split_outside_brackets(text, b',')
}

/// The arguments behind the name of a function or filter, with the byte at which each begins: none
/// when no bracket opens, `None` when it is not closed.
pub(crate) fn call_arguments(after_name: &str) -> Option<Vec<(usize, &str)>> {
    let blanks = after_name.len() - after_name.trim_start().len();
    if !after_name[blanks..].starts_with('(') {
        return Some(Vec::new());
    }
    let inside = blanks + 1;
    let mut code = BracketScanner::new(&after_name[blanks..]);
    let (close, ..) = code.find(|(_, byte, depth)| *byte == b')' && *depth == 0)?;
    let pieces = split_arguments(&after_name[inside..blanks + close])?;
    Some(
        pieces
            .into_iter()
            .map(|(at, piece)| (inside + at, piece))
            .collect(),
    )
}

/// The bytes of an expression outside of quoted text, each with its place and how many brackets are
/// open around it. A quote is given once, where it opens.
pub(super) struct BracketScanner<'s> {
    bytes: &'s [u8],
    at: usize,
    open: Vec<u8>,
    is_broken: bool,
}

impl<'s> BracketScanner<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            open: Vec::new(),
            is_broken: false,
        }
    }

    /// Asked at the end: whether each bracket and quote was closed by its own kind.
    pub(super) fn is_balanced(&self) -> bool {
        self.open.is_empty() && !self.is_broken
    }

    fn skip_quoted(&mut self, quote: u8) {
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote {
                return;
            }
        }
        self.is_broken = true;
    }
}

impl Iterator for BracketScanner<'_> {
    type Item = (usize, u8, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let byte = *self.bytes.get(at)?;
        self.at += 1;
        let depth = self.open.len();
        match byte {
            b'"' | b'\'' => self.skip_quoted(byte),
            b'(' => self.open.push(b')'),
            b'[' => self.open.push(b']'),
            b'{' => self.open.push(b'}'),
            b')' | b']' | b'}' => {
                self.is_broken |= self.open.pop() != Some(byte);
                return Some((at, byte, self.open.len()));
            }
            _ => {}
        }
        Some((at, byte, depth))
    }
}
