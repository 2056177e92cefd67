//! Positions of the protocol and byte offsets. A position counts lines, and in a line the units of
//! the encoding that client and server agreed on; one past the end of its line is at its end.

use lsp_types::{Position, PositionEncodingKind, Range};

/// What a column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnUnit {
    Utf8,
    Utf16,
    Utf32,
}

impl ColumnUnit {
    /// The first that is cheap here, of those that the client knows; every client knows UTF-16.
    #[must_use]
    pub(super) fn negotiate(offered: &[String]) -> Self {
        let knows = |name: &str| offered.iter().any(|offer| offer == name);
        if knows("utf-8") {
            Self::Utf8
        } else if knows("utf-32") && !knows("utf-16") {
            Self::Utf32
        } else {
            Self::Utf16
        }
    }

    #[must_use]
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn len(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::Utf16 => letter.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// Where the lines of a text begin.
pub(super) struct LineIndex {
    starts: Vec<usize>,
    unit: ColumnUnit,
}

impl LineIndex {
    #[must_use]
    pub(super) fn new(text: &str, unit: ColumnUnit) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| {
            // A line ends with LF, CR LF, or CR (specification, "Text Documents").
            **byte == b'\n' || **byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1));
        Self {
            starts: starts.collect(),
            unit,
        }
    }

    /// The byte of a position, at most the end of its line.
    #[must_use]
    pub(super) fn offset(&self, text: &str, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).copied() else {
            return text.len();
        };
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let written = text.get(start..end).unwrap_or_default();
        let written = written.trim_end_matches(['\n', '\r']);
        let (mut left, mut at) = (position.character as usize, start);
        for letter in written.chars() {
            let len = self.unit.len(letter);
            // A position inside of a letter is at its beginning.
            if len > left {
                break;
            }
            left -= len;
            at += letter.len_utf8();
        }
        at
    }

    #[must_use]
    pub(super) fn position(&self, text: &str, offset: usize) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = text.get(start..offset).unwrap_or_default();
        let column = match self.unit {
            ColumnUnit::Utf8 => before.len(),
            unit => before.chars().map(|letter| unit.len(letter)).sum(),
        };
        Position::new(to_u32(line), to_u32(column))
    }

    #[must_use]
    pub(super) fn range(&self, text: &str, range: std::ops::Range<usize>) -> Range {
        Range::new(
            self.position(text, range.start),
            self.position(text, range.end),
        )
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn korean_and_emoji_before_a_place_count_as_the_client_counts() {
        let text = "가: 🎧x\r\ny\rz\n";
        for (unit, column) in [
            (ColumnUnit::Utf8, 9),
            (ColumnUnit::Utf16, 5),
            (ColumnUnit::Utf32, 4),
        ] {
            let index = LineIndex::new(text, unit);
            let at = text.find('x').unwrap();
            assert_eq!(index.position(text, at), Position::new(0, column));
            assert_eq!(index.offset(text, Position::new(0, column)), at);
            assert_eq!(index.offset(text, Position::new(0, 99)), at + 1);
            assert_eq!(
                index.offset(text, Position::new(2, 0)),
                text.find('z').unwrap()
            );
            assert_eq!(index.offset(text, Position::new(9, 9)), text.len());
            assert_eq!(index.position(text, 999), Position::new(3, 0));
        }
    }

    #[test]
    fn every_offset_and_its_position_are_one() {
        let text = "a: \"한\u{1F600}\"\n\nb: c\r\n d\r";
        for unit in [ColumnUnit::Utf8, ColumnUnit::Utf16, ColumnUnit::Utf32] {
            let index = LineIndex::new(text, unit);
            for (at, _) in text.char_indices() {
                let is_line_end = text[at..].starts_with(['\r', '\n']);
                let back = index.offset(text, index.position(text, at));
                assert!(back == at || is_line_end, "{at} {back}");
            }
        }
    }
}
