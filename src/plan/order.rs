//! Which fixtures a request needs and in which order they are set up, and the order of units in
//! which the fewest are made anew. Both as pytest does it (9.2: `traverse_fixture_closure`,
//! `reorder_items`), which is also what they are tested against.

use super::Unit;
use crate::model::fixture::{Fixture, FixtureScope};
use crate::model::request::Request;
use crate::model::workspace::Workspace;
use std::collections::{HashMap, HashSet, VecDeque};

/// Every fixture that a request needs, directly or through others: wider scope first, then in the
/// order in which they are named.
#[must_use]
pub(super) fn fixture_closure<'w>(workspace: &'w Workspace, request: &Request) -> Vec<&'w Fixture> {
    let mut found: Vec<&Fixture> = Vec::new();
    for fixture in workspace
        .fixtures
        .iter()
        .filter(|fixture| fixture.auto && applies_to(fixture, request))
    {
        add_with_needs(workspace, &fixture.name, &mut found);
    }
    for needed in &request.needs {
        add_with_needs(workspace, &needed.name, &mut found);
    }
    // The sort is stable, so fixtures of one scope stay in the order in which they are named.
    found.sort_by_key(|fixture| std::cmp::Reverse(fixture.scope));
    found
}

/// An automatic fixture is for the requests that go where its own steps go.
fn applies_to(fixture: &Fixture, request: &Request) -> bool {
    let mut schemes = fixture.schemes().peekable();
    schemes.peek().is_none()
        || schemes.any(|scheme| request.steps.iter().any(|step| step.scheme.name == scheme))
}

fn add_with_needs<'w>(workspace: &'w Workspace, name: &str, found: &mut Vec<&'w Fixture>) {
    let Some(fixture) = workspace
        .fixture(name)
        .filter(|_| !found.iter().any(|known| known.name == name))
    else {
        return;
    };
    // Before its needs, which ends the recursion even for a circle. `setup_order` puts the needs
    // first.
    found.push(fixture);
    for needed in &fixture.needs {
        add_with_needs(workspace, &needed.name, found);
    }
}

/// What units share while they stand together: a param of a fixture that outlives a case.
#[derive(Clone, PartialEq, Eq, Hash)]
struct SharedParam {
    fixture: String,
    param: String,
    /// Of a fixture for a file.
    file: Option<String>,
    account: Option<String>,
}

/// By scope: what each unit shares, and which units share it.
struct ParamShares {
    of_unit: HashMap<FixtureScope, Vec<Vec<SharedParam>>>,
    units: HashMap<FixtureScope, HashMap<SharedParam, SharingUnits>>,
    /// Below the place of every unit.
    front: i64,
}

/// The units that share something, each with its place among them: moving one to the front is one
/// step, where a list would be searched for it.
type SharingUnits = HashMap<usize, i64>;

const WIDE_SCOPES: [FixtureScope; 2] = [FixtureScope::Run, FixtureScope::File];

/// Units with the same param of a wide fixture next to each other.
#[must_use]
pub(super) fn reorder_units<'w>(units: Vec<Unit<'w>>) -> Vec<Unit<'w>> {
    // Most runs share nothing that an order could save.
    if units.iter().all(|unit| unit.params.is_empty()) {
        return units;
    }
    let mut shares = ParamShares {
        of_unit: HashMap::new(),
        units: HashMap::new(),
        front: 0,
    };
    for scope in WIDE_SCOPES {
        let of_unit: Vec<Vec<SharedParam>> = units
            .iter()
            .map(|unit| shared_params(unit, scope))
            .collect();
        let by_share = shares.units.entry(scope).or_default();
        for ((index, list), place) in of_unit.iter().enumerate().zip(0..) {
            for share in list {
                by_share
                    .entry(share.clone())
                    .or_default()
                    .insert(index, place);
            }
        }
        shares.of_unit.insert(scope, of_unit);
    }
    let order = order_at_scope((0..units.len()).collect(), &mut shares, FixtureScope::Run);
    // Units are moved, not cloned: each holds lists of its fixtures and params.
    let mut slots: Vec<Option<Unit<'w>>> = units.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|index| slots.get_mut(index).and_then(Option::take))
        .collect()
}

fn shared_params(unit: &Unit<'_>, scope: FixtureScope) -> Vec<SharedParam> {
    let own = unit
        .params
        .iter()
        .filter(|(fixture, _)| fixture.scope == scope);
    own.map(|(fixture, param)| SharedParam {
        fixture: fixture.name.clone(),
        param: param.id.clone(),
        file: (scope == FixtureScope::File).then(|| unit.request.name.clone()),
        account: unit.account_for(fixture).map(str::to_owned),
    })
    .collect()
}

fn narrower_scope(scope: FixtureScope) -> FixtureScope {
    if scope == FixtureScope::Run {
        FixtureScope::File
    } else {
        FixtureScope::Case
    }
}

fn order_at_scope(units: Vec<usize>, shares: &mut ParamShares, scope: FixtureScope) -> Vec<usize> {
    // With two units each order needs the same setups, and pytest leaves them alone too.
    if scope == FixtureScope::Case || units.len() < 3 {
        return units;
    }
    let among: HashSet<usize> = units.iter().copied().collect();
    let mut ignored: HashSet<SharedParam> = HashSet::new();
    let mut waiting: VecDeque<usize> = units.into();
    let mut done: Vec<usize> = Vec::new();
    let mut is_done: HashSet<usize> = HashSet::new();
    while !waiting.is_empty() {
        let (alone, share) = next_slice(&mut waiting, &is_done, &ignored, &shares.of_unit[&scope]);
        if let Some(share) = &share {
            bring_forward(share, &among, scope, shares, &mut waiting);
        }
        // Units without a share at this scope can still share at a narrower one.
        let ordered = order_at_scope(alone, shares, narrower_scope(scope));
        is_done.extend(&ordered);
        done.extend(ordered);
        // A share is brought forward once. Twice, the units that have it would be taken up again
        // for ever.
        ignored.extend(share);
    }
    done
}

/// The units up to the first one that has a share which is not ignored, and that share.
fn next_slice(
    waiting: &mut VecDeque<usize>,
    is_done: &HashSet<usize>,
    ignored: &HashSet<SharedParam>,
    shares_of_units: &[Vec<SharedParam>],
) -> (Vec<usize>, Option<SharedParam>) {
    let mut alone: Vec<usize> = Vec::new();
    let mut is_alone: HashSet<usize> = HashSet::new();
    while let Some(unit) = waiting.pop_front() {
        // `bring_forward` leaves the old places of the units in the queue.
        if is_done.contains(&unit) || is_alone.contains(&unit) {
            continue;
        }
        let share = shares_of_units[unit]
            .iter()
            .rfind(|share| !ignored.contains(share));
        if share.is_some() {
            return (alone, share.cloned());
        }
        alone.push(unit);
        is_alone.insert(unit);
    }
    (alone, None)
}

/// All units that share something come next, and are first from now on wherever they are looked up.
fn bring_forward(
    share: &SharedParam,
    among: &HashSet<usize>,
    scope: FixtureScope,
    shares: &mut ParamShares,
    waiting: &mut VecDeque<usize>,
) {
    let mut matching: Vec<(i64, usize)> = shares.units[&scope][share]
        .iter()
        .map(|(unit, place)| (*place, *unit))
        .filter(|(_, unit)| among.contains(unit))
        .collect();
    matching.sort_unstable();
    for (_, unit) in matching.into_iter().rev() {
        waiting.push_front(unit);
        shares.front -= 1;
        for other in WIDE_SCOPES {
            for share in &shares.of_unit[&other][unit] {
                let sharing = shares.units.get_mut(&other);
                if let Some(units) = sharing.and_then(|units| units.get_mut(share)) {
                    units.insert(unit, shares.front);
                }
            }
        }
    }
}
