//! An expression of filters over pairs, and the places where the pairs in it can be changed.

use crate::model::brackets::split_outside_brackets;

/// Which pairs of a chain are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChainPlace {
    /// As they come out of the request.
    Start,
    /// After what is left out, before they are sorted and encoded; the chain goes on.
    Chosen,
    /// The same, and the chain does not sort them.
    Unsorted,
    /// As they are joined. An encoding at the end of the chain is not made.
    Joined,
    /// As they are joined, after their encoding.
    Encoded,
    /// The same, and they are joined without separators.
    Bare,
}

/// An expression of filters over pairs: `req.query_pairs | drop('sign') | bytesort | concat`.
pub(super) struct Chain {
    pub(super) step: usize,
    pub(super) part: usize,
    /// Head and filters, trimmed.
    pieces: Vec<String>,
    cuts: Vec<(ChainPlace, String, String)>,
}

impl Chain {
    pub(super) fn parse(step: usize, part: usize, source: &str) -> Option<Self> {
        let pieces = split_outside_brackets(source, b'|')?;
        let pieces: Vec<String> = pieces
            .into_iter()
            .map(|(_, piece)| piece.trim().to_owned())
            .collect();
        let is_pairs = pieces.first()?.contains("_pairs") || pieces.first()?.contains(".pairs");
        let joins = pieces.last()?.starts_with("concat");
        if pieces.len() < 2 || !is_pairs || !joins || pieces[0].contains("header_pairs") {
            return None;
        }
        let mut chain = Self {
            step,
            part,
            pieces,
            cuts: Vec::new(),
        };
        chain.cuts = [
            ChainPlace::Start,
            ChainPlace::Chosen,
            ChainPlace::Unsorted,
            ChainPlace::Joined,
            ChainPlace::Encoded,
            ChainPlace::Bare,
        ]
        .into_iter()
        .map(|place| chain.cut_at(place))
        .collect();
        Some(chain)
    }

    pub(super) fn cut(&self, place: ChainPlace) -> Option<(&str, &str)> {
        let cut = self.cuts.iter().find(|(known, ..)| *known == place)?;
        Some((&cut.1, &cut.2))
    }

    /// Whether a filter of this name is in it.
    pub(super) fn has(&self, filter: &str) -> bool {
        self.pieces[1..]
            .iter()
            .any(|piece| filter_name(piece) == filter)
    }

    /// Whether names and values are percent-encoded in it.
    pub(super) fn encodes(&self) -> bool {
        self.has("encoded") || self.pieces.last().is_some_and(|last| joins_encoded(last))
    }

    /// Whether they are encoded while they are joined.
    pub(super) fn joins_encoded(&self) -> bool {
        self.pieces.last().is_some_and(|last| joins_encoded(last))
    }

    /// The names that its `drop` leaves out.
    pub(super) fn dropped(&self) -> Vec<String> {
        let drops = self
            .pieces
            .iter()
            .filter(|piece| filter_name(piece) == "drop");
        let quoted = drops.flat_map(|piece| piece.split(['\'', '"']).skip(1).step_by(2));
        quoted.map(str::to_owned).collect()
    }

    /// What stands between name and value, and between pairs.
    pub(super) fn separators(&self) -> (String, String) {
        let last = self.pieces.last().map_or("", String::as_str);
        let mut quoted = last.split(['\'', '"']).skip(1).step_by(2);
        let mut next = || quoted.next().unwrap_or_default().to_owned();
        (next(), next())
    }

    fn cut_at(&self, place: ChainPlace) -> (ChainPlace, String, String) {
        let late = ["encoded", "bytesort", "folded", "merged", "concat"];
        let count = self.pieces.len();
        let first_late = self.pieces[1..]
            .iter()
            .position(|piece| late.contains(&filter_name(piece)))
            .map_or(count, |at| at + 1);
        let first_own = self.pieces[1..]
            .iter()
            .position(|piece| filter_name(piece) != "also")
            .map_or(count, |at| at + 1);
        let (before, after): (Vec<&str>, Vec<&str>) = match place {
            ChainPlace::Start => (
                self.piece_list(0..first_own),
                self.piece_list(first_own..count),
            ),
            ChainPlace::Chosen => (
                self.piece_list(0..first_late),
                self.piece_list(first_late..count),
            ),
            ChainPlace::Unsorted => {
                let mut after = self.piece_list(first_late..count);
                after.retain(|piece| filter_name(piece) != "bytesort");
                (self.piece_list(0..first_late), after)
            }
            ChainPlace::Joined => {
                let mut before = self.piece_list(0..count - 1);
                before.retain(|piece| filter_name(piece) != "encoded");
                (before, vec![])
            }
            ChainPlace::Encoded => (
                self.piece_list(0..count - 1),
                self.piece_list(count - 1..count),
            ),
            ChainPlace::Bare => (self.piece_list(0..count - 1), vec!["concat"]),
        };
        let after = if place == ChainPlace::Joined {
            let (inner, outer) = self.separators();
            format!("| concat({}, {})", quote(&inner), quote(&outer))
        } else {
            after.iter().map(|piece| format!("| {piece} ")).collect()
        };
        (place, before.join(" | "), after)
    }

    fn piece_list(&self, range: std::ops::Range<usize>) -> Vec<&str> {
        self.pieces[range].iter().map(String::as_str).collect()
    }
}

/// As a literal of an expression. The separators of a scheme come out of one.
fn quote(text: &str) -> String {
    format!("'{text}'")
}

fn filter_name(piece: &str) -> &str {
    piece.split(['(', ' ']).next().unwrap_or(piece)
}

fn joins_encoded(piece: &str) -> bool {
    piece.contains("rfc3986") || piece.contains("'form'") || piece.contains("\"form\"")
}
