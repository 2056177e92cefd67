//! The variables of steps that come from another file. These steps see the names of their file; the
//! flow sees what they capture, under their prefix.

use super::context::RunContext;
use super::step::{self, StepResult};
use super::step_error::StepError;
use super::step_execution::StepOwner;
use super::variables::base_variables;
use crate::model::request::{Step, UsedScope};
use crate::render::{VariableLayer, VariableOrigin, VariableScope};
use crate::value::{ObjectMember, Value};
use std::sync::Arc;

/// The used steps that a flow is at, if it is at any.
#[derive(Default)]
pub(super) struct UsedVariables {
    open: Option<OpenScope>,
}

struct OpenScope {
    used: Arc<UsedScope>,
    variables: VariableScope,
    captured: Vec<ObjectMember>,
}

impl UsedVariables {
    /// Runs a step of the flow with the variables that it sees.
    pub(super) async fn run(
        &mut self,
        owner: &StepOwner<'_>,
        step: &Step,
        flow: &mut VariableScope,
        context: &RunContext<'_>,
    ) -> StepResult {
        let Some(used) = &step.used else {
            return step::run(owner, step, flow, context).await;
        };
        let is_open = |open: &OpenScope| Arc::ptr_eq(&open.used, used);
        let open = match self.open.take().filter(is_open) {
            Some(open) => Ok(open),
            None => OpenScope::new(owner.account_of(step), (step, used), flow, context),
        };
        let mut open = match open {
            Ok(open) => open,
            Err(error) => return step::not_sent(owner, step, error, context),
        };
        open.variables.set_fresh_values(flow.fresh_values());
        let result = step::run(owner, step, &mut open.variables, context).await;
        open.note_captures(step, flow);
        self.open = Some(open);
        result
    }
}

impl OpenScope {
    fn new(
        account: Option<&str>,
        (step, used): (&Step, &Arc<UsedScope>),
        flow: &VariableScope,
        context: &RunContext<'_>,
    ) -> Result<Self, StepError> {
        Ok(Self {
            used: Arc::clone(used),
            variables: used_variables(account, (step, used), flow, context)?,
            captured: Vec::new(),
        })
    }

    fn note_captures(&mut self, step: &Step, flow: &mut VariableScope) {
        for capture in &step.captures {
            let name = capture.name.as_str();
            self.captured.retain(|(known, _)| known != name);
            if let Some(value) = self.variables.get(name) {
                self.captured.push((name.into(), value.clone()));
            }
        }
        let origin = VariableOrigin {
            layer: VariableLayer::Capture,
            at: Some(self.used.at),
        };
        let value = Value::Object(self.captured.clone());
        flow.set(self.used.prefix.as_str(), value, origin);
    }
}

/// The variables that the steps of a used file start with.
///
/// # Errors
/// When a variable cannot be rendered, or the account cannot be resolved.
pub(super) fn used_variables(
    account: Option<&str>,
    (step, used): (&Step, &UsedScope),
    flow: &VariableScope,
    context: &RunContext<'_>,
) -> Result<VariableScope, StepError> {
    let scheme = Some(step.scheme.name.as_str());
    let mut variables = base_variables(context, flow.fresh_values(), account, scheme)?;
    variables.copy_layer(flow, VariableLayer::Fixture);
    for field in &used.given {
        let (value, marked) = flow
            .render_with_placeholders(&field.value)
            .map_err(|error| error.of_variable(&field.name))?;
        let origin = VariableOrigin {
            layer: VariableLayer::Given,
            at: Some(field.name_at),
        };
        variables.set_with_placeholders(field.name.as_str(), value, marked, origin);
    }
    variables.define(&used.vars, VariableLayer::File)?;
    Ok(variables)
}
