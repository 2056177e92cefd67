//! Searches a text for several patterns at once. An automaton for the forms of two secrets takes
//! longer to build than all the rest of a run of one request, so that long patterns are found by
//! their first eight letters, which are sorted. A text that holds none of them is passed by a filter.

use crate::secret::Secret;
use aho_corasick::AhoCorasick;
use std::ops::Range;

/// How many letters of a pattern are looked for: as many as one number holds, and so many that
/// ordinary text does not hold them.
const KEY_LETTERS: usize = 8;
/// So many bits of the filter for each pattern let nearly no other text through.
const FILTER_BITS: usize = 16;

/// A search for all patterns.
pub(super) enum PatternSearch {
    /// There is no pattern.
    Nothing,
    Keys(PatternKeys),
    Automaton(AhoCorasick),
}

impl PatternSearch {
    /// Finds the first eight letters of each pattern. `None` if a pattern has fewer.
    pub(super) fn for_first_letters(patterns: &[&[u8]]) -> Option<Self> {
        match patterns {
            [] => Some(Self::Nothing),
            _ => PatternKeys::new(patterns).map(Self::Keys),
        }
    }

    /// Finds each pattern whole. `None` if they are too many for an automaton.
    pub(super) fn for_whole<P: AsRef<[u8]>>(patterns: &[P]) -> Option<Self> {
        match patterns {
            [] => Some(Self::Nothing),
            _ => AhoCorasick::new(patterns).ok().map(Self::Automaton),
        }
    }

    /// Every place that was found, also one that overlaps another, with the index of its pattern.
    pub(super) fn for_each(&self, text: &[u8], mut visit: impl FnMut(Range<usize>, usize)) {
        match self {
            Self::Nothing => {}
            Self::Keys(keys) => keys.for_each(text, visit),
            Self::Automaton(automaton) => {
                for found in automaton.find_overlapping_iter(text) {
                    visit(found.range(), found.pattern().as_usize());
                }
            }
        }
    }
}

/// The first eight letters of patterns, as numbers.
pub(super) struct PatternKeys {
    /// In order. They are letters of secrets, and are overwritten with them.
    keys: Secret<Vec<u64>>,
    /// For each key, the index of its pattern.
    patterns: Vec<usize>,
    /// A bit for each hash of a key.
    filter: Vec<u64>,
    /// The hash of a key is what is left of a product after this shift.
    shift: u32,
}

impl PatternKeys {
    fn new(patterns: &[&[u8]]) -> Option<Self> {
        let keys = patterns.iter().map(|pattern| first_key(pattern));
        let keys = Secret::new(keys.collect::<Option<Vec<u64>>>()?);
        let mut order: Vec<usize> = (0..patterns.len()).collect();
        order.sort_unstable_by_key(|pattern| keys.expose()[*pattern]);
        let bits = (patterns.len() * FILTER_BITS).next_power_of_two().max(64);
        let mut built = Self {
            keys: Secret::new(order.iter().map(|at| keys.expose()[*at]).collect()),
            patterns: order,
            filter: vec![0; bits / 64],
            shift: u64::BITS - bits.trailing_zeros(),
        };
        for key in keys.expose() {
            let (word, bit) = built.place_in_filter(*key);
            built.filter[word] |= 1 << bit;
        }
        Some(built)
    }

    /// The word of a key in the filter, and its bit. Fibonacci hashing: the highest bits of the
    /// product depend on all letters.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is less than the bits of the filter"
    )]
    fn place_in_filter(&self, key: u64) -> (usize, usize) {
        let hash = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize;
        (hash / 64, hash % 64)
    }

    fn for_each(&self, text: &[u8], mut visit: impl FnMut(Range<usize>, usize)) {
        let keys = self.keys.expose();
        for at in 0..text.len() {
            let Some(key) = first_key(&text[at..]) else {
                return;
            };
            let (word, bit) = self.place_in_filter(key);
            if self.filter[word] >> bit & 1 == 0 {
                continue;
            }
            let first = keys.partition_point(|known| *known < key);
            let equal = keys[first..].iter().take_while(|known| **known == key);
            for pattern in &self.patterns[first..first + equal.count()] {
                visit(at..at + KEY_LETTERS, *pattern);
            }
        }
    }
}

/// `None` for fewer letters.
fn first_key(pattern: &[u8]) -> Option<u64> {
    pattern.first_chunk().map(|key| u64::from_le_bytes(*key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found_by(search: &PatternSearch, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        search.for_each(text, |place, pattern| found.push((place.start, pattern)));
        found.sort_unstable();
        found
    }

    #[test]
    fn a_pattern_that_is_too_short_to_be_found_is_no_search() {
        assert!(PatternSearch::for_first_letters(&[b"longer than that", b"shorter"]).is_none());
        let nothing = PatternSearch::for_first_letters(&[]).unwrap();
        assert_eq!(found_by(&nothing, b"some text"), []);
    }

    proptest! {
        #[test]
        fn every_first_letter_that_an_automaton_finds_is_found(
            patterns in prop::collection::vec("[ab]{8,10}|[a-c\u{e9}]{8,9}", 1..40),
            text in "[ab]{0,200}|[a-c\u{e9}]{0,200}",
        ) {
            let patterns: Vec<&[u8]> = patterns.iter().map(String::as_bytes).collect();
            let starts: Vec<&[u8]> = patterns.iter().map(|pattern| &pattern[..KEY_LETTERS]).collect();
            let keys = PatternSearch::for_first_letters(&patterns).unwrap();
            let automaton = PatternSearch::for_whole(&starts).unwrap();
            prop_assert_eq!(found_by(&keys, text.as_bytes()), found_by(&automaton, text.as_bytes()));
        }
    }
}
