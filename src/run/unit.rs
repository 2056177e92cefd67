//! Runs a unit: one request file as one account in one case. Sets up its fixtures and variables,
//! then runs its steps in order; a flow stops at its first step that does not pass.

use super::context::RunContext;
use super::cookies::CookieJar;
use super::fixtures::{ActiveFixtures, SetUpError};
use super::step_error::StepError;
use super::step_execution::StepOwner;
use super::step_undos::StepUndos;
use super::used_variables::UsedVariables;
use super::variables::{FixtureValue, fixture_recording_key, recording_key, variables};
use super::{condition, flaky};
use crate::event::{ErrorClass, Event, StepReport, UnitLabels, UnitReport, Verdict};
use crate::model::request::RunCondition;
use crate::plan::Unit;
use crate::recording::RecordingKey;
use crate::redact::RedactedText;
use crate::render::VariableScope;
use std::cell::Cell;
use std::time::Duration;

/// What became of the steps of a unit.
struct UnitOutcome {
    verdict: Verdict,
    /// Those that ended.
    steps: Vec<StepReport>,
    /// How many steps did not end.
    not_reached: usize,
}

pub(super) async fn run<'w>(
    unit: &Unit<'w>,
    fixtures: &mut ActiveFixtures<'_, 'w>,
    context: &RunContext<'_>,
    emit: &mut dyn FnMut(Event),
) -> UnitReport {
    let started_at = context.state.started_at.elapsed();
    let outcome = match unskipped(unit, context) {
        // Outside of the `select!` of the steps: a fixture is set up as a whole even when the run
        // is asked to stop, so that the ledger knows everything that was created.
        Ok(()) => match fixtures.set_up(unit, context, emit).await {
            Ok(values) => {
                let undos = fixtures.unit_undos();
                let jar = unit.request.keeps_cookies.then(CookieJar::default);
                let owner = step_owner(unit, &undos, jar.as_ref());
                let outcome = run_with_fixtures(unit, &owner, values, context).await;
                let undo_owner = owner.undo_owner();
                // Whatever became of the steps, and also after a stop.
                undos.undo_all(&undo_owner, context, emit).await;
                outcome
            }
            Err(error) => set_up_failure(error, &recording_key(unit), context),
        },
        Err(outcome) => *outcome,
    };
    unit_report(unit, outcome, started_at, context)
}

/// The outcome of a unit that is left out.
fn unskipped(unit: &Unit<'_>, context: &RunContext<'_>) -> Result<(), Box<UnitOutcome>> {
    let not_sent = |verdict, steps| {
        Err(Box::new(UnitOutcome {
            verdict,
            steps,
            not_reached: unit.steps().len(),
        }))
    };
    if let Some(reason) = &unit.request.skip {
        return not_sent(Verdict::Skipped(reason.clone()), Vec::new());
    }
    let Some(when) = &unit.request.when else {
        return Ok(());
    };
    let key = recording_key(unit);
    match condition::judge_file(when, unit, context) {
        Ok(true) => Ok(()),
        Ok(false) if context.options.skipped_fails => {
            not_sent(Verdict::Fail, vec![skip_failure(when, &key, context)])
        }
        Ok(false) => not_sent(Verdict::Skipped(condition::skip_reason(when)), Vec::new()),
        Err(error) => {
            let reason = whole_reason(&error);
            let verdict = error_verdict(error.error_class(), &reason, &key, context);
            not_sent(verdict, Vec::new())
        }
    }
}

/// The failure of a unit that `--skipped fail` does not allow to be left out.
fn skip_failure(when: &RunCondition, key: &RecordingKey, context: &RunContext<'_>) -> StepReport {
    let redactor = &mut context.output_redactor(key);
    let reason = condition::skip_reason(when);
    StepReport {
        name: None,
        request_line: redactor.redact_for_display("when"),
        endpoint: RedactedText::default(),
        at: when.at,
        started_at: context.state.started_at.elapsed(),
        sent_at: None,
        status: None,
        latency: None,
        requests: 0,
        phases: Vec::new(),
        verdict: Verdict::Fail,
        attempts: Vec::new(),
        failures: condition::skipped(reason, when.at, context, redactor).failures,
        notes: Vec::new(),
        exchange: None,
        trace: Vec::new(),
    }
}

fn set_up_failure(error: SetUpError, key: &RecordingKey, context: &RunContext<'_>) -> UnitOutcome {
    UnitOutcome {
        verdict: error_verdict(error.error_class, &error.reason, key, context),
        steps: error.steps,
        not_reached: 0,
    }
}

async fn run_with_fixtures(
    unit: &Unit<'_>,
    owner: &StepOwner<'_>,
    values: Vec<FixtureValue>,
    context: &RunContext<'_>,
) -> UnitOutcome {
    context.state.recordings.personal.include(
        &owner.recording_key,
        unit.fixtures
            .iter()
            .map(|fixture| fixture_recording_key(unit, fixture)),
    );
    match variables(unit, values, context, context.fresh_values()) {
        Ok(variables) => run_steps(unit, owner, variables, context).await,
        Err(error) => UnitOutcome {
            verdict: error_verdict(
                error.error_class(),
                &whole_reason(&error),
                &owner.recording_key,
                context,
            ),
            steps: Vec::new(),
            not_reached: unit.steps().len(),
        },
    }
}

async fn run_steps(
    unit: &Unit<'_>,
    owner: &StepOwner<'_>,
    mut variables: VariableScope,
    context: &RunContext<'_>,
) -> UnitOutcome {
    let mut steps = Vec::with_capacity(unit.steps().len());
    let mut verdict: Option<Verdict> = None;
    let mut used = UsedVariables::default();
    let mut is_cut_off = false;
    let stop = context.environment.stop.requested();
    tokio::pin!(stop);
    for declared in unit.steps() {
        variables.set_fresh_values(context.fresh_values());
        // One `select!` for each step: a stop drops the step that runs, and the reports of those
        // before it are kept. Biased, so that no step starts once a stop is requested.
        let has_begun = Cell::new(false);
        let running = async {
            has_begun.set(true);
            used.run(owner, declared, &mut variables, context).await
        };
        let can_stop = declared.undo.is_none() || context.environment.stop.is_requested();
        let result = tokio::select! {
            biased;
            // A step with an undo is not cut off: its response says what must be undone.
            () = &mut stop, if can_stop => {
                verdict = Some(interrupted_verdict(has_begun.get(), owner, context));
                is_cut_off = has_begun.get();
                break;
            }
            result = running => result,
        };
        verdict = Some(match verdict {
            Some(earlier) if result.can_continue => joined_verdict(earlier, &result.report),
            // A failure that ends the flow says more than the missing snapshot of an earlier step.
            _ => result.report.verdict.clone(),
        });
        steps.push(result.report);
        if !result.can_continue {
            break;
        }
    }
    let mut verdict = verdict.unwrap_or(Verdict::Pass);
    flaky::fail_flaky_steps(&mut steps, &mut verdict, owner, context);
    UnitOutcome {
        verdict,
        // The step that was cut off was reached.
        not_reached: unit.steps().len() - steps.len() - usize::from(is_cut_off),
        steps,
    }
}

/// The verdict of a unit after a step with which it can go on. It is skipped if all its steps are.
fn joined_verdict(earlier: Verdict, step: &StepReport) -> Verdict {
    match &step.verdict {
        Verdict::Skipped(_) => earlier,
        other if earlier.is_pass_or_skip() => other.clone(),
        _ => earlier,
    }
}

/// There is no step to which the notes of the error could belong.
fn whole_reason(error: &StepError) -> String {
    let mut parts = vec![error.to_string()];
    parts.extend(error.notes());
    parts.join("; ")
}

fn interrupted_verdict(
    has_begun: bool,
    owner: &StepOwner<'_>,
    context: &RunContext<'_>,
) -> Verdict {
    let mut reason = StepError::Interrupted.to_string();
    if has_begun {
        reason.push_str(": the request of this step may have been sent");
    }
    error_verdict(
        ErrorClass::Interrupted,
        &reason,
        &owner.recording_key,
        context,
    )
}

fn error_verdict(
    class: ErrorClass,
    reason: &str,
    key: &RecordingKey,
    context: &RunContext<'_>,
) -> Verdict {
    let mut redactor = context.output_redactor(key);
    Verdict::Error(class, redactor.redact_for_display(reason))
}

fn unit_report(
    unit: &Unit<'_>,
    outcome: UnitOutcome,
    started_at: Duration,
    context: &RunContext<'_>,
) -> UnitReport {
    let UnitOutcome {
        verdict,
        steps,
        not_reached,
    } = outcome;
    UnitReport {
        // The conductor sets it: only the plan knows it.
        index: 0,
        id: unit.reported_id(),
        at: unit.request.at,
        labels: unit_labels(unit, context),
        flaky: verdict.is_pass() && steps.iter().any(|step| !step.attempts.is_empty()),
        verdict,
        not_reached,
        steps,
        started_at,
        duration: context
            .state
            .started_at
            .elapsed()
            .saturating_sub(started_at),
    }
}

/// The labels of a unit; empty where no report shows them.
fn unit_labels(unit: &Unit<'_>, context: &RunContext<'_>) -> UnitLabels {
    if !context.options.detail {
        return UnitLabels::default();
    }
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

fn step_owner<'c>(
    unit: &'c Unit<'_>,
    undos: &'c StepUndos<'c>,
    cookies: Option<&'c CookieJar>,
) -> StepOwner<'c> {
    StepOwner {
        recording_key: recording_key(unit),
        redact_rules: &unit.request.redact,
        secret_rules: &unit.request.secret_rules,
        name: &unit.request.name,
        unit: Some(unit),
        undos,
        cookies,
    }
}
