//! One step of a file, sent once or once for each value of a list.

use super::context::RunContext;
use super::exchange::ExchangeLog;
use super::step_error::StepError;
use super::step_execution::{StepExecution, StepOutcome, StepOwner};
use super::step_report::step_report;
use super::variables::set_account;
use super::{condition, for_each, round};
use crate::event::StepReport;
use crate::model::request::{RunCondition, Step};
use crate::render::{RenderError, VariableLayer, VariableOrigin, VariableScope};
use crate::snapshot::SnapshotError;
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// The result of a step, for the flow that it is a part of.
pub(super) struct StepResult {
    pub(super) report: StepReport,
    /// The step passed, was skipped, or only its snapshot is missing: the next step of the flow can
    /// be sent.
    pub(super) can_continue: bool,
}

pub(super) async fn run(
    owner: &StepOwner<'_>,
    step: &Step,
    variables: &mut VariableScope,
    context: &RunContext<'_>,
) -> StepResult {
    let started_at = context.state.started_at.elapsed();
    let outcome = execute(owner, step, variables, context).await;
    finish(owner, step, started_at, outcome, context)
}

/// The result of a step whose variables could not be made.
pub(super) fn not_sent(
    owner: &StepOwner<'_>,
    step: &Step,
    error: StepError,
    context: &RunContext<'_>,
) -> StepResult {
    let started_at = context.state.started_at.elapsed();
    let outcome = StepOutcome::not_sent(error);
    finish(owner, step, started_at, outcome, context)
}

fn finish(
    owner: &StepOwner<'_>,
    step: &Step,
    started_at: Duration,
    outcome: StepOutcome,
    context: &RunContext<'_>,
) -> StepResult {
    let is_new_snapshot = matches!(
        outcome.result,
        Err(StepError::Snapshot(SnapshotError::Missing { .. }))
    );
    // A response without a snapshot is as expected, so it can be recorded.
    if let Err(error) = &outcome.result
        && !is_new_snapshot
    {
        let recordings = &context.state.recordings;
        recordings.reject_unit(&owner.recording_key, &error.to_string());
    }
    let is_skipped = matches!(&outcome.result, Ok(judgement) if judgement.skipped.is_some());
    let report = step_report(owner, step, context, started_at, outcome);
    StepResult {
        can_continue: is_new_snapshot || is_skipped || report.verdict.is_pass(),
        report,
    }
}

async fn execute(
    owner: &StepOwner<'_>,
    step: &Step,
    variables: &mut VariableScope,
    context: &RunContext<'_>,
) -> StepOutcome {
    let Some(scheme) = context.environment.workspace.scheme(&step.scheme.name) else {
        let reason = format!("there is no scheme `{}`", step.scheme.name);
        return StepOutcome::not_sent(RenderError::new(step.scheme.at, reason));
    };
    let account = owner.account_of(step);
    if let Err(error) = set_account(variables, scheme, account, context) {
        return StepOutcome::not_sent(error);
    }
    if let Some(when) = &step.when {
        match condition::judge(when, variables) {
            Ok(true) => {}
            Ok(false) => {
                set_defaults(step, variables);
                return skipped_outcome(owner, when, context);
            }
            Err(error) => return StepOutcome::not_sent(error),
        }
    }
    let execution = StepExecution {
        owner,
        step,
        scheme,
        requests: Cell::default(),
        rounds: Cell::default(),
        output: RefCell::default(),
        context,
    };
    match &step.for_each {
        // On the heap: few steps have rounds, and the future of every step would hold theirs.
        Some(each) => Box::pin(for_each::run(&execution, each, variables)).await,
        None => round::run(&execution, variables).await,
    }
}

/// The captures of a step that is skipped have their defaults; later steps use no others.
fn set_defaults(step: &Step, variables: &mut VariableScope) {
    for capture in &step.captures {
        if let Some(default) = &capture.default {
            let origin = VariableOrigin {
                layer: VariableLayer::Capture,
                at: Some(capture.name_at),
            };
            variables.set(capture.name.as_str(), default.clone(), origin);
        }
    }
}

/// The step is not sent, by its `when`.
fn skipped_outcome(
    owner: &StepOwner<'_>,
    when: &RunCondition,
    context: &RunContext<'_>,
) -> StepOutcome {
    let redactor = &mut context.output_redactor(&owner.recording_key);
    let reason = condition::skip_reason(when);
    StepOutcome {
        result: Ok(condition::skipped(reason, when.at, context, redactor)),
        log: ExchangeLog::default(),
        requests: 0,
    }
}
