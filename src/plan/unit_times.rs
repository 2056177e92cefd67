//! How long the units of a plan took in an earlier run, and shards that are even by these times:
//! the longest first, each onto the lightest shard. It reads no file.

use super::Unit;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

/// How long each unit took, by the id that reports print. Whole microseconds, so that sums are
/// exact and the same on every machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnitTimes(HashMap<String, u64>);

impl UnitTimes {
    #[must_use]
    pub(crate) fn new(times: impl IntoIterator<Item = (String, Duration)>) -> Self {
        let times = times.into_iter();
        Self(times.map(|(id, time)| (id, capped_micros(time))).collect())
    }

    /// How many of these units have a time.
    #[must_use]
    pub(crate) fn known_count(&self, units: &[Unit<'_>]) -> usize {
        let known = units
            .iter()
            .filter(|unit| self.0.contains_key(&unit.reported_id()));
        known.count()
    }

    /// The time of each unit; one that the earlier run did not have gets the median of those that
    /// it had.
    #[must_use]
    pub(super) fn micros_of(&self, ids: &[String]) -> Vec<u64> {
        let mut known: Vec<u64> = ids
            .iter()
            .filter_map(|id| self.0.get(id).copied())
            .collect();
        known.sort_unstable();
        // The lower one of two middle values: a mean would add a time that no unit has.
        let median = known.get(known.len().saturating_sub(1) / 2).copied();
        let median = median.unwrap_or_default();
        ids.iter()
            .map(|id| self.0.get(id).copied().unwrap_or(median))
            .collect()
    }
}

/// About 12 days. Sums of all units of a plan stay far below what a `u64` can hold.
const MAX_MICROS: u64 = 1 << 40;

fn capped_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).map_or(MAX_MICROS, |micros| micros.min(MAX_MICROS))
}

/// Units that are still to be dealt and belong together; the heaviest one is the greatest, and of
/// several with one weight the first one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct UndealtLane {
    micros: u64,
    units: usize,
    number: Reverse<usize>,
    /// How many units of the lane are dealt.
    start: usize,
}

/// The shard of each unit, counted from 1. The heaviest lane goes onto the lightest shard, as far
/// as the shard stays below its share; its rest is dealt like a lane of its own. So no shard gets
/// more than the lightest one by more than the longest unit, and units that share a fixture stay
/// together as far as that allows.
#[must_use]
pub(super) fn deal_by_time(lanes: &[Vec<usize>], micros: &[u64], total: u32) -> Vec<(usize, u32)> {
    // Shards without a unit need no place: a total of billions must cost nothing.
    let shard_count = u32::try_from(micros.len()).map_or(total, |units| total.min(units.max(1)));
    let share = micros.iter().sum::<u64>() / u64::from(shard_count);
    let mut shards: BinaryHeap<Reverse<(u64, u32)>> = (1..=shard_count)
        .map(|number| Reverse((0, number)))
        .collect();
    let mut undealt: BinaryHeap<UndealtLane> = (0..lanes.len())
        .filter_map(|number| undealt_lane(lanes, micros, number, 0))
        .collect();
    let mut dealt = Vec::with_capacity(micros.len());
    while let (Some(lane), Some(Reverse((mut load, shard)))) = (undealt.pop(), shards.pop()) {
        let units = &lanes[lane.number.0][lane.start..];
        let mut taken = 0;
        for unit in units {
            let after = load + micros[*unit];
            // The first one always: of the lightest shards there is none that has more room.
            if taken > 0 && after > share {
                break;
            }
            dealt.push((*unit, shard));
            load = after;
            taken += 1;
        }
        shards.push(Reverse((load, shard)));
        undealt.extend(undealt_lane(
            lanes,
            micros,
            lane.number.0,
            lane.start + taken,
        ));
    }
    dealt
}

/// `None` if all of the lane is dealt.
fn undealt_lane(
    lanes: &[Vec<usize>],
    micros: &[u64],
    number: usize,
    start: usize,
) -> Option<UndealtLane> {
    let rest = &lanes[number][start..];
    (!rest.is_empty()).then(|| UndealtLane {
        micros: rest.iter().map(|unit| micros[*unit]).sum(),
        units: rest.len(),
        number: Reverse(number),
        start,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The load of each shard.
    fn loads(dealt: &[(usize, u32)], micros: &[u64], total: u32) -> Vec<u64> {
        (1..=total)
            .map(|shard| {
                let own = dealt.iter().filter(|(_, other)| *other == shard);
                own.map(|(unit, _)| micros[*unit]).sum()
            })
            .collect()
    }

    fn spread(values: &[u64]) -> u64 {
        values.iter().max().unwrap() - values.iter().min().unwrap()
    }

    /// Lanes of these lengths, one after the other.
    fn lanes_of(lengths: &[usize]) -> Vec<Vec<usize>> {
        let mut next = 0;
        let lane = |length: &usize| {
            next += length;
            (next - length..next).collect()
        };
        lengths.iter().map(lane).collect()
    }

    /// The least time of the heaviest shard, by trial of every way to deal.
    fn best_makespan(micros: &[u64], loads: &mut [u64]) -> u64 {
        let Some((first, rest)) = micros.split_first() else {
            return loads.iter().copied().max().unwrap();
        };
        (0..loads.len())
            .map(|shard| {
                loads[shard] += first;
                let best = best_makespan(rest, loads);
                loads[shard] -= first;
                best
            })
            .min()
            .unwrap()
    }

    proptest! {
        #[test]
        fn every_unit_is_in_one_shard_and_shards_differ_by_one_unit_at_most(
            lengths in prop::collection::vec(1_usize..12, 0..40),
            seeds in prop::collection::vec(0_u64..5_000_000, 500),
            total in 1_u32..12,
        ) {
            let lanes = lanes_of(&lengths);
            let count = lengths.iter().sum::<usize>();
            let micros = &seeds[..count];
            let mut dealt = deal_by_time(&lanes, micros, total);
            let loads = loads(&dealt, micros, total);
            let longest = micros.iter().copied().max().unwrap_or_default();
            prop_assert!(spread(&loads) <= longest, "{loads:?} {longest}");
            dealt.sort_unstable();
            let units: Vec<usize> = dealt.iter().map(|(unit, _)| *unit).collect();
            prop_assert_eq!(units, (0..count).collect::<Vec<_>>());
        }

        /// Graham's bound of "longest processing time first": 4/3 - 1/(3m) of the best.
        #[test]
        fn free_units_take_at_most_four_thirds_of_the_best_time(
            micros in prop::collection::vec(0_u64..1_000, 1..8),
            total in 1_u32..4,
        ) {
            let lanes = lanes_of(&vec![1; micros.len()]);
            let heaviest = loads(&deal_by_time(&lanes, &micros, total), &micros, total);
            let heaviest = *heaviest.iter().max().unwrap();
            let best = best_makespan(&micros, &mut vec![0; total as usize]);
            let total = u64::from(total);
            prop_assert!(heaviest * 3 * total <= best * (4 * total - 1), "{heaviest} {best}");
        }

        #[test]
        fn an_unknown_unit_gets_a_time_that_some_unit_has(
            known in prop::collection::vec(0_u64..1_000, 1..20),
        ) {
            let named = |number: usize| format!("u{number}");
            let times = known.iter().enumerate();
            let times = UnitTimes::new(
                times.map(|(number, micros)| (named(number), Duration::from_micros(*micros))),
            );
            let ids: Vec<String> = (0..=known.len()).map(named).collect();
            let given = times.micros_of(&ids);
            prop_assert_eq!(&given[..known.len()], &known[..]);
            let median = given[known.len()];
            let below = known.iter().filter(|micros| **micros < median).count();
            let above = known.iter().filter(|micros| **micros > median).count();
            prop_assert!(known.contains(&median));
            prop_assert!(below <= known.len() / 2 && above <= known.len() / 2);
        }
    }

    #[test]
    fn a_lane_stays_together_as_far_as_shards_are_even() {
        let lanes = lanes_of(&[4, 1, 1]);
        // Together they are half of the time.
        let dealt = deal_by_time(&lanes, &[10, 10, 10, 10, 20, 20], 2);
        let shard_of = |unit| dealt.iter().find(|(other, _)| *other == unit).unwrap().1;
        assert!((0..4).all(|unit| shard_of(unit) == 1) && shard_of(4) == 2 && shard_of(5) == 2);
        // Together they are too long for one shard.
        let dealt = deal_by_time(&lanes, &[10, 10, 10, 10, 0, 0], 2);
        assert_eq!(loads(&dealt, &[10, 10, 10, 10, 0, 0], 2), [20, 20]);
    }

    #[test]
    fn units_without_any_time_and_billions_of_shards_end() {
        let dealt = deal_by_time(&lanes_of(&[1, 1]), &[0, 0], u32::MAX);
        assert_eq!(dealt.len(), 2);
        assert!(deal_by_time(&[], &[], 3).is_empty());
    }

    /// Largest minus smallest shard; `--nocapture` prints the figures of the documentation.
    #[test]
    fn shards_of_five_thousand_units_are_even_by_count_and_by_time() {
        for count in [48_usize, 480, 4_800] {
            // From 20 ms to 4 s, most of them short, as times of requests are.
            let micros: Vec<u64> = (0..count)
                .map(|unit| {
                    let mixed = (unit as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                    20_000 + (mixed % 2_000) * (mixed % 2_000)
                })
                .collect();
            let lanes = lanes_of(&vec![1; count]);
            let dealt = deal_by_time(&lanes, &micros, 5);
            let by_time = spread(&loads(&dealt, &micros, 5));
            let by_count = spread(&loads(
                &super::super::shard::deal(&lanes, count, 5),
                &vec![1; count],
                5,
            ));
            let share = micros.iter().sum::<u64>() / 5;
            println!(
                "{count} units over 5: by count {by_count} unit, by time {by_time} µs of {share} µs"
            );
            assert!(by_count <= 1 && by_time <= 100_000, "{count}: {by_time}");
        }
    }
}
