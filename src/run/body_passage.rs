//! What a step, its scheme and its files look at in the body of a response.

use super::personal_data::redact_rules;
use super::step_execution::StepExecution;
use crate::model::assertion::{Assertion, Subject};
use crate::model::redact_rule::RedactRule;
use crate::model::scheme::Scheme;
use crate::wire::BodyPassage;

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
        let passage = || BodyPassage {
            folder: folder.body_folder(segments),
        };
        (!self.looks_at_text()).then(passage)
    }

    /// Whether something looks at the text of a body of any kind. Values of JSON and XML, and secrets
    /// by their names, are looked for in documents and text only.
    fn looks_at_text(&self) -> bool {
        let (step, owner) = (self.step, self.owner);
        let assertions = step.repeat.conditions().chain(&step.assertions);
        let captures = step.captures.iter().chain(step.repeat.captures());
        let gone = step.undo.iter().flat_map(|undo| &undo.gone);
        let mut subjects = assertions
            .chain(rules_of(self.scheme))
            .chain(gone)
            .map(|assertion| &assertion.subject)
            .chain(captures.map(|capture| &capture.from));
        let rules = redact_rules(
            self.scheme,
            self.context.environment.workspace,
            owner.redact_rules,
        );
        subjects.any(|subject| matches!(subject, Subject::Body))
            || rules
                .into_iter()
                .any(|rule| matches!(rule, RedactRule::Pattern(_)))
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
