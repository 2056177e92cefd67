//! Shards: parts of a plan that are the same on every machine. The hash of a unit's id decides its
//! shard, so adding or removing other units does not move it.

use sha2::{Digest, Sha256};

/// One of several, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    index: u32,
    total: u32,
}

impl Shard {
    /// `None` unless `index` is one of 1 to `total`.
    #[must_use]
    pub(crate) fn new(index: u32, total: u32) -> Option<Self> {
        (1..=total)
            .contains(&index)
            .then_some(Self { index, total })
    }

    /// `2/5`
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (index, total) = text.split_once('/')?;
        Self::new(index.trim().parse().ok()?, total.trim().parse().ok()?)
    }

    /// Whether a unit belongs to it.
    #[must_use]
    pub(crate) fn contains(self, id: &str) -> bool {
        // By the id alone: a number in the plan would move every unit behind a new file to another
        // shard, and two machines with different files would run some units twice and others never.
        let hash = Sha256::digest(id.as_bytes());
        let number = hash
            .iter()
            // 8 bytes are a u64. Its remainder favours small shards by less than 1 in 10^9.
            .take(8)
            .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        number % u64::from(self.total) == u64::from(self.index - 1)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_in_just_one_shard_and_stays_there() {
        let ids: Vec<String> = (0..1_000)
            .map(|number| format!("shop/request_{number}[case]@main"))
            .collect();
        for total in [1, 2, 7, 16] {
            let shards: Vec<Shard> = (1..=total)
                .map(|index| Shard::new(index, total).unwrap())
                .collect();
            assert!(
                ids.iter()
                    .all(|id| shards.iter().filter(|shard| shard.contains(id)).count() == 1)
            );
            let largest = shards
                .iter()
                .map(|shard| ids.iter().filter(|id| shard.contains(id)).count())
                .max()
                .unwrap();
            assert!(
                largest < 1_000 / usize::try_from(total).unwrap() * 2 + 1,
                "{total}: {largest}"
            );
        }
        // The hash must never change: a shard of yesterday is a shard of today.
        assert_eq!(
            (1..=5).find(|index| Shard::new(*index, 5)
                .unwrap()
                .contains("coupang/product_search")),
            Some(KNOWN_SHARD_INDEX)
        );
    }

    /// The first 8 bytes of its SHA-256, modulo 5, and one.
    const KNOWN_SHARD_INDEX: u32 = 4;

    #[test]
    fn a_shard_is_one_of_so_many() {
        assert_eq!(Shard::parse("2/5"), Shard::new(2, 5));
        for text in ["0/5", "6/5", "1", "a/b", "1/0", "-1/2", "1/2/3", ""] {
            assert_eq!(Shard::parse(text), None, "{text}");
        }
    }
}
