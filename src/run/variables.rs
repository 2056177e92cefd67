//! The variables that a unit or a fixture starts with, layer by layer, and the keys under which
//! its exchanges are recorded.

use super::access::AccessError;
use super::context::RunContext;
use super::step_error::StepError;
use crate::model::fixture::Fixture;
use crate::model::scheme::Scheme;
use crate::plan::{Unit, request_secrets};
use crate::recording::RecordingKey;
use crate::render::{FreshValues, VariableLayer, VariableOrigin, VariableScope};
use crate::value::Value;

/// Every layer below the captures; `values` are those of the fixtures that the unit needs.
///
/// # Errors
/// When a variable cannot be rendered, or the account cannot be resolved.
pub(super) fn variables(
    unit: &Unit<'_>,
    values: Vec<FixtureValue>,
    context: &RunContext<'_>,
    fresh: FreshValues,
) -> Result<VariableScope, StepError> {
    let scheme = unit
        .request
        .steps
        .first()
        .map(|step| step.scheme.name.as_str());
    let environment = &context.options.environment;
    let secrets = &context.environment.secrets;
    secrets
        .check(environment, || request_secrets(unit.request))
        .map_err(AccessError::from)?;
    let mut variables = base_variables(context, fresh, unit.account.as_deref(), scheme)?;
    set_fixtures(&mut variables, values);
    if let Some(case) = unit.case {
        variables.define(&case.vars, VariableLayer::Case)?;
    }
    variables.define(&unit.request.vars, VariableLayer::File)?;
    Ok(variables)
}

/// The values of a fixture for the units that need it. In `marked`, placeholders replace the values
/// that differ in every run; it is `None` if there are none.
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
        variables.set_with_placeholders(name, value, marked, unwritten(VariableLayer::Fixture));
    }
}

/// The layers below those of a file.
///
/// # Errors
/// When a variable cannot be rendered, or the account cannot be resolved.
pub(super) fn base_variables(
    context: &RunContext<'_>,
    fresh: FreshValues,
    account: Option<&str>,
    scheme: Option<&str>,
) -> Result<VariableScope, StepError> {
    let mut variables = VariableScope::new(fresh);
    set_built_ins(&mut variables, context);
    context.environment.secrets.define(&mut variables);
    let workspace = context.environment.workspace;
    if let Some(scheme) = scheme.and_then(|scheme| workspace.scheme(scheme)) {
        set_account(&mut variables, scheme, account, context)?;
    }
    // Before the layers of files: `define` keeps a value that a later layer has set, so a file
    // variable that uses one of `--var` is rendered with the overriding value.
    for given in &context.options.vars {
        let origin = unwritten(given.layer);
        variables.set(given.name.as_str(), given.value.clone(), origin);
    }
    variables.define(&workspace.vars, VariableLayer::Workspace)?;
    if let Some(environment) = workspace.environment(&context.options.environment) {
        variables.define(&environment.vars, VariableLayer::Environment)?;
    }
    Ok(variables)
}

fn set_built_ins(variables: &mut VariableScope, context: &RunContext<'_>) {
    let origin = unwritten(VariableLayer::BuiltIn);
    // Recordings hold the placeholder, since the id of the run is a new one in every run.
    variables.set_with_placeholders(
        "run_id",
        Value::from(context.options.run_id.as_str()),
        Some(Value::from("<run_id>")),
        origin,
    );
    let environment = Value::from(context.options.environment.as_str());
    variables.set("env", environment, origin);
}

/// The origin of a variable that no file sets.
fn unwritten(layer: VariableLayer) -> VariableOrigin {
    VariableOrigin { layer, at: None }
}

/// Sets the variable `account`.
///
/// # Errors
/// When a credential of the account cannot be read.
pub(super) fn set_account(
    variables: &mut VariableScope,
    scheme: &Scheme,
    account: Option<&str>,
    context: &RunContext<'_>,
) -> Result<(), AccessError> {
    let accesses = &context.environment.accesses;
    let value = accesses.template_account(scheme, account)?;
    variables.set("account", value, unwritten(VariableLayer::BuiltIn));
    Ok(())
}

/// The key under which the exchanges of a unit are recorded.
pub(super) fn recording_key(unit: &Unit<'_>) -> RecordingKey {
    RecordingKey {
        file: unit.request.name.clone(),
        account: unit.account.clone(),
    }
}

/// The key under which the exchanges of a fixture of a unit are recorded.
pub(super) fn fixture_recording_key(unit: &Unit<'_>, fixture: &Fixture) -> RecordingKey {
    RecordingKey::for_fixture(&fixture.name, unit.account_for(fixture))
}
