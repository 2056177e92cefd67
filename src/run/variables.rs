//! The variables that a unit or a fixture begins with, layer by layer, and the keys under which
//! their exchanges are recorded.

use super::context::RunContext;
use crate::model::fixture::Fixture;
use crate::model::scheme::Scheme;
use crate::plan::Unit;
use crate::recording::RecordingKey;
use crate::render::{FreshValues, RenderError, VariableLayer, VariableOrigin, VariableScope};
use crate::value::Value;

/// Every layer below the captures; `values` are those of the fixtures that the unit names.
pub(super) fn variables(
    unit: &Unit<'_>,
    values: Vec<FixtureValue>,
    context: &RunContext<'_>,
    fresh: FreshValues,
) -> Result<VariableScope, RenderError> {
    let scheme = unit
        .request
        .steps
        .first()
        .map(|step| step.scheme.name.as_str());
    let mut variables = base_variables(context, fresh, unit.account.as_deref(), scheme)?;
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
    fresh: FreshValues,
    account: Option<&str>,
    scheme: Option<&str>,
) -> Result<VariableScope, RenderError> {
    let mut variables = VariableScope::new(fresh);
    let built_in = VariableOrigin {
        layer: VariableLayer::BuiltIn,
        at: None,
    };
    variables.set_with_placeholders(
        "run_id",
        Value::from(context.options.run_id.as_str()),
        Some(Value::from("<run_id>")),
        built_in,
    );
    variables.set(
        "env",
        Value::from(context.options.environment.as_str()),
        built_in,
    );
    if let Some(scheme) = scheme.and_then(|scheme| context.environment.workspace.scheme(scheme)) {
        set_account(&mut variables, scheme, account, context);
    }
    for (name, value) in &context.options.vars {
        variables.set(
            name.as_str(),
            value.clone(),
            VariableOrigin {
                layer: VariableLayer::CommandLine,
                at: None,
            },
        );
    }
    variables.define(
        &context.environment.workspace.vars,
        VariableLayer::Workspace,
    )?;
    if let Some(environment) = context
        .environment
        .workspace
        .environment(&context.options.environment)
    {
        variables.define(&environment.vars, VariableLayer::Environment)?;
    }
    Ok(variables)
}

/// `account` as templates see it.
pub(super) fn set_account(
    variables: &mut VariableScope,
    scheme: &Scheme,
    account: Option<&str>,
    context: &RunContext<'_>,
) {
    let shown = context
        .environment
        .accesses
        .template_account(scheme, account);
    variables.set(
        "account",
        shown,
        VariableOrigin {
            layer: VariableLayer::BuiltIn,
            at: None,
        },
    );
}

/// Whose its exchanges are.
pub(super) fn recording_key(unit: &Unit<'_>) -> RecordingKey {
    RecordingKey {
        file: unit.request.name.clone(),
        account: unit.account.clone(),
    }
}

/// A fixture as it is made for a unit.
pub(super) fn fixture_recording_key(unit: &Unit<'_>, fixture: &Fixture) -> RecordingKey {
    RecordingKey::for_fixture(&fixture.name, unit.account_for(fixture))
}
