//! One request file: its variables, then its steps in order; a flow stops at its first step that does not pass.

use super::{Context, step};
use crate::event::{StepReport, Trouble, UnitReport, Verdict};
use crate::plan::Unit;
use crate::render::{Layer, Moment, Origin, RenderError, Variables};
use crate::value::Value;
use std::time::Instant;

pub async fn run(unit: &Unit<'_>, context: &Context<'_>) -> UnitReport {
    let request = unit.request;
    let begun = Instant::now();
    let report = |verdict: Verdict, steps: Vec<StepReport>| UnitReport {
        id: unit.id(),
        at: request.at,
        verdict,
        not_reached: request.steps.len() - steps.len(),
        steps,
        duration: begun.elapsed(),
    };
    if let Some(reason) = &request.skip {
        return report(Verdict::Skipped(reason.clone()), Vec::new());
    }
    let mut variables = match variables(unit, context, moment(context)) {
        Ok(variables) => variables,
        Err(error) => {
            return report(Verdict::Error(Trouble::File, context.redactor.borrow_mut().show(&error.reason)), Vec::new());
        }
    };
    let mut steps = Vec::with_capacity(request.steps.len());
    let mut verdict = Verdict::Pass;
    for declared in &request.steps {
        variables.set_moment(moment(context));
        let done = step::run(unit, declared, &mut variables, context).await;
        verdict = done.verdict.clone();
        steps.push(done);
        if !verdict.is_pass() {
            break;
        }
    }
    report(verdict, steps)
}

pub fn moment(context: &Context<'_>) -> Moment {
    Moment { unix_ms: (context.clock)(), seed: (context.chance)() }
}

/// Every layer below the captures.
pub fn variables(unit: &Unit<'_>, context: &Context<'_>, moment: Moment) -> Result<Variables, RenderError> {
    let mut variables = Variables::new(moment);
    let built_in = Origin { layer: Layer::BuiltIn, at: None };
    variables.set("run_id", Value::from(context.run_id.as_str()), built_in);
    variables.set("env", Value::from(context.environment.as_str()), built_in);
    step::set_account(&mut variables, unit, context);
    for (name, value) in &context.vars {
        variables.set(name.as_str(), value.clone(), Origin { layer: Layer::Option, at: None });
    }
    variables.define(&context.workspace.vars, Layer::Workspace)?;
    if let Some(environment) = context.workspace.environment(&context.environment) {
        variables.define(&environment.vars, Layer::Environment)?;
    }
    variables.define(&unit.request.vars, Layer::File)?;
    Ok(variables)
}
