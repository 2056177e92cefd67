//! Makes of a response what a command may hand on: whole, or without secrets and personal data.

use super::context::RunContext;
use super::delivered_response::{DeliveredBody, DeliveredResponse};
use super::exchange::JudgedResponse;
use super::personal_data::redact_rules;
use super::step_execution::StepOwner;
use crate::model::request::Step;
use crate::wire::WireResponse;

/// The response of a step that was judged.
pub(super) fn delivered_response(
    owner: &StepOwner<'_>,
    step: &Step,
    judged: &JudgedResponse,
    context: &RunContext<'_>,
) -> DeliveredResponse {
    let response = &judged.response;
    let secrets = secrets_of(response, context);
    let whole = match secrets.as_slice() {
        [] => Ok(response.body().clone()),
        names => Err(names.to_vec()),
    };
    DeliveredResponse {
        status: response.status,
        shown: shown_body(owner, step, judged, secrets, context),
        whole,
    }
}

/// The names of the secrets that a response holds.
fn secrets_of(response: &WireResponse, context: &RunContext<'_>) -> Vec<String> {
    let mut redactor = context.state.redactor.borrow_mut();
    let text = response.text().ok();
    let found = text.map_or_else(Vec::new, |text| redactor.secrets_in(text));
    let mut names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    // In bytes that are no text, or in an encoding that only the search through bytes decodes.
    if names.is_empty() && redactor.contains_secret(response.body()) {
        names.push("a secret".to_owned());
    }
    names
}

fn shown_body(
    owner: &StepOwner<'_>,
    step: &Step,
    judged: &JudgedResponse,
    secrets: Vec<String>,
    context: &RunContext<'_>,
) -> DeliveredBody {
    let (key, response) = (&owner.recording_key, &judged.response);
    let hidden = |reason: String| {
        let mut redactor = context.state.redactor.borrow_mut();
        DeliveredBody::Hidden(redactor.redact_for_display(&reason))
    };
    let without_personal = if context.shows_personal(key) {
        None
    } else if let Some(reason) = &judged.hidden_because {
        return hidden(reason.to_string());
    } else {
        let workspace = context.environment.workspace;
        let Some(scheme) = workspace.scheme(&step.scheme.name) else {
            return hidden(format!("there is no scheme `{}`", step.scheme.name));
        };
        let rules = redact_rules(scheme, workspace, owner.redact_rules);
        let personal = &context.state.recordings.personal;
        match personal.redacted_response(key, &rules, response) {
            Ok(redacted) => redacted,
            Err(error) => return hidden(error.to_string()),
        }
    };
    let base = without_personal.as_ref().unwrap_or(response);
    let Some(text) = base.reversible_text() else {
        return if secrets.is_empty() {
            DeliveredBody::Exact(base.body().clone())
        } else {
            hidden("it is binary, and contains a secret".to_owned())
        };
    };
    let redacted = if context.shows_personal(key) {
        context.terminal_redactor().redact(text)
    } else {
        context.output_redactor(key).redact(text)
    };
    if redacted == text && base.body() == response.body() {
        return DeliveredBody::Exact(response.body().clone());
    }
    let without_secrets = context.terminal_redactor().redact(text);
    DeliveredBody::Redacted {
        has_pseudonyms: base.body() != response.body() || without_secrets != redacted,
        bytes: base.clone().with_text(redacted).body().clone(),
        secrets,
    }
}
