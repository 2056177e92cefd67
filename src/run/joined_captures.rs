//! Captures of lists in a step that is sent page by page: they join the items of all pages.

use super::failures;
use super::step_execution::{StepExecution, StepResponse, captures_list};
use crate::check::{self, ResponseView};
use crate::event::FailureReport;
use crate::model::capture::Capture;
use crate::render::{
    RenderError, VariableLayer, VariableOrigin, VariableScope, check_variable_bytes,
};
use crate::value::Value;

/// Captures of lists, with the items of all pages.
pub(super) struct JoinedCaptures<'c> {
    captures: Vec<(&'c Capture, Vec<Value>)>,
    /// The memory that they take.
    bytes: usize,
}

impl<'c> JoinedCaptures<'c> {
    pub(super) fn of(captures: &'c [Capture]) -> Self {
        let lists = captures.iter().filter(|capture| captures_list(capture));
        Self {
            captures: lists.map(|capture| (capture, Vec::new())).collect(),
            bytes: 0,
        }
    }

    /// # Errors
    /// When the items of all pages take more memory than variables may.
    pub(super) fn add(&mut self, variables: &VariableScope) -> Result<(), RenderError> {
        for (capture, all) in &mut self.captures {
            if let Some(Value::List(items)) = variables.get(&capture.name) {
                self.bytes += items.iter().map(Value::estimated_bytes).sum::<usize>();
                check_variable_bytes(self.bytes, capture.at)?;
                all.extend_from_slice(items);
            }
        }
        Ok(())
    }

    /// Sets the captures to the items of all pages. A capture that found no item on any page fails.
    pub(super) fn finish(
        &mut self,
        response: &StepResponse,
        variables: &mut VariableScope,
        execution: &StepExecution<'_>,
    ) -> Vec<FailureReport> {
        let mut failures = Vec::new();
        for (capture, all) in self.captures.drain(..) {
            // The last page alone may be empty, and must not fail a capture that found items
            // before.
            if all.is_empty()
                && let Err(failure) =
                    check::capture(capture, &ResponseView::new(response.response()))
            {
                let mut redactor = execution.output_redactor();
                failures.push(failures::capture_failure(&failure, &mut redactor));
            }
            let origin = VariableOrigin {
                layer: VariableLayer::Capture,
                at: Some(capture.name_at),
            };
            variables.set(capture.name.as_str(), Value::List(all), origin);
        }
        failures
    }
}
