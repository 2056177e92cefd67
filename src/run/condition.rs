//! The `when` of files and steps: judged once, and shown where it skips something.

use super::context::RunContext;
use super::step_error::StepError;
use super::step_execution::Judgement;
use super::text::kind_text;
use super::variables::base_variables;
use crate::event::FailureReport;
use crate::model::request::{RunCondition, TemplateField};
use crate::model::template::{Expression, TemplateTree};
use crate::plan::Unit;
use crate::redact::OutputRedactor;
use crate::render::{RenderError, TemplateDialect, VariableLayer, VariableScope, render_tree};
use crate::span::Span;
use std::collections::HashSet;

/// # Errors
/// When it cannot be rendered, or gives neither true nor false.
pub(super) fn judge(
    condition: &RunCondition,
    variables: &VariableScope,
) -> Result<bool, RenderError> {
    let value = render_tree(&condition.value, variables)?;
    value.as_bool().ok_or_else(|| {
        let reason = format!(
            "`when` must be true or false, but it is {}",
            kind_text(&value)
        );
        RenderError::new(condition.value.at, reason).hint(
            "compare the value: `{{ name == 'x' }}`, `{{ number > 0 }}`, `{{ list | length > 0 }}`",
        )
    })
}

/// Judges the condition of a file, before its fixtures are set up.
///
/// # Errors
/// When it cannot be rendered, or gives neither true nor false.
pub(super) fn judge_file(
    condition: &RunCondition,
    unit: &Unit<'_>,
    context: &RunContext<'_>,
) -> Result<bool, StepError> {
    let layers = [
        unit.case.map_or(&[][..], |case| &case.vars),
        unit.request.vars.as_slice(),
    ];
    let names = needed_names(&condition.value, &layers);
    // Only what the condition needs: other variables may need fixtures, which do not exist yet.
    let scheme = unit.request.steps.first();
    let scheme = scheme
        .map(|step| step.scheme.name.as_str())
        .filter(|_| names.contains("account"));
    let account = unit.account.as_deref();
    let mut variables = base_variables(context, context.fresh_values(), account, scheme)?;
    for (fields, layer) in layers
        .into_iter()
        .zip([VariableLayer::Case, VariableLayer::File])
    {
        let needed = fields.iter().filter(|field| names.contains(&*field.name));
        let needed: Vec<TemplateField> = needed.cloned().collect();
        variables.define(&needed, layer)?;
    }
    Ok(judge(condition, &variables)?)
}

/// The names that a value looks up, and those that they are made of.
fn needed_names(value: &TemplateTree, layers: &[&[TemplateField]]) -> HashSet<String> {
    let mut needed: HashSet<String> = HashSet::new();
    let mut waiting = root_names(value);
    while let Some(name) = waiting.pop() {
        let fields = layers.iter().flat_map(|fields| fields.iter());
        let of_name = fields.filter(|field| *field.name == *name);
        let values: Vec<&TemplateTree> = of_name.map(|field| &field.value).collect();
        if needed.insert(name) {
            waiting.extend(values.into_iter().flat_map(root_names));
        }
    }
    needed
}

fn root_names(value: &TemplateTree) -> Vec<String> {
    let names = |expression: &Expression| TemplateDialect::Request.names_in(expression).ok();
    let names = value.expressions().into_iter().filter_map(names).flatten();
    names
        .filter_map(|name| name.split('.').next().map(str::to_owned))
        .collect()
}

/// Why something is skipped.
pub(super) fn skip_reason(condition: &RunCondition) -> String {
    format!("`when` is false: {{{{ {} }}}}", condition.source)
}

/// What becomes of a step that is skipped at this place.
pub(super) fn skipped(
    reason: String,
    at: Span,
    context: &RunContext<'_>,
    redactor: &mut OutputRedactor<'_>,
) -> Judgement {
    let failures = context.options.skipped_fails.then(|| FailureReport {
        at,
        subject: redactor.redact_for_display("skipped"),
        expected: redactor.redact_for_display("to be sent"),
        actual: redactor.redact_for_display(&reason),
        hint: Some(redactor.redact_for_display("it fails because of `--skipped fail`")),
        differences: Vec::new(),
    });
    Judgement {
        failures: failures.into_iter().collect(),
        skipped: Some(reason),
        ..Judgement::default()
    }
}
