//! A request as a program that signs by itself.

use super::RequestExporter;
use crate::cli::command_error::CommandError;
use crate::cli::exit_status::FailureClass;
use crate::export::{ProgramError, ProgramLanguage, ProgramSource, RequestSecrets, write_program};
use crate::run::ExportedCall;
use crate::sign::NamedValues;
use crate::wire::{Draft, DraftBody};

/// Values of `now()` of two renderings are told apart by it.
const LATER_MS: i64 = 400 * 24 * 60 * 60 * 1_000;

impl RequestExporter<'_> {
    /// The text, and what the user should know of it. No token is asked for: the program gets its own.
    pub(super) fn export_program(
        &self,
        language: ProgramLanguage,
    ) -> Result<(String, Vec<String>), CommandError> {
        let call = ExportedCall::new(self.unit, self.step, self.context, self.now_ms)
            .map_err(|error| self.fault(&error))?;
        let token = &call.access.given_token;
        self.context
            .register_secrets(call.scheme, &call.access.credentials, token);
        let notes = self.fixed_values(&call)?;
        let title = match &self.step.name {
            Some(step) => format!("{}::{step}", self.unit.id()),
            None => self.unit.id(),
        };
        let source = ProgramSource {
            scheme: call.scheme,
            level: call.level,
            draft: &call.draft,
            base: &call.access.call_base,
            title: &title,
            variable: &|secret| self.variable(&call, secret),
            token_command: self.token_command(&call),
            notes: notes.clone(),
        };
        self.program_text(language, &source, &call, token)
            .map(|text| (text, notes))
            .map_err(|error| program_fault(&error))
    }

    fn program_text(
        &self,
        language: ProgramLanguage,
        source: &ProgramSource<'_>,
        call: &ExportedCall<'_>,
        token: &NamedValues,
    ) -> Result<String, ProgramError> {
        let value = |name: &str| call.secret_value(name, token, self.context);
        let mut redactor = self.context.state.redactor.borrow_mut();
        write_program(language, source, RequestSecrets::new(&value, &mut redactor))
    }

    /// What of the request would be another value each time, and is the same each time the program
    /// runs.
    fn fixed_values(&self, call: &ExportedCall<'_>) -> Result<Vec<String>, CommandError> {
        let later = self.now_ms.saturating_add(LATER_MS);
        let other = ExportedCall::new(self.unit, self.step, self.context, later)
            .map_err(|error| self.fault(&error))?;
        if with_one_boundary(&call.draft) == with_one_boundary(&other.draft) {
            return Ok(Vec::new());
        }
        Ok(vec![
            "the values that the request file computes with `now()`, `date()`, `uuid()` or `random()` are those of this export"
                .to_owned(),
        ])
    }
}

/// The boundary of a multipart body is another one each time, and means nothing.
fn with_one_boundary(draft: &Draft) -> Draft {
    let mut draft = draft.clone();
    if let DraftBody::Multipart { boundary, .. } = &mut draft.body {
        boundary.clear();
    }
    draft
}

fn program_fault(error: &ProgramError) -> CommandError {
    let fault = CommandError::new(
        FailureClass::Check,
        format!("the request cannot be written as a program: {error}"),
    );
    match error {
        ProgramError::Secret(_) | ProgramError::WrittenSecret(_) => fault.hint(
            "a secret can be replaced by a variable only where the secret itself is sent; `ingam explain` shows the request",
        ),
        _ => fault.hint("`ingam export curl` writes the request with its signature"),
    }
}
