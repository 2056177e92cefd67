//! Which units can run side by side. Units that share a fixture wider than a case, and units of one file as one account, run one
//! after the other, in the order of the plan; everything else is independent.

use super::{Id, Unit, id};
use crate::model::fixture::FixtureScope;
use std::collections::HashMap;

/// What two units cannot have both at once.
#[derive(PartialEq, Eq, Hash)]
enum Shared<'u> {
    File(&'u str, Option<&'u str>),
    OfFile(&'u str, Id),
    OfRun(Id),
}

/// The units by their place in the plan: those of one lane run in order, and lanes begin in the order of their first units.
#[must_use]
pub fn lanes(units: &[Unit<'_>]) -> Vec<Vec<usize>> {
    let mut parents: Vec<usize> = (0..units.len()).collect();
    let mut holders: HashMap<Shared<'_>, usize> = HashMap::new();
    for (index, unit) in units.iter().enumerate() {
        for shared in shared_by(unit) {
            let first = *holders.entry(shared).or_insert(index);
            let (left, right) = (root(&mut parents, first), root(&mut parents, index));
            parents[left.max(right)] = left.min(right);
        }
    }
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    for index in 0..units.len() {
        let place = *places.entry(root(&mut parents, index)).or_insert(lanes.len());
        if place == lanes.len() {
            lanes.push(Vec::new());
        }
        lanes[place].push(index);
    }
    lanes
}

fn shared_by<'u>(unit: &'u Unit<'_>) -> Vec<Shared<'u>> {
    let mut shared = vec![Shared::File(&unit.request.name, unit.account.as_deref())];
    for fixture in unit.fixtures.iter().filter(|_| unit.request.skip.is_none()) {
        match fixture.scope {
            FixtureScope::Case => {}
            FixtureScope::File => shared.push(Shared::OfFile(&unit.request.name, id(unit, fixture))),
            FixtureScope::Run => shared.push(Shared::OfRun(id(unit, fixture))),
        }
    }
    shared
}

/// The first unit of the lane that a unit belongs to.
fn root(parents: &mut [usize], index: usize) -> usize {
    let mut at = index;
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}
