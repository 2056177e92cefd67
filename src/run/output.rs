//! Writes the body of a response to a file, as `output` says.

use super::step_error::{StepError, StepOutputError};
use super::step_execution::{StepExecution, StepResponse};
use crate::event::WRITTEN_NOTE;
use crate::render::{RenderError, VariableScope, render_output_path};

impl StepExecution<'_> {
    /// Checks the file that the step will write, before anything is sent. Once for each call: its
    /// name can differ in each round.
    pub(super) fn prepare_output(&self, variables: &VariableScope) -> Result<(), StepError> {
        let Some(segments) = self.output_segments(variables)? else {
            return Ok(());
        };
        // A poll asks again and again: what was free at its first call is its own.
        if self.output.borrow().as_ref() == Some(&segments) {
            return Ok(());
        }
        let name = segments.join("/");
        if self.output_redactor().redact(&name) != name {
            return Err(StepOutputError::SecretName.into());
        }
        if let Some(folder) = &self.context.environment.outputs {
            folder.check(&segments).map_err(StepOutputError::from)?;
        }
        *self.output.borrow_mut() = Some(segments);
        Ok(())
    }

    fn output_segments(
        &self,
        variables: &VariableScope,
    ) -> Result<Option<Vec<String>>, RenderError> {
        let output = self.step.output.as_deref();
        output
            .map(|output| render_output_path(output, variables))
            .transpose()
    }

    /// Writes the response of a step that has passed. Returns a note.
    pub(super) fn write_output(
        &self,
        response: &StepResponse,
    ) -> Result<Option<String>, StepError> {
        // Taken: the next round has a file of its own.
        let Some(segments) = self.output.borrow_mut().take() else {
            return Ok(None);
        };
        let name = segments.join("/");
        let Some(folder) = &self.context.environment.outputs else {
            return Ok(Some(format!(
                "`{name}` is not written in a replay: `--out DIR` writes it"
            )));
        };
        let response = response.response();
        let redactor = &mut self.context.state.redactor.borrow_mut();
        let holds_secret = match response.streamed_body() {
            Some(body) => body
                .open()
                .and_then(|mut file| redactor.contains_secret_within(&mut file)),
            None => Ok(redactor.contains_secret(response.body())),
        };
        if holds_secret.map_err(|error| StepOutputError::Unread(name.clone(), error.to_string()))? {
            return Err(StepOutputError::Secret(name).into());
        }
        let written = match response.streamed_body() {
            Some(body) => folder.keep(&segments, body),
            None => folder.write(&segments, response.body()),
        };
        let path = written.map_err(StepOutputError::from)?;
        let root = &self.context.environment.workspace.root;
        let shown = path.strip_prefix(root).unwrap_or(&path);
        Ok(Some(format!(
            "{WRITTEN_NOTE}{} ({} bytes)",
            shown.display(),
            response.bytes().len()
        )))
    }
}
