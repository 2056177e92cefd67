//! What one template of a step renders to, with the values that `explain` uses. Sends nothing.

use super::context::RunContext;
use super::explain::{ExplainError, step_variables};
use super::step_error::StepError;
use crate::model::request::{Request, Step};
use crate::model::template::Template;
use crate::plan::Unit;
use crate::redact::RedactedText;
use crate::render::{VariableLayer, VariableOrigin, VariableScope, render_text};
use crate::value::Value;

/// The text of a template that stands in a step, without secrets. Placeholders such as `‹id›`
/// replace what earlier steps capture.
///
/// # Errors
/// When it cannot be rendered.
pub(crate) fn preview(
    unit: &Unit<'_>,
    step: &Step,
    template: &Template,
    context: &RunContext<'_>,
    now_ms: i64,
) -> Result<RedactedText, ExplainError> {
    let fresh = context.fresh_values_at(now_ms);
    let (mut variables, _) = step_variables(unit, step, context, fresh)?;
    set_placeholder_captures(unit.request, step, &mut variables);
    let text = render_text(template, &variables).map_err(StepError::from)?;
    let mut redactor = context.state.redactor.borrow_mut();
    Ok(redactor.redact_for_display(&text))
}

/// Captures of the steps above. Those of used steps have another form, and stay undefined.
fn set_placeholder_captures(request: &Request, step: &Step, variables: &mut VariableScope) {
    let above = request.steps.iter();
    let above = above.take_while(|other| !std::ptr::eq(*other, step));
    let own = above.filter(|other| other.used.is_none());
    for capture in own.flat_map(|other| &other.captures) {
        let value = Value::from(format!("‹{}›", capture.name));
        let origin = VariableOrigin {
            layer: VariableLayer::Capture,
            at: Some(capture.name_at),
        };
        variables.set_with_placeholders(capture.name.clone(), value, None, origin);
    }
}
