//! Fails steps that passed only on a retry, if the run asks for it (`--flaky fail`).

use super::context::RunContext;
use super::step_execution::StepOwner;
use crate::diagnostic::pluralize;
use crate::event::{FailureReport, StepReport, Verdict};
use crate::redact::OutputRedactor;

/// Fails steps that passed only on a retry, and with them their unit.
pub(super) fn fail_flaky_steps(
    steps: &mut [StepReport],
    verdict: &mut Verdict,
    owner: &StepOwner<'_>,
    context: &RunContext<'_>,
) {
    if !context.options.flaky_fails || !verdict.is_pass() {
        return;
    }
    for step in steps.iter_mut().filter(|step| !step.attempts.is_empty()) {
        let mut redactor = context.output_redactor(&owner.recording_key);
        let failure = flaky_failure(step, &mut redactor);
        step.failures.push(failure);
        step.verdict = Verdict::Fail;
        *verdict = Verdict::Fail;
    }
}

fn flaky_failure(step: &StepReport, redactor: &mut OutputRedactor<'_>) -> FailureReport {
    let failed = pluralize(step.attempts.len(), "failed attempt");
    FailureReport {
        at: step.at,
        subject: redactor.redact_for_display("attempts"),
        expected: redactor.redact_for_display("to pass without a retry"),
        actual: redactor.redact_for_display(&format!("it passed after {failed}")),
        hint: Some(redactor.redact_for_display("it fails because of `--flaky fail`")),
        differences: Vec::new(),
    }
}
