//! Fixtures: what must exist before a request runs, and how each step is undone.

use crate::model::assertion::Assertion;
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
    pub steps: Vec<FixtureStep>,
    pub secret_rules: SecretRules,
    /// What others see of it: `{{ name.value }}`.
    pub values: Vec<TemplateField>,
    /// Each multiplies the cases that need it.
    pub params: Vec<CaseVariant>,
    /// The table of params has a fault, so the names that params define are not known.
    pub has_unread_params: bool,
}

/// One call that makes something, and the call that takes it back.
#[derive(Clone, Debug)]
pub struct FixtureStep {
    pub step: Step,
    pub undo: Option<UndoStep>,
}

#[derive(Clone, Debug)]
pub struct UndoStep {
    pub step: Step,
    /// A response that fulfils this says that the thing is deleted already, which is a success.
    pub gone: Vec<Assertion>,
    /// How to find what was created when its response was lost.
    pub find: Option<LeftoverSearch>,
}

/// A list of things, and how one of this run is recognised.
#[derive(Clone, Debug)]
pub struct LeftoverSearch {
    pub step: Step,
    /// The things in the answer.
    pub each: crate::jsonpath::JsonPath,
    /// The text in a thing that holds the run's id.
    pub tag: crate::jsonpath::JsonPath,
    /// What the undo uses of a thing: name → path in it.
    pub capture: Vec<(String, crate::jsonpath::JsonPath)>,
}

impl Fixture {
    /// The schemes that its steps use.
    pub fn schemes(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.step.scheme.name.as_str())
    }

    /// Every call that it can make.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(|step| {
            let undo = step
                .undo
                .iter()
                .flat_map(|undo| undo.find.iter().map(|find| &find.step).chain([&undo.step]));
            std::iter::once(&step.step).chain(undo)
        })
    }
}
