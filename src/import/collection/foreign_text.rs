//! A text of another program with its variables: `{{name}}` of Postman, Bruno, Hurl and `.http`
//! files, and values that are fresh each time, such as `{{$guid}}`.

/// A text and the variables in it, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ForeignText {
    pieces: Vec<ForeignPiece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ForeignPiece {
    Literal(String),
    Variable(String),
    /// An expression of a request file.
    Expression(String),
}

/// The longest name of a variable, in bytes. A longer text between braces is no name.
const MAX_NAME_BYTES: usize = 120;

impl ForeignText {
    #[must_use]
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        let mut out = Self::default();
        out.push_literal(&text.into());
        out
    }

    #[must_use]
    pub(crate) fn variable(name: impl Into<String>) -> Self {
        Self {
            pieces: vec![ForeignPiece::Variable(name.into())],
        }
    }

    /// A text with `{{name}}`.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        let mut out = Self::default();
        let mut rest = text;
        while let Some(open) = rest.find("{{") {
            // The innermost braces are those of the variable: `{{{id}}}` is one in braces.
            let open = open
                + rest[open..]
                    .bytes()
                    .take_while(|byte| *byte == b'{')
                    .count()
                - 2;
            let inside = &rest[open + 2..];
            // The braces that close it are near or not its own.
            let near = inside.as_bytes();
            let near = &near[..near.len().min(2 * MAX_NAME_BYTES)];
            let close = near.windows(2).position(|pair| pair == b"}}");
            let name = close.map(|close| (close, inside[..close].trim()));
            let name = name.filter(|(_, name)| {
                !name.is_empty()
                    && name.len() <= MAX_NAME_BYTES
                    && !name.contains(['{', '}', '\n', '"', '\\'])
            });
            if let Some((close, name)) = name {
                out.push_literal(&rest[..open]);
                out.pieces.push(variable_piece(name));
                rest = &inside[close + 2..];
            } else {
                out.push_literal(&rest[..open + 2]);
                rest = inside;
            }
        }
        out.push_literal(rest);
        out
    }

    pub(crate) fn push_literal(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(ForeignPiece::Literal(last)) = self.pieces.last_mut() {
            last.push_str(text);
        } else {
            self.pieces.push(ForeignPiece::Literal(text.to_owned()));
        }
    }

    pub(crate) fn push(&mut self, piece: ForeignPiece) {
        match piece {
            ForeignPiece::Literal(text) => self.push_literal(&text),
            piece => self.pieces.push(piece),
        }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        other.pieces.into_iter().for_each(|piece| self.push(piece));
    }

    #[must_use]
    pub(crate) fn pieces(&self) -> &[ForeignPiece] {
        &self.pieces
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The text, if it has no variable.
    #[must_use]
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [ForeignPiece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The names of its variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            ForeignPiece::Variable(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The same with another text in the place of each literal.
    #[must_use]
    pub(crate) fn map_literals(&self, map: impl Fn(&str) -> String) -> Self {
        let mut out = Self::default();
        for piece in &self.pieces {
            match piece {
                ForeignPiece::Literal(text) => out.push_literal(&map(text)),
                other => out.push(other.clone()),
            }
        }
        out
    }

    /// With marks in the place of what is no literal, by which [`Self::unmark`] finds it again;
    /// `None` where the text has such marks itself.
    #[must_use]
    pub(crate) fn marked(&self) -> Option<String> {
        let mut out = String::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                ForeignPiece::Literal(text) if text.contains([MARK_START, MARK_END]) => {
                    return None;
                }
                ForeignPiece::Literal(text) => out.push_str(text),
                _ => out.push_str(&format!("{MARK_START}{index}{MARK_END}")),
            }
        }
        Some(out)
    }

    /// A text that was cut out of [`Self::marked`].
    #[must_use]
    pub(crate) fn unmark(&self, text: &str) -> Self {
        let mut out = Self::default();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once(MARK_START) {
            out.push_literal(before);
            let Some((index, behind)) = behind.split_once(MARK_END) else {
                rest = behind;
                break;
            };
            let piece = index
                .parse::<usize>()
                .ok()
                .and_then(|at| self.pieces.get(at));
            if let Some(piece) = piece {
                out.push(piece.clone());
            }
            rest = behind;
        }
        out.push_literal(rest);
        out
    }
}

/// Letters for private use, which no text for a marketplace has.
const MARK_START: char = '\u{E0F0}';
const MARK_END: char = '\u{E0F1}';

/// Whether a text was made by [`ForeignText::marked`] from one with variables.
#[must_use]
pub(crate) fn has_mark(text: &str) -> bool {
    text.contains(MARK_START)
}

fn variable_piece(name: &str) -> ForeignPiece {
    let dynamic = name.strip_prefix('$').unwrap_or_default();
    let (word, rest) = dynamic.split_once(' ').unwrap_or((dynamic, ""));
    let expression = match word.to_ascii_lowercase().as_str() {
        "guid" | "uuid" | "randomuuid" | "random.uuid" => "uuid()",
        "timestamp" if rest.is_empty() => "now()",
        "isotimestamp" => "date(\"%Y-%m-%dT%H:%M:%SZ\")",
        "randomalphanumeric" => "random(1)",
        "randomhexadecimal" => "random(8)",
        "datetime" | "localdatetime" if rest.starts_with("iso8601") => {
            "date(\"%Y-%m-%dT%H:%M:%SZ\")"
        }
        "processenv" | "dotenv" | "env" if !rest.is_empty() => {
            let name = rest.trim_start_matches('%').trim();
            return ForeignPiece::Variable(name.to_owned());
        }
        _ => return ForeignPiece::Variable(name.to_owned()),
    };
    ForeignPiece::Expression(expression.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        let pieces = ForeignText::parse(text).pieces;
        let pieces = pieces.iter().map(|piece| match piece {
            ForeignPiece::Literal(text) => text.clone(),
            ForeignPiece::Variable(name) => format!("‹{name}›"),
            ForeignPiece::Expression(source) => format!("«{source}»"),
        });
        pieces.collect()
    }

    #[test]
    fn variables_are_found_and_other_braces_stay() {
        assert_eq!(shape("{{ base }}/a?x={{y}}"), "‹base›/a?x=‹y›");
        assert_eq!(shape("{\"a\":{{{id}}}}"), "{\"a\":{‹id›}}");
        assert_eq!(shape("{{}} {{ \"x\" }} {{a"), "{{}} {{ \"x\" }} {{a");
        assert_eq!(
            shape("{{$guid}}-{{$timestamp}}-{{$randomCity}}"),
            "«uuid()»-«now()»-‹$randomCity›"
        );
        assert_eq!(shape("{{$dotenv TOKEN}}"), "‹TOKEN›");
    }

    #[test]
    fn marks_lead_back_to_the_variables() {
        let text = ForeignText::parse("a{{x}}b{{y}}");
        let marked = text.marked().unwrap();
        assert_eq!(text.unmark(&marked), text);
        assert_eq!(text.unmark(&marked[1..]), ForeignText::parse("{{x}}b{{y}}"));
        assert!(ForeignText::literal("\u{E0F0}").marked().is_none());
    }
}
