//! Shards: parts of a plan that are the same on every machine that has the same files. Units are
//! dealt so that no shard has more than one unit more than another, or, with the times of an earlier
//! run, so that all shards take as long.

use super::Unit;
use super::lanes::parallel_lanes;
use super::unit_times::{UnitTimes, deal_by_time};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

    /// For each unit whether it belongs to this shard. `times` are those of an earlier run.
    #[must_use]
    pub(super) fn membership(self, units: &[Unit<'_>], times: Option<&UnitTimes>) -> Vec<bool> {
        // By id: the order of the words on the command line must not decide.
        let mut lanes = parallel_lanes(units);
        let ids: Vec<String> = units.iter().map(Unit::id).collect();
        lanes.sort_by(|left, right| {
            let key = |lane: &[usize]| (Reverse(lane.len()), ids[lane[0]].as_str().to_owned());
            key(left).cmp(&key(right))
        });
        let mut is_member = vec![false; units.len()];
        let dealt = match times {
            Some(times) => {
                let ids: Vec<String> = units.iter().map(Unit::reported_id).collect();
                deal_by_time(&lanes, &times.micros_of(&ids), self.total)
            }
            None => deal(&lanes, units.len(), self.total),
        };
        for (unit, shard) in dealt {
            is_member[unit] = shard == self.index;
        }
        is_member
    }
}

/// The shard of each unit. A lane goes to the shard with the most room, and its rest, if it has
/// any, to the next one: units that share a fixture stay together as far as all shards are even.
pub(super) fn deal(lanes: &[Vec<usize>], unit_count: usize, total: u32) -> Vec<(usize, u32)> {
    // Shards without a unit need no place: a total of billions must cost nothing.
    let count = (total as usize).min(unit_count.max(1));
    let size = |shard: usize| unit_count / count + usize::from(shard < unit_count % count);
    // The room that is left in each shard; of several with as much, the first one is the greatest.
    let mut shards: BinaryHeap<(usize, Reverse<u32>)> = (1..=total)
        .zip(0..count)
        .map(|(number, shard)| (size(shard), Reverse(number)))
        .collect();
    let mut dealt = Vec::with_capacity(unit_count);
    for lane in lanes {
        let mut rest = lane.as_slice();
        while !rest.is_empty() {
            // The shards have room for all units together.
            let Some((room, number)) = shards.pop() else {
                return dealt;
            };
            let (here, later) = rest.split_at(room.min(rest.len()));
            dealt.extend(here.iter().map(|unit| (*unit, number.0)));
            if room > here.len() {
                shards.push((room - here.len(), number));
            }
            rest = later;
        }
    }
    dealt
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lanes of these lengths, as `membership` sorts them.
    fn lanes(lengths: &[usize]) -> (Vec<Vec<usize>>, usize) {
        let mut next = 0;
        let mut lanes: Vec<Vec<usize>> = lengths
            .iter()
            .map(|length| {
                next += length;
                (next - length..next).collect()
            })
            .collect();
        lanes.sort_by_key(|lane| Reverse(lane.len()));
        (lanes, next)
    }

    #[test]
    fn every_unit_is_in_just_one_shard_and_all_shards_are_even() {
        let many: Vec<usize> = (0..1_000).map(|number| 1 + number % 7).collect();
        for lengths in [
            &[1; 48][..],
            &[1_000],
            &[30, 1, 1, 1],
            &[5, 5, 5],
            &many,
            &[1],
            &[],
        ] {
            let (lanes, count) = lanes(lengths);
            for total in [1_u32, 2, 3, 7, 16, 48, 1_000] {
                let mut dealt = deal(&lanes, count, total);
                let sizes: Vec<usize> = (1..=total)
                    .map(|number| dealt.iter().filter(|(_, shard)| *shard == number).count())
                    .collect();
                let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
                assert!(most - least <= 1, "{lengths:?} {total}: {sizes:?}");
                dealt.sort_unstable();
                let units: Vec<usize> = dealt.iter().map(|(unit, _)| *unit).collect();
                assert_eq!(units, (0..count).collect::<Vec<_>>(), "{lengths:?} {total}");
            }
        }
    }

    #[test]
    fn a_lane_stays_whole_where_it_fits() {
        let shards_of = |lengths: &[usize], total: u32| -> Vec<Vec<u32>> {
            let (lanes, count) = lanes(lengths);
            let dealt = deal(&lanes, count, total);
            let shard = |unit: &usize| dealt.iter().find(|(other, _)| other == unit).unwrap().1;
            lanes
                .iter()
                .map(|lane| lane.iter().map(shard).collect())
                .collect()
        };
        assert_eq!(
            shards_of(&[3, 3, 2, 1, 1], 2),
            [vec![1, 1, 1], vec![2, 2, 2], vec![1, 1], vec![2], vec![2]]
        );
        assert_eq!(
            shards_of(&[1, 1, 1, 1], 2),
            [vec![1], vec![2], vec![1], vec![2]]
        );
        assert_eq!(
            shards_of(&[4], 2),
            [vec![1, 1, 2, 2]],
            "it is cut, and stays in order"
        );
    }

    #[test]
    fn a_shard_is_one_of_so_many() {
        assert_eq!(Shard::parse("2/5"), Shard::new(2, 5));
        for text in ["0/5", "6/5", "1", "a/b", "1/0", "-1/2", "1/2/3", ""] {
            assert_eq!(Shard::parse(text), None, "{text}");
        }
    }
}
