//! All files under one root, loaded and resolved.

use crate::model::environment::{Account, Environment, LIVE_ENV, SANDBOX_ENV};
use crate::model::fixture::Fixture;
use crate::model::recording::Recording;
use crate::model::redact_rule::RedactRule;
use crate::model::request::{Request, Step, TemplateField};
use crate::model::scheme::Scheme;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The default age limit of a recording.
pub(crate) const DEFAULT_MAX_RECORDING_AGE: Duration = Duration::from_secs(90 * 86_400);

/// What a replay does when a recording that it used is too old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OldRecordingAction {
    /// The marketplace may have changed, and the request still works as it did.
    #[default]
    Warn,
    Fail,
}

/// Everything a run can know from files.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub root: PathBuf,
    pub default_env: String,
    pub vars: Vec<TemplateField>,
    pub environments: Vec<Environment>,
    /// In the order of their names.
    pub requests: Vec<Request>,
    /// In the order of their names.
    pub fixtures: Vec<Fixture>,
    /// Whether a request or a fixture can use `{{ secret.NAME }}`. Without one that can, nobody
    /// needs to look through all their expressions for it.
    pub can_use_secrets: bool,
    pub recordings: Vec<Recording>,
    /// Rules for personal data in responses, besides those of the schemes.
    pub redact: Vec<RedactRule>,
    /// A recording older than this is out of date.
    pub max_recording_age: Duration,
    pub on_old_recording: OldRecordingAction,
    /// The built-in ones and the workspace's own.
    pub schemes: Vec<Arc<Scheme>>,
}

impl Workspace {
    /// Whether a host name is one of those that schemes name themselves.
    #[must_use]
    pub fn is_scheme_host(&self, name: &str) -> bool {
        let mut hosts = self.schemes.iter().flat_map(|scheme| &scheme.hosts);
        hosts.any(|host| host.is_named(name))
    }

    /// One without any file.
    #[must_use]
    pub fn empty(root: PathBuf) -> Self {
        Self {
            root,
            default_env: SANDBOX_ENV.to_owned(),
            vars: Vec::new(),
            environments: Vec::new(),
            requests: Vec::new(),
            fixtures: Vec::new(),
            can_use_secrets: false,
            recordings: Vec::new(),
            redact: Vec::new(),
            max_recording_age: DEFAULT_MAX_RECORDING_AGE,
            on_old_recording: OldRecordingAction::default(),
            schemes: Vec::new(),
        }
    }

    #[must_use]
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|environment| environment.name == name)
    }

    #[must_use]
    pub fn scheme(&self, name: &str) -> Option<&Arc<Scheme>> {
        self.schemes.iter().find(|scheme| scheme.name == name)
    }

    #[must_use]
    pub fn fixture(&self, name: &str) -> Option<&Fixture> {
        self.fixtures.iter().find(|fixture| fixture.name == name)
    }

    /// Every line of every `vars`, `cases` and `params`: the workspace's, the environments', the
    /// requests', the fixtures'.
    pub fn variable_fields(&self) -> impl Iterator<Item = &TemplateField> {
        let environments = self
            .environments
            .iter()
            .flat_map(|environment| &environment.vars);
        let variants = self.requests.iter().flat_map(|request| &request.cases);
        let variants = variants.chain(self.fixtures.iter().flat_map(|fixture| &fixture.params));
        let fixtures = self.fixtures.iter().flat_map(|fixture| &fixture.vars);
        let requests = self.requests.iter().flat_map(|request| &request.vars);
        let own = variants
            .flat_map(|variant| &variant.vars)
            .chain(fixtures)
            .chain(requests);
        self.vars.iter().chain(environments).chain(own)
    }

    /// Every call that anything in it can make.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        let requests = self.requests.iter().flat_map(Request::calls);
        requests.chain(self.fixtures.iter().flat_map(Fixture::all_steps))
    }

    /// Every environment but one, in the order of their names, with those that need not be written.
    #[must_use]
    pub fn other_environments(&self, own: &str) -> Vec<&str> {
        let written = self.environments.iter().map(|one| one.name.as_str());
        let mut names: Vec<&str> = written.chain([LIVE_ENV, SANDBOX_ENV]).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| *name != own);
        names
    }

    /// The accounts of a scheme in an environment. The sandbox knows every account that is named
    /// anywhere, each once.
    #[must_use]
    pub fn accounts(&self, environment: &str, scheme: &str) -> Vec<&Account> {
        let mut found: Vec<&Account> = Vec::new();
        let mut names: HashSet<&str> = HashSet::new();
        let own = self
            .environments
            .iter()
            .filter(|candidate| candidate.name == environment);
        let others = self
            .environments
            .iter()
            .filter(|candidate| candidate.name != environment && environment == SANDBOX_ENV);
        for account in own
            .chain(others)
            .flat_map(|environment| &environment.accounts)
        {
            // The first one is used, and the own environment comes first, so its values override
            // those of the others.
            if account.scheme == scheme && names.insert(&account.name) {
                found.push(account);
            }
        }
        found
    }
}
