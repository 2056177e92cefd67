//! One request file as one account in one case: its fixtures, its variables, then its steps in
//! order; a flow stops at its first step that does not pass.

use super::context::RunContext;
use super::fixtures::ActiveFixtures;
use super::step_execution::StepOwner;
use super::variables::{fixture_recording_key, recording_key, variables};
use super::{flaky, step};
use crate::event::{ErrorClass, Event, StepReport, UnitLabels, UnitReport, Verdict};
use crate::plan::Unit;
use crate::render::VariableScope;

pub(super) async fn run<'w>(
    unit: &Unit<'w>,
    fixtures: &mut ActiveFixtures<'_, 'w>,
    context: &RunContext<'_>,
    emit: &mut dyn FnMut(Event),
) -> UnitReport {
    let request = unit.request;
    let begun = context.state.started_at.elapsed();
    let report = |verdict: Verdict, steps: Vec<StepReport>, not_reached: usize| UnitReport {
        // The plan knows.
        index: 0,
        id: unit.id(),
        at: request.at,
        labels: if context.options.detail {
            unit_labels(unit)
        } else {
            UnitLabels::default()
        },
        flaky: verdict.is_pass() && steps.iter().any(|step| !step.attempts.is_empty()),
        verdict,
        not_reached,
        steps,
        started_at: begun,
        duration: context.state.started_at.elapsed().saturating_sub(begun),
    };
    if let Some(reason) = &request.skip {
        return report(
            Verdict::Skipped(reason.clone()),
            Vec::new(),
            request.steps.len(),
        );
    }
    let caller = step_owner(unit);
    let values = match fixtures.set_up(unit, context, emit).await {
        Ok(values) => values,
        Err(error) => {
            let reason = context
                .state
                .redactor
                .borrow_mut()
                .redact_for_display(&error.reason);
            return report(Verdict::Error(error.error_class, reason), error.steps, 0);
        }
    };
    context.state.recordings.include_redactions(
        &caller.recording_key,
        unit.fixtures
            .iter()
            .map(|fixture| fixture_recording_key(unit, fixture)),
    );
    let mut variables = match variables(unit, values, context, context.fresh_values()) {
        Ok(variables) => variables,
        Err(error) => {
            let reason = context
                .state
                .redactor
                .borrow_mut()
                .redact_for_display(&error.reason);
            return report(
                Verdict::Error(ErrorClass::File, reason),
                Vec::new(),
                request.steps.len(),
            );
        }
    };
    let (mut steps, mut verdict) = tokio::select! {
        done = run_steps(unit, &caller, &mut variables, context) => done,
        () = context.environment.stop.requested() => {
            let reason = context.state.redactor.borrow_mut().redact_for_display("interrupted");
            (Vec::new(), Verdict::Error(ErrorClass::Interrupted, reason))
        }
    };
    flaky::fail_flaky_steps(&mut steps, &mut verdict, context);
    let not_reached = request.steps.len() - steps.len();
    report(verdict, steps, not_reached)
}

fn unit_labels(unit: &Unit<'_>) -> UnitLabels {
    let mut schemes: Vec<String> = Vec::new();
    for step in &unit.request.steps {
        if !schemes.contains(&step.scheme.name) {
            schemes.push(step.scheme.name.clone());
        }
    }
    UnitLabels {
        account: unit.account.clone(),
        schemes,
        tags: unit.request.tags.clone(),
    }
}

fn step_owner<'c>(unit: &'c Unit<'_>) -> StepOwner<'c> {
    StepOwner {
        recording_key: recording_key(unit),
        redact_rules: &unit.request.redact,
        unit: Some(unit),
    }
}

async fn run_steps(
    unit: &Unit<'_>,
    caller: &StepOwner<'_>,
    variables: &mut VariableScope,
    context: &RunContext<'_>,
) -> (Vec<StepReport>, Verdict) {
    let mut steps = Vec::with_capacity(unit.request.steps.len());
    let mut verdict = Verdict::Pass;
    for declared in &unit.request.steps {
        variables.set_fresh_values(context.fresh_values());
        let done = step::run(caller, declared, variables, context).await;
        // What ends a flow says more of it than a snapshot that is not there yet.
        if verdict.is_pass() || !done.can_continue {
            verdict = done.report.verdict.clone();
        }
        steps.push(done.report);
        if !done.can_continue {
            break;
        }
    }
    (steps, verdict)
}
