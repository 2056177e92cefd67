//! One request file as one account in one case: its fixtures, its variables, then its steps in
//! order; a flow stops at its first step that does not pass.

use super::fixtures::ActiveFixtures;
use super::step::{self, StepOwner};
use super::{RunContext, flaky};
use crate::event::{ErrorClass, Event, StepReport, UnitLabels, UnitReport, Verdict};
use crate::model::fixture::Fixture;
use crate::plan::Unit;
use crate::recording::RecordingKey;
use crate::render::{FreshValues, RenderError, VariableLayer, VariableOrigin, VariableScope};
use crate::value::Value;

pub(super) async fn run<'w>(
    unit: &Unit<'w>,
    fixtures: &mut ActiveFixtures<'_, 'w>,
    context: &RunContext<'_>,
    emit: &mut dyn FnMut(Event),
) -> UnitReport {
    let request = unit.request;
    let begun = context.started_at.elapsed();
    let report = |verdict: Verdict, steps: Vec<StepReport>, not_reached: usize| UnitReport {
        // The plan knows.
        index: 0,
        id: unit.id(),
        at: request.at,
        labels: if context.detail {
            unit_labels(unit)
        } else {
            UnitLabels::default()
        },
        flaky: verdict.is_pass() && steps.iter().any(|step| !step.attempts.is_empty()),
        verdict,
        not_reached,
        steps,
        started_at: begun,
        duration: context.started_at.elapsed().saturating_sub(begun),
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
                .redactor
                .borrow_mut()
                .redact_for_display(&error.reason);
            return report(Verdict::Error(error.error_class, reason), error.steps, 0);
        }
    };
    context.recordings.include_redactions(
        &caller.recording_key,
        unit.fixtures
            .iter()
            .map(|fixture| fixture_recording_key(unit, fixture)),
    );
    let mut variables = match variables(unit, values, context, moment(context)) {
        Ok(variables) => variables,
        Err(error) => {
            let reason = context
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
        () = context.stop.requested() => {
            let reason = context.redactor.borrow_mut().redact_for_display("interrupted");
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

/// Whose its exchanges are.
pub(super) fn recording_key(unit: &Unit<'_>) -> RecordingKey {
    RecordingKey {
        file: unit.request.name.clone(),
        account: unit.account.clone(),
    }
}

fn step_owner<'c>(unit: &'c Unit<'_>) -> StepOwner<'c> {
    StepOwner {
        recording_key: recording_key(unit),
        redact_rules: &unit.request.redact,
        unit: Some(unit),
    }
}

/// A fixture as it is made for a unit.
pub(super) fn fixture_recording_key(unit: &Unit<'_>, fixture: &Fixture) -> RecordingKey {
    RecordingKey::for_fixture(&fixture.name, unit.account_for(fixture))
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
        variables.set_fresh_values(moment(context));
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

pub(super) fn moment(context: &RunContext<'_>) -> FreshValues {
    FreshValues {
        unix_ms: (context.clock)(),
        seed: (context.rng)(),
    }
}

/// Every layer below the captures; `values` are those of the fixtures that the unit names.
pub(super) fn variables(
    unit: &Unit<'_>,
    values: Vec<FixtureValue>,
    context: &RunContext<'_>,
    moment: FreshValues,
) -> Result<VariableScope, RenderError> {
    let scheme = unit
        .request
        .steps
        .first()
        .map(|step| step.scheme.name.as_str());
    let mut variables = base_variables(context, moment, unit.account.as_deref(), scheme)?;
    set_fixtures(&mut variables, values);
    variables.define(
        unit.case
            .map(|case| case.vars.as_slice())
            .unwrap_or_default(),
        VariableLayer::Case,
    )?;
    variables.define(&unit.request.vars, VariableLayer::File)?;
    Ok(variables)
}

/// What a fixture is worth to those who need it; `marked` has placeholders for what is another one
/// each time.
#[derive(Clone, Debug)]
pub(super) struct FixtureValue {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) marked: Option<Value>,
}

pub(super) fn set_fixtures(variables: &mut VariableScope, values: Vec<FixtureValue>) {
    for FixtureValue {
        name,
        value,
        marked,
    } in values
    {
        variables.set_with_placeholders(
            name,
            value,
            marked,
            VariableOrigin {
                layer: VariableLayer::Fixture,
                at: None,
            },
        );
    }
}

/// The layers below those of a file.
pub(super) fn base_variables(
    context: &RunContext<'_>,
    moment: FreshValues,
    account: Option<&str>,
    scheme: Option<&str>,
) -> Result<VariableScope, RenderError> {
    let mut variables = VariableScope::new(moment);
    let built_in = VariableOrigin {
        layer: VariableLayer::BuiltIn,
        at: None,
    };
    variables.set_with_placeholders(
        "run_id",
        Value::from(context.run_id.as_str()),
        Some(Value::from("<run_id>")),
        built_in,
    );
    variables.set("env", Value::from(context.environment.as_str()), built_in);
    if let Some(scheme) = scheme.and_then(|scheme| context.workspace.scheme(scheme)) {
        step::set_account(&mut variables, scheme, account, context);
    }
    for (name, value) in &context.vars {
        variables.set(
            name.as_str(),
            value.clone(),
            VariableOrigin {
                layer: VariableLayer::CommandLine,
                at: None,
            },
        );
    }
    variables.define(&context.workspace.vars, VariableLayer::Workspace)?;
    if let Some(environment) = context.workspace.environment(&context.environment) {
        variables.define(&environment.vars, VariableLayer::Environment)?;
    }
    Ok(variables)
}
