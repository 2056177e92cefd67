//! One request file: its variables, then its steps in order; a flow stops at its first step that does not pass.

use super::{Context, step};
use crate::event::{StepReport, Trouble, UnitReport, Verdict};
use crate::model::request::Request;
use crate::render::{Layer, Moment, Origin, RenderError, Variables};
use crate::value::Value;
use std::time::Instant;

pub async fn run(request: &Request, context: &Context<'_>) -> UnitReport {
    let begun = Instant::now();
    let report = |verdict: Verdict, steps: Vec<StepReport>| UnitReport {
        id: id_of(request, context),
        at: request.at,
        verdict,
        not_reached: request.steps.len() - steps.len(),
        steps,
        duration: begun.elapsed(),
    };
    if let Some(reason) = &request.skip {
        return report(Verdict::Skipped(reason.clone()), Vec::new());
    }
    let mut variables = match variables(request, context, moment(context)) {
        Ok(variables) => variables,
        Err(error) => {
            return report(Verdict::Error(Trouble::File, context.redactor.borrow_mut().show(&error.reason)), Vec::new());
        }
    };
    let mut steps = Vec::with_capacity(request.steps.len());
    let mut verdict = Verdict::Pass;
    for declared in &request.steps {
        variables.set_moment(moment(context));
        let done = step::run(request, declared, &mut variables, context).await;
        verdict = done.verdict.clone();
        steps.push(done);
        if !verdict.is_pass() {
            break;
        }
    }
    report(verdict, steps)
}

/// `name@account` where an account is named, by the file or by the command line.
fn id_of(request: &Request, context: &Context<'_>) -> String {
    match account_of(request, context) {
        Some(account) => format!("{}@{account}", request.name),
        None => request.name.clone(),
    }
}

/// The account that is named for a request, if one is.
pub fn account_of<'r>(request: &'r Request, context: &'r Context<'_>) -> Option<&'r str> {
    context.account.as_deref().or(request.account.as_ref().map(|account| account.name.as_str()))
}

pub fn moment(context: &Context<'_>) -> Moment {
    Moment { unix_ms: (context.clock)(), seed: (context.chance)() }
}

/// Every layer below the captures.
pub fn variables(request: &Request, context: &Context<'_>, moment: Moment) -> Result<Variables, RenderError> {
    let mut variables = Variables::new(moment);
    let built_in = Origin { layer: Layer::BuiltIn, at: None };
    variables.set("run_id", Value::from(context.run_id.as_str()), built_in);
    variables.set("env", Value::from(context.environment.as_str()), built_in);
    step::set_account(&mut variables, request, context);
    for (name, value) in &context.vars {
        variables.set(name.as_str(), value.clone(), Origin { layer: Layer::Option, at: None });
    }
    variables.define(&context.workspace.vars, Layer::Workspace)?;
    if let Some(environment) = context.workspace.environment(&context.environment) {
        variables.define(&environment.vars, Layer::Environment)?;
    }
    variables.define(&request.vars, Layer::File)?;
    Ok(variables)
}
