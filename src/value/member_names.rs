//! The names of members while a text is indexed: which of them stand twice in one object, and which
//! are different at all. It refuses to read a text.

use super::tape::DuplicateName;
use super::unescape::unescape;
use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::ops::Range;

/// Where a name stands: its offset with the quote, and its length without the quotes.
#[derive(Clone, Copy, Default)]
pub(super) struct NameSpan {
    pub(super) at: u32,
    pub(super) len: u32,
}

impl NameSpan {
    pub(super) fn range(self) -> Range<usize> {
        let start = self.at as usize + 1;
        start..start + self.len as usize
    }

    /// The name itself.
    fn text(self, json: &[u8]) -> Cow<'_, [u8]> {
        let raw = &json[self.range()];
        if raw.contains(&b'\\') {
            return Cow::Owned(unescape(&json[self.at as usize + 1..]).into_bytes());
        }
        Cow::Borrowed(raw)
    }
}

/// A number that equal names have in common. Of fewer than eight letters, only they have it.
pub(super) fn name_sum(name: &[u8]) -> u64 {
    /// Spreads every bit over the upper half.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let sum = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => {
            let first = u64::from_le_bytes(*first).wrapping_mul(MULTIPLIER);
            first.rotate_left(29) ^ u64::from_le_bytes(*last)
        }
        _ => name.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    };
    (sum ^ (name.len() as u64) << 56).wrapping_mul(MULTIPLIER)
}

/// The names of one object by their sums. Names of another sum are other names, so that most are
/// compared with none.
#[derive(Default)]
pub(super) struct NameSums(u64);

impl NameSums {
    /// With more names nearly every sum is taken.
    pub(super) const FEW: usize = 32;

    /// Adds a name by its sum, and says whether it may be there already.
    pub(super) fn add(&mut self, sum: u64) -> bool {
        // A clear bit proves that no earlier name is equal. A set bit proves nothing, because
        // different names can share it.
        let bit = 1 << (sum >> 58);
        let may_be_known = self.0 & bit != 0;
        self.0 |= bit;
        may_be_known
    }

    /// Lets every name be compared: one with escapes can be written in several ways.
    pub(super) fn add_escaped(&mut self) -> bool {
        self.0 = u64::MAX;
        true
    }
}

/// Whether the last name was there once before; what is there more often is known already.
pub(super) fn compare_with_few(
    json: &[u8],
    object: u32,
    names: &[NameSpan],
) -> Option<DuplicateName> {
    let (last, before) = names.split_last()?;
    let name = last.text(json);
    let mut equal = before.iter().filter(|other| other.text(json) == name);
    match (equal.next(), equal.next()) {
        (Some(first), None) => Some(DuplicateName {
            object,
            first: first.at,
            second: last.at,
        }),
        _ => None,
    }
}

/// All names of a wide object. Their sums are sorted first: a set of them, or of the texts, would
/// take more memory than five times the object itself.
pub(super) fn compare_many(json: &[u8], object: u32, names: &[NameSpan]) -> Vec<DuplicateName> {
    let hasher = RandomState::new();
    let mut sums: Vec<u64> = names
        .iter()
        .map(|name| hasher.hash_one(name.text(json)))
        .collect();
    sums.sort_unstable();
    let repeated: HashSet<u64> = sums
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
        .collect();
    drop(sums);
    let mut duplicates = Vec::new();
    if repeated.is_empty() {
        return duplicates;
    }
    let mut seen: HashMap<Cow<'_, [u8]>, (u32, usize)> = HashMap::new();
    for name in names {
        let text = name.text(json);
        if !repeated.contains(&hasher.hash_one(&text)) {
            continue;
        }
        let (first, times) = seen.entry(text).or_insert((name.at, 0));
        *times += 1;
        if *times == 2 {
            duplicates.push(DuplicateName {
                object,
                first: *first,
                second: name.at,
            });
        }
    }
    duplicates
}

/// Names that differ from each other, each of them once.
pub(super) struct DistinctNames {
    /// By their sums, each in the first free place from that of its sum on. Half of them are free.
    places: Vec<(u64, NameSpan)>,
    /// Where they stand; `None` once they are too many.
    found: Option<Vec<u32>>,
}

impl DistinctNames {
    /// A response with more names has some that are data, such as ids.
    const MAX: usize = 2_000;
    /// A power of two. Most responses have tens of names.
    const FIRST_PLACES: usize = 64;

    pub(super) fn new() -> Self {
        Self {
            places: vec![(0, NameSpan::default()); Self::FIRST_PLACES],
            found: Some(Vec::new()),
        }
    }

    pub(super) fn add(&mut self, json: &[u8], name: NameSpan, sum: u64) {
        let Some(found) = &mut self.found else {
            return;
        };
        let Some(place) = free_place(&self.places, json, name, sum) else {
            return;
        };
        self.places[place] = (sum, name);
        found.push(name.at);
        if found.len() > Self::MAX {
            self.found = None;
            self.places = Vec::new();
        } else if found.len() * 2 > self.places.len() {
            self.double(json);
        }
    }

    fn double(&mut self, json: &[u8]) {
        let doubled = vec![(0, NameSpan::default()); self.places.len() * 2];
        for (sum, name) in std::mem::replace(&mut self.places, doubled) {
            if name.at != 0
                && let Some(place) = free_place(&self.places, json, name, sum)
            {
                self.places[place] = (sum, name);
            }
        }
    }

    pub(super) fn into_found(self) -> Option<Vec<u32>> {
        self.found
    }
}

/// Where a name belongs; `None` if it is there already.
fn free_place(places: &[(u64, NameSpan)], json: &[u8], name: NameSpan, sum: u64) -> Option<usize> {
    // Their number is a power of two.
    let mask = places.len() - 1;
    let mut place = (sum >> 32) as usize & mask;
    loop {
        let (other_sum, other) = places[place];
        // The byte before a name is at least the brace of its object.
        if other.at == 0 {
            return Some(place);
        }
        // The sum of a short name says all of it.
        let is_same = other_sum == sum
            && other.len == name.len
            && (name.len < 8 || json[other.range()] == json[name.range()]);
        if is_same {
            return None;
        }
        place = (place + 1) & mask;
    }
}
