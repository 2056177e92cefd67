//! From a workspace to what a run will do: which requests, as which accounts, in which order, with
//! every name known beforehand. It refuses an empty selection.

mod active_fixtures;
#[cfg(test)]
mod cache_tests;
mod file_names;
mod known_names;
mod lanes;
mod name_check;
mod name_members;
mod needed_files;
mod order;
mod secret_use;
mod select;
mod shard;
mod unit_selector;
mod unit_times;

pub(crate) use active_fixtures::{
    ActiveFixture, ActiveFixtureSet, FixtureKey, PlannedAction, fixture_key, planned_actions,
};
pub(crate) use lanes::parallel_lanes;
pub(crate) use name_check::{
    CommandLineNames, MAX_UNITS, check_names, mentions_variable, used_variables,
};
pub(crate) use needed_files::{CommandScope, split_faults, take_unneeded_faults};
pub(crate) use secret_use::{
    SecretNames, fixture_secrets, request_secrets, sends_user_secrets, unit_secrets,
    workspace_secrets,
};
pub(crate) use select::{
    RequestSelection, SelectionError, select_requests, split_unit_id, split_unit_word,
};
pub(crate) use shard::Shard;
pub(crate) use unit_selector::select_unit;
pub(crate) use unit_times::UnitTimes;

use crate::model::environment::ALL_ACCOUNTS;
use crate::model::fixture::Fixture;
use crate::model::request::{CaseVariant, Request, Step};
use crate::model::scheme::PLAIN_SCHEME;
use crate::model::workspace::Workspace;
use std::collections::HashSet;

/// One request file as one account, in one case.
#[derive(Clone, Debug)]
pub(crate) struct Unit<'w> {
    pub(crate) request: &'w Request,
    /// As named by the file or the command line; without one, the only one there is.
    pub(crate) account: Option<String>,
    pub(crate) case: Option<&'w CaseVariant>,
    /// Every fixture that it needs, directly or through others, in the order in which they are set
    /// up.
    pub(crate) fixtures: Vec<&'w Fixture>,
    /// Of each of them that has any, one.
    pub(crate) params: Vec<(&'w Fixture, &'w CaseVariant)>,
    /// The index of the last step to run, if the user named a step. `None` runs the whole flow.
    pub(crate) last_step: Option<usize>,
}

impl<'w> Unit<'w> {
    /// `name[case][param]@account`
    #[must_use]
    pub(crate) fn id(&self) -> String {
        let (name, variants) = (&self.request.name, self.variant_suffix());
        format!("{name}{variants}{}", self.account_suffix())
    }

    /// The id that reports print: a flow that is run in part also names its last step, so that it
    /// is not mistaken for the whole flow.
    #[must_use]
    pub(crate) fn reported_id(&self) -> String {
        let step = self.last_step.and_then(|last| self.request.steps.get(last));
        match step.and_then(|step| step.name.as_deref()) {
            Some(step) => format!("{}::{step}", self.id()),
            None => self.id(),
        }
    }

    /// The steps that the unit runs.
    #[must_use]
    pub(crate) fn steps(&self) -> &'w [Step] {
        let steps = &self.request.steps;
        match self.last_step {
            Some(last) => &steps[..steps.len().min(last + 1)],
            None => steps,
        }
    }

    /// `[case][param]`
    fn variant_suffix(&self) -> String {
        let params = self.params.iter().map(|(_, param)| param);
        let variants = self.case.iter().chain(params);
        variants
            .map(|variant| format!("[{}]", variant.id))
            .collect()
    }

    /// `@account`
    fn account_suffix(&self) -> String {
        let account = self.account.iter();
        account.map(|account| format!("@{account}")).collect()
    }

    #[must_use]
    pub(crate) fn param(&self, fixture: &Fixture) -> Option<&'w CaseVariant> {
        self.params
            .iter()
            .find(|(other, _)| other.name == fixture.name)
            .map(|(_, param)| *param)
    }

    /// As whom a fixture is made for this unit.
    #[must_use]
    pub(crate) fn account_for<'s>(&'s self, fixture: &'s Fixture) -> Option<&'s str> {
        fixture
            .account
            .as_ref()
            .map(|account| account.name.as_str())
            .or(self.account.as_deref())
    }

    /// How many units [`Unit::expand`] makes of a request.
    #[must_use]
    pub(crate) fn count(
        request: &Request,
        over: Option<&str>,
        workspace: &Workspace,
        environment: &str,
    ) -> usize {
        let accounts = unit_accounts(request, over, workspace, environment).len();
        order::fixture_closure(workspace, request)
            .iter()
            .map(|fixture| fixture.params.len().max(1))
            .chain([request.cases.len().max(1)])
            .fold(accounts, usize::saturating_mul)
    }

    /// The units of one request: one for each account where all are named, for each case, and for
    /// each param of its fixtures. `over` is what the command line says over the file.
    #[must_use]
    pub(crate) fn expand(
        request: &'w Request,
        over: Option<&str>,
        workspace: &'w Workspace,
        environment: &str,
    ) -> Vec<Self> {
        let fixtures = order::fixture_closure(workspace, request);
        let cases: Vec<Option<&CaseVariant>> = if request.cases.is_empty() {
            vec![None]
        } else {
            request.cases.iter().map(Some).collect()
        };
        let mut units = Vec::new();
        for account in unit_accounts(request, over, workspace, environment) {
            for case in &cases {
                for params in param_combinations(&fixtures) {
                    let (account, fixtures) = (account.clone(), fixtures.clone());
                    units.push(Self {
                        request,
                        account,
                        case: *case,
                        fixtures,
                        params,
                        last_step: None,
                    });
                }
            }
        }
        units
    }
}

fn unit_accounts(
    request: &Request,
    over: Option<&str>,
    workspace: &Workspace,
    environment: &str,
) -> Vec<Option<String>> {
    let named = over.or(request
        .account
        .as_ref()
        .map(|account| account.name.as_str()));
    if named != Some(ALL_ACCOUNTS) {
        return vec![named.map(str::to_owned)];
    }
    let accounts = common_accounts(request, workspace, environment);
    // One unit remains, so that the missing account is an error. Without a unit the request would
    // be missing from the run.
    if accounts.is_empty() {
        vec![None]
    } else {
        accounts.into_iter().map(Some).collect()
    }
}

/// Every choice of one param for each fixture that has any; that of the first fixture changes last.
fn param_combinations<'w>(fixtures: &[&'w Fixture]) -> Vec<Vec<(&'w Fixture, &'w CaseVariant)>> {
    let mut all = vec![Vec::new()];
    for fixture in fixtures.iter().filter(|fixture| !fixture.params.is_empty()) {
        all =
            all.iter()
                .flat_map(|chosen: &Vec<(&Fixture, &CaseVariant)>| {
                    fixture.params.iter().map(move |param| {
                        chosen.iter().copied().chain([(*fixture, param)]).collect()
                    })
                })
                .collect();
    }
    all
}

/// Whether the account of a request must be one of this scheme. The plain scheme needs no account,
/// but can have some.
#[must_use]
fn has_own_accounts(scheme: &str, workspace: &Workspace, environment: &str) -> bool {
    scheme != PLAIN_SCHEME || !workspace.accounts(environment, scheme).is_empty()
}

/// The accounts that every scheme of a request has.
#[must_use]
pub(crate) fn common_accounts(
    request: &Request,
    workspace: &Workspace,
    environment: &str,
) -> Vec<String> {
    let own_steps = request.steps.iter().filter(|step| step.account.is_none());
    let mut seen = HashSet::new();
    let mut schemes = own_steps
        .flat_map(Step::calls)
        .map(|step| step.scheme.name.as_str())
        .filter(|scheme| seen.insert(*scheme))
        .filter(|scheme| has_own_accounts(scheme, workspace, environment));
    let names = |scheme: &str| -> Vec<String> {
        workspace
            .accounts(environment, scheme)
            .iter()
            .map(|account| account.name.clone())
            .collect()
    };
    let mut accounts = schemes.next().map(names).unwrap_or_default();
    for scheme in schemes {
        let others: HashSet<String> = names(scheme).into_iter().collect();
        accounts.retain(|account| others.contains(account));
    }
    accounts
}

/// What a run will do, in order; requests with a reason are left out and said so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan<'w> {
    pub(crate) units: Vec<Unit<'w>>,
    /// Units of its files were removed, because another machine runs them or the user excluded
    /// them.
    pub(crate) is_partial: bool,
    /// Which part it is, where others run the rest.
    pub(crate) shard: Option<Shard>,
    /// How many units all shards have together; `None` if units of this shard were removed.
    pub(crate) all_units: Option<usize>,
}

impl<'w> Plan<'w> {
    /// `account` is what the command line says over the files.
    #[must_use]
    pub(crate) fn new(
        requests: &[&'w Request],
        account: Option<&str>,
        workspace: &'w Workspace,
        environment: &str,
    ) -> Self {
        let units = requests
            .iter()
            .flat_map(|request| Unit::expand(request, account, workspace, environment));
        Self {
            units: order::reorder_units(units.collect()),
            is_partial: false,
            shard: None,
            all_units: None,
        }
    }

    /// Only those units; the order stays.
    pub(crate) fn retain(&mut self, keeps: impl Fn(&str) -> bool) {
        let before = self.units.len();
        // Removed after the order is made: the rest keeps the order that it has in a full run.
        self.units.retain(|unit| keeps(&unit.id()));
        self.all_units = None;
        self.is_partial |= self.units.len() < before;
    }

    /// Only the units of one shard; the order stays. `times` are those of an earlier run.
    pub(crate) fn retain_shard(&mut self, shard: Shard, times: Option<&UnitTimes>) {
        let mut is_member = shard.membership(&self.units, times).into_iter();
        let before = self.units.len();
        self.units.retain(|_| is_member.next() == Some(true));
        self.is_partial |= self.units.len() < before;
        self.shard = Some(shard);
        self.all_units = Some(before);
    }

    /// Keeps the units that the words of the command line select. A word may be an id of one unit,
    /// as reports print it.
    ///
    /// # Errors
    /// If an id names no unit.
    pub(crate) fn select_units(&mut self, words: &[String]) -> Result<(), SelectionError> {
        let before = self.units.len();
        unit_selector::select_units(&mut self.units, words)?;
        self.is_partial |= self.units.len() < before;
        Ok(())
    }

    /// How many files its units are of.
    #[must_use]
    pub(crate) fn file_count(&self) -> usize {
        self.units
            .iter()
            .map(|unit| unit.request.name.as_str())
            .collect::<std::collections::HashSet<_>>()
            .len()
    }

    /// How many units each file has, by its name.
    #[must_use]
    pub(crate) fn unit_counts(&self) -> std::collections::HashMap<&'w str, usize> {
        let mut counts = std::collections::HashMap::new();
        for unit in &self.units {
            *counts.entry(unit.request.name.as_str()).or_default() += 1;
        }
        counts
    }
}
