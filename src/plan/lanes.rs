//! Which units can run side by side. Units that share a fixture wider than a case, and units of one
//! file as one account, run one after the other, in the order of the plan; everything else is
//! independent.

use super::{FixtureKey, Unit, fixture_key};
use crate::model::fixture::FixtureScope;
use std::collections::HashMap;

/// What two units cannot have both at once.
#[derive(PartialEq, Eq, Hash)]
enum LaneConstraint<'u> {
    SameFile(&'u str, Option<&'u str>),
    FileFixture(&'u str, FixtureKey),
    RunFixture(FixtureKey),
}

/// The units by their place in the plan: those of one lane run in order, and lanes begin in the
/// order of their first units.
#[must_use]
pub(crate) fn parallel_lanes(units: &[Unit<'_>]) -> Vec<Vec<usize>> {
    let mut parents: Vec<usize> = (0..units.len()).collect();
    let mut holders: HashMap<LaneConstraint<'_>, usize> = HashMap::new();
    for (index, unit) in units.iter().enumerate() {
        for shared in lane_constraints(unit) {
            let first = *holders.entry(shared).or_insert(index);
            let (left, right) = (
                lane_root(&mut parents, first),
                lane_root(&mut parents, index),
            );
            // The smaller index is the root, so a lane is named by its first unit and lanes stay in
            // the order of the plan.
            parents[left.max(right)] = left.min(right);
        }
    }
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    for index in 0..units.len() {
        let place = *places
            .entry(lane_root(&mut parents, index))
            .or_insert(lanes.len());
        if place == lanes.len() {
            lanes.push(Vec::new());
        }
        lanes[place].push(index);
    }
    lanes
}

fn lane_constraints<'u>(unit: &'u Unit<'_>) -> Vec<LaneConstraint<'u>> {
    let mut shared = vec![LaneConstraint::SameFile(
        &unit.request.name,
        unit.account.as_deref(),
    )];
    for fixture in unit.fixtures.iter().filter(|_| unit.request.skip.is_none()) {
        match fixture.scope {
            // Each unit has its own instance, so there is nothing to share.
            FixtureScope::Case => {}
            FixtureScope::File => shared.push(LaneConstraint::FileFixture(
                &unit.request.name,
                fixture_key(unit, fixture),
            )),
            FixtureScope::Run => {
                shared.push(LaneConstraint::RunFixture(fixture_key(unit, fixture)));
            }
        }
    }
    shared
}

/// The first unit of the lane that a unit belongs to.
fn lane_root(parents: &mut [usize], index: usize) -> usize {
    let mut at = index;
    while parents[at] != at {
        // Path halving keeps the trees flat: without it, thousands of cases of one file would form
        // a chain.
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}
