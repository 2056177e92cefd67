//! What a step, its scheme and its files look at in the body of a response.

use super::personal_data::redact_rules;
use super::step_execution::StepExecution;
use crate::model::assertion::{Assertion, Subject};
use crate::model::redact_rule::RedactRule;
use crate::model::scheme::Scheme;
use crate::model::secret_rules::SecretRules;
use crate::wire::{BodyPassage, BodyUse};

impl StepExecution<'_> {
    /// How a large response may pass into the file that the step writes. `None` where it is held in
    /// memory, also because the run compares it with a recording or a snapshot.
    pub(super) fn body_passage(&self, is_compared: bool) -> Option<BodyPassage> {
        let environment = &self.context.environment;
        let (output, folder) = (self.output.borrow(), environment.outputs.as_ref());
        let (Some(segments), Some(folder)) = (output.as_ref(), folder.filter(|_| !is_compared))
        else {
            return None;
        };
        Some(BodyPassage {
            looked_at: self.body_use(),
            folder: folder.body_folder(segments),
        })
    }

    fn body_use(&self) -> BodyUse {
        let (step, owner) = (self.step, self.owner);
        let assertions = step.repeat.conditions().chain(&step.assertions);
        let captures = step.captures.iter().chain(step.repeat.captures());
        let gone = step.undo.iter().flat_map(|undo| &undo.gone);
        let subjects = assertions
            .chain(rules_of(self.scheme))
            .chain(gone)
            .map(|assertion| &assertion.subject)
            .chain(captures.map(|capture| &capture.from))
            .map(use_of_subject);
        let rules = redact_rules(
            self.scheme,
            self.context.environment.workspace,
            owner.redact_rules,
        );
        let secrets = [owner.secret_rules, &self.scheme.secret_rules]
            .into_iter()
            .map(use_of_secrets);
        subjects
            .chain(rules.into_iter().map(use_of_redact_rule))
            .chain(secrets)
            .max()
            .unwrap_or(BodyUse::Nothing)
    }
}

/// What a scheme looks at in every response.
fn rules_of(scheme: &Scheme) -> impl Iterator<Item = &Assertion> {
    let success = scheme.success_rules.iter().map(|rule| &rule.condition);
    let errors = scheme.error_rules.iter().map(|rule| &rule.condition);
    success
        .chain(errors)
        .flat_map(|condition| &condition.assertions)
}

fn use_of_subject(subject: &Subject) -> BodyUse {
    match subject {
        Subject::Status
        | Subject::Latency
        | Subject::Bytes
        | Subject::Header(_)
        | Subject::Cookie(_) => BodyUse::Nothing,
        Subject::Path(_) | Subject::XPath(_) => BodyUse::Documents,
        Subject::Body => BodyUse::Text,
    }
}

fn use_of_redact_rule(rule: &RedactRule) -> BodyUse {
    match rule {
        RedactRule::Header(_) => BodyUse::Nothing,
        RedactRule::Path(_) | RedactRule::XPath(_) => BodyUse::Documents,
        RedactRule::Pattern(_) => BodyUse::Text,
    }
}

/// `not_secret` only undoes what a name made secret, and nothing of such a body is shown.
fn use_of_secrets(rules: &SecretRules) -> BodyUse {
    if rules.secrets.is_empty() {
        BodyUse::Nothing
    } else {
        BodyUse::Documents
    }
}
