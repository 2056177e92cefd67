//! Which fixtures stand at one moment, what must be set up for the next unit and what is undone when one is left. It decides
//! and does nothing: the run does it, and a plan only says it.

use super::Unit;
use crate::model::fixture::{Fixture, FixtureScope, Variant};

/// One fixture as one account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Id {
    pub fixture: String,
    pub account: Option<String>,
}

/// A fixture that stands.
#[derive(Clone, Debug)]
pub struct Place<'w> {
    pub id: Id,
    pub fixture: &'w Fixture,
    pub param: Option<&'w Variant>,
    needs: Vec<Id>,
}

impl<'w> Place<'w> {
    #[must_use]
    pub fn new(unit: &Unit<'w>, fixture: &'w Fixture) -> Self {
        let needed = |name: &str| unit.fixtures.iter().find(|other| other.name == name).map(|other| id(unit, other));
        let needs = fixture.needs.iter().filter_map(|named| needed(&named.name)).collect();
        Self { id: id(unit, fixture), fixture, param: unit.param(fixture), needs }
    }
}

/// Who a fixture is for a unit.
#[must_use]
pub fn id(unit: &Unit<'_>, fixture: &Fixture) -> Id {
    Id { fixture: fixture.name.clone(), account: unit.account_for(fixture).map(str::to_owned) }
}

/// In the order in which they were set up.
#[derive(Default)]
pub struct Standing<'w> {
    places: Vec<Place<'w>>,
}

impl<'w> Standing<'w> {
    /// The fixtures of a unit in the order in which they are looked at: what a fixture needs comes before it.
    #[must_use]
    pub fn order(unit: &Unit<'w>) -> Vec<&'w Fixture> {
        let mut order = Vec::new();
        for fixture in &unit.fixtures {
            visit(unit, fixture, &mut order);
        }
        order
    }

    /// Whether it stands already, made of the same param. Otherwise what has to be undone first, the last to go last.
    #[must_use]
    pub fn before(&self, place: &Place<'_>) -> Option<Vec<Id>> {
        match self.places.iter().find(|standing| standing.id == place.id) {
            Some(standing) if same(standing.param, place.param) => None,
            Some(_) => Some(self.undone_with(&place.id)),
            None => Some(Vec::new()),
        }
    }

    pub fn put(&mut self, place: Place<'w>) {
        self.places.push(place);
    }

    pub fn remove(&mut self, id: &Id) {
        self.places.retain(|place| place.id != *id);
    }

    /// What is undone after a unit, in order; without a next one, everything.
    #[must_use]
    pub fn leaving(&self, unit: &Unit<'_>, next: Option<&Unit<'_>>) -> Vec<Id> {
        match next {
            None => self.all(),
            Some(next) if next.request.name == unit.request.name => self.up_to(FixtureScope::Case),
            Some(_) => self.up_to(FixtureScope::File),
        }
    }

    /// Everything, in the order in which it is undone.
    #[must_use]
    pub fn all(&self) -> Vec<Id> {
        self.up_to(FixtureScope::Run)
    }

    /// What lives no longer than `widest`: the narrow before the wide, the last before the first.
    fn up_to(&self, widest: FixtureScope) -> Vec<Id> {
        let mut order = Vec::new();
        for scope in [FixtureScope::Case, FixtureScope::File, FixtureScope::Run] {
            let places = self.places.iter().rev().filter(|place| place.fixture.scope == scope && scope <= widest);
            places.for_each(|place| self.collect(&place.id, &mut order));
        }
        order
    }

    /// A fixture and before it everything that is made of it.
    fn undone_with(&self, id: &Id) -> Vec<Id> {
        let mut order = Vec::new();
        self.collect(id, &mut order);
        order
    }

    fn collect(&self, id: &Id, order: &mut Vec<Id>) {
        if order.contains(id) {
            return;
        }
        for place in self.places.iter().rev().filter(|place| place.needs.contains(id)) {
            self.collect(&place.id, order);
        }
        order.push(id.clone());
    }
}

fn same(left: Option<&Variant>, right: Option<&Variant>) -> bool {
    left.map(|param| &param.id) == right.map(|param| &param.id)
}

fn visit<'w>(unit: &Unit<'w>, fixture: &'w Fixture, order: &mut Vec<&'w Fixture>) {
    if order.iter().any(|known| known.name == fixture.name) {
        return;
    }
    for needed in &fixture.needs {
        if let Some(needed) = unit.fixtures.iter().find(|other| other.name == needed.name) {
            visit(unit, needed, order);
        }
    }
    order.push(fixture);
}

/// What a run would do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    SetUp(Id, Option<String>),
    Run(String),
    Undo(Id, Option<String>),
}

/// Everything that a plan would set up, run and undo if nothing failed.
#[must_use]
pub fn rehearse(units: &[Unit<'_>]) -> Vec<Act> {
    let mut standing = Standing::default();
    let mut acts = Vec::new();
    let undo = |standing: &mut Standing<'_>, ids: Vec<Id>, acts: &mut Vec<Act>| {
        for id in ids {
            let param = standing.places.iter().find(|place| place.id == id).and_then(|place| place.param);
            let param = param.map(|param| param.id.clone());
            standing.remove(&id);
            acts.push(Act::Undo(id, param));
        }
    };
    let sent: Vec<&Unit<'_>> = units.iter().filter(|unit| unit.request.skip.is_none()).collect();
    for (index, unit) in sent.iter().enumerate() {
        for fixture in Standing::order(unit) {
            let place = Place::new(unit, fixture);
            let Some(first) = standing.before(&place) else { continue };
            undo(&mut standing, first, &mut acts);
            acts.push(Act::SetUp(place.id.clone(), place.param.map(|param| param.id.clone())));
            standing.put(place);
        }
        acts.push(Act::Run(unit.id()));
        let leaving = standing.leaving(unit, sent.get(index + 1).copied());
        undo(&mut standing, leaving, &mut acts);
    }
    acts
}
