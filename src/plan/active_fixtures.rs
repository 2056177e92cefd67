//! Which fixtures are set up at one moment, what must be set up for the next unit, and what is
//! undone after a unit. This file only decides: `run` acts on it, and `ingam plan` prints it.

use super::Unit;
use crate::model::fixture::{Fixture, FixtureScope};
use crate::model::request::CaseVariant;

/// One fixture as one account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FixtureKey {
    pub(crate) fixture: String,
    pub(crate) account: Option<String>,
}

/// A fixture that is set up.
#[derive(Clone, Debug)]
pub(crate) struct ActiveFixture<'w> {
    pub(crate) key: FixtureKey,
    pub(crate) fixture: &'w Fixture,
    pub(crate) param: Option<&'w CaseVariant>,
    needs: Vec<FixtureKey>,
}

impl<'w> ActiveFixture<'w> {
    #[must_use]
    pub(crate) fn new(unit: &Unit<'w>, fixture: &'w Fixture) -> Self {
        let needed = |name: &str| {
            unit.fixtures
                .iter()
                .find(|other| other.name == name)
                .map(|other| fixture_key(unit, other))
        };
        let needs = fixture
            .needs
            .iter()
            .filter_map(|named| needed(&named.name))
            .collect();
        Self {
            key: fixture_key(unit, fixture),
            fixture,
            param: unit.param(fixture),
            needs,
        }
    }
}

/// The instance of a fixture that a unit uses.
#[must_use]
pub(crate) fn fixture_key(unit: &Unit<'_>, fixture: &Fixture) -> FixtureKey {
    FixtureKey {
        fixture: fixture.name.clone(),
        account: unit.account_for(fixture).map(str::to_owned),
    }
}

/// In the order in which they were set up.
#[derive(Default)]
pub(crate) struct ActiveFixtureSet<'w> {
    fixtures: Vec<ActiveFixture<'w>>,
}

impl<'w> ActiveFixtureSet<'w> {
    /// The fixtures of a unit in the order of their setup: what a fixture needs comes before it.
    #[must_use]
    pub(crate) fn setup_order(unit: &Unit<'w>) -> Vec<&'w Fixture> {
        let mut order = Vec::new();
        for fixture in &unit.fixtures {
            add_needs_first(unit, fixture, &mut order);
        }
        order
    }

    /// `None` when it is set up already with the same param. Otherwise the fixtures that must be
    /// undone first, in order.
    #[must_use]
    pub(crate) fn teardown_before(&self, place: &ActiveFixture<'_>) -> Option<Vec<FixtureKey>> {
        match self
            .fixtures
            .iter()
            .find(|standing| standing.key == place.key)
        {
            Some(standing) if is_same_param(standing.param, place.param) => None,
            Some(_) => Some(self.teardown_with_dependents(&place.key)),
            None => Some(Vec::new()),
        }
    }

    pub(crate) fn insert(&mut self, place: ActiveFixture<'w>) {
        self.fixtures.push(place);
    }

    pub(crate) fn remove(&mut self, id: &FixtureKey) {
        self.fixtures.retain(|place| place.key != *id);
    }

    /// The fixtures to undo after a unit, in order. Without a next unit, all of them.
    #[must_use]
    pub(crate) fn teardown_order(
        &self,
        unit: &Unit<'_>,
        next: Option<&Unit<'_>>,
    ) -> Vec<FixtureKey> {
        match next {
            None => self.full_teardown(),
            Some(next) if next.request.name == unit.request.name => {
                self.teardown_up_to(FixtureScope::Case)
            }
            Some(_) => self.teardown_up_to(FixtureScope::File),
        }
    }

    /// Everything, in the order in which it is undone.
    #[must_use]
    pub(crate) fn full_teardown(&self) -> Vec<FixtureKey> {
        self.teardown_up_to(FixtureScope::Run)
    }

    /// What lives no longer than `widest`: the narrow before the wide, the last before the first.
    fn teardown_up_to(&self, widest: FixtureScope) -> Vec<FixtureKey> {
        let mut order = Vec::new();
        for scope in [FixtureScope::Case, FixtureScope::File, FixtureScope::Run] {
            let places = self
                .fixtures
                .iter()
                .rev()
                // A narrow fixture may use a wide one, and then it must go while the wide one still
                // exists.
                .filter(|place| place.fixture.scope == scope && scope <= widest);
            places.for_each(|place| self.collect_dependents(&place.key, &mut order));
        }
        order
    }

    /// A fixture and before it everything that is made of it.
    fn teardown_with_dependents(&self, id: &FixtureKey) -> Vec<FixtureKey> {
        let mut order = Vec::new();
        self.collect_dependents(id, &mut order);
        order
    }

    fn collect_dependents(&self, id: &FixtureKey, order: &mut Vec<FixtureKey>) {
        // Two fixtures can need the same one, which is undone once. This also ends the recursion
        // if a circle ever got past the check of the loader.
        if order.contains(id) {
            return;
        }
        for place in self
            .fixtures
            .iter()
            .rev()
            .filter(|place| place.needs.contains(id))
        {
            self.collect_dependents(&place.key, order);
        }
        order.push(id.clone());
    }
}

fn is_same_param(left: Option<&CaseVariant>, right: Option<&CaseVariant>) -> bool {
    left.map(|param| &param.id) == right.map(|param| &param.id)
}

fn add_needs_first<'w>(unit: &Unit<'w>, fixture: &'w Fixture, order: &mut Vec<&'w Fixture>) {
    if order.iter().any(|known| known.name == fixture.name) {
        return;
    }
    for needed in &fixture.needs {
        if let Some(needed) = unit.fixtures.iter().find(|other| other.name == needed.name) {
            add_needs_first(unit, needed, order);
        }
    }
    order.push(fixture);
}

/// What a run would do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlannedAction {
    SetUp(FixtureKey, Option<String>),
    Run(String),
    Undo(FixtureKey, Option<String>),
}

/// Everything that a plan would set up, run and undo if nothing failed.
#[must_use]
pub(crate) fn planned_actions(units: &[Unit<'_>]) -> Vec<PlannedAction> {
    let mut standing = ActiveFixtureSet::default();
    let mut acts = Vec::new();
    // A skipped unit sets nothing up, so it must not hold a fixture between its neighbours either.
    let sent: Vec<&Unit<'_>> = units
        .iter()
        .filter(|unit| unit.request.skip.is_none())
        .collect();
    for (index, unit) in sent.iter().enumerate() {
        for fixture in ActiveFixtureSet::setup_order(unit) {
            let place = ActiveFixture::new(unit, fixture);
            let Some(first) = standing.teardown_before(&place) else {
                continue;
            };
            plan_undo(&mut standing, first, &mut acts);
            acts.push(PlannedAction::SetUp(
                place.key.clone(),
                place.param.map(|param| param.id.clone()),
            ));
            standing.insert(place);
        }
        acts.push(PlannedAction::Run(unit.id()));
        let leaving = standing.teardown_order(unit, sent.get(index + 1).copied());
        plan_undo(&mut standing, leaving, &mut acts);
    }
    acts
}

fn plan_undo(
    standing: &mut ActiveFixtureSet<'_>,
    keys: Vec<FixtureKey>,
    acts: &mut Vec<PlannedAction>,
) {
    for key in keys {
        let param = standing
            .fixtures
            .iter()
            .find(|place| place.key == key)
            .and_then(|place| place.param);
        let param = param.map(|param| param.id.clone());
        standing.remove(&key);
        acts.push(PlannedAction::Undo(key, param));
    }
}
