//! Fixtures: what must exist before a request runs.

use crate::model::request::{CaseVariant, SpannedName, Step, TemplateField};
use crate::model::secret_rules::SecretRules;
use crate::span::Span;

/// How long one instance lives; a later one is wider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixtureScope {
    /// For one case of one request.
    #[default]
    Case,
    /// For all cases of one request file.
    File,
    /// For the whole run.
    Run,
}

impl FixtureScope {
    pub const WORDS: [(&'static str, Self); 3] = [
        ("case", Self::Case),
        ("file", Self::File),
        ("run", Self::Run),
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::File => "file",
            Self::Run => "run",
        }
    }
}

/// One file of `fixtures/`.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The name of its file.
    pub name: String,
    pub at: Span,
    pub scope: FixtureScope,
    /// Every request that uses one of its schemes needs it without saying so.
    pub auto: bool,
    /// Without one, the account of the request that needs it.
    pub account: Option<SpannedName>,
    pub needs: Vec<SpannedName>,
    pub vars: Vec<TemplateField>,
    pub steps: Vec<Step>,
    pub secret_rules: SecretRules,
    /// What others see of it: `{{ name.value }}`.
    pub values: Vec<TemplateField>,
    /// Each multiplies the cases that need it.
    pub params: Vec<CaseVariant>,
    /// The table of params has a fault, so the names that params define are not known.
    pub has_unread_params: bool,
}

impl Fixture {
    /// The schemes that its steps use.
    pub fn schemes(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.scheme.name.as_str())
    }

    /// Every call that it can make.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(Step::calls)
    }
}
