//! From a workspace to what a run will do: which requests, as which accounts, in which order, with every name known
//! beforehand. It refuses an empty selection.

mod names;
mod select;

pub use names::{Given, check_names, knows_variable};
pub use select::{Selection, SelectionError, select};

use crate::model::environment::EVERY_ACCOUNT;
use crate::model::request::Request;
use crate::model::scheme::PLAIN;
use crate::model::workspace::Workspace;

/// One request file as one account.
#[derive(Clone, Debug)]
pub struct Unit<'w> {
    pub request: &'w Request,
    /// As named by the file or the command line; without one, the only one there is.
    pub account: Option<String>,
}

impl<'w> Unit<'w> {
    /// `name@account` where an account is named.
    #[must_use]
    pub fn id(&self) -> String {
        match &self.account {
            Some(account) => format!("{}@{account}", self.request.name),
            None => self.request.name.clone(),
        }
    }

    /// The units of one request: one for each account where all are named. `over` is what the command line says over the file.
    #[must_use]
    pub fn of(request: &'w Request, over: Option<&str>, workspace: &Workspace, environment: &str) -> Vec<Self> {
        let named = over.or(request.account.as_ref().map(|account| account.name.as_str()));
        if named != Some(EVERY_ACCOUNT) {
            return vec![Self { request, account: named.map(str::to_owned) }];
        }
        let accounts = accounts_of(request, workspace, environment);
        if accounts.is_empty() {
            return vec![Self { request, account: None }];
        }
        accounts.into_iter().map(|account| Self { request, account: Some(account) }).collect()
    }
}

/// The accounts that every scheme of a request has.
#[must_use]
pub fn accounts_of(request: &Request, workspace: &Workspace, environment: &str) -> Vec<String> {
    let mut schemes = request.steps.iter().map(|step| step.scheme.name.as_str()).filter(|scheme| *scheme != PLAIN);
    let names = |scheme: &str| -> Vec<String> {
        workspace.accounts(environment, scheme).iter().map(|account| account.name.clone()).collect()
    };
    let mut accounts = schemes.next().map(names).unwrap_or_default();
    for scheme in schemes {
        let others = names(scheme);
        accounts.retain(|account| others.contains(account));
    }
    accounts
}

/// What a run will do, in order; requests with a reason are left out and said so.
#[derive(Clone, Debug, Default)]
pub struct Plan<'w> {
    pub units: Vec<Unit<'w>>,
}

impl<'w> Plan<'w> {
    /// `account` is what the command line says over the files.
    #[must_use]
    pub fn new(requests: &[&'w Request], account: Option<&str>, workspace: &Workspace, environment: &str) -> Self {
        let units = requests.iter().flat_map(|request| Unit::of(request, account, workspace, environment));
        Self { units: units.collect() }
    }

    /// Whether anything at all would be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.units.iter().all(|unit| unit.request.skip.is_some())
    }
}
