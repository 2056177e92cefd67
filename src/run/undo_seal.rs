//! Undos that hold a secret or personal data of a response: the ledger keeps them sealed with the key of the token store, and a
//! step whose undo could not be sealed is not sent.

use super::context::RunContext;
use super::personal_data::redact_rules;
use super::undo::UndoError;
use crate::jsonpath::JsonPath;
use crate::ledger::{RecordedUndo, SealedUndo, UndoBody, UndoCall};
use crate::model::assertion::Subject;
use crate::model::redact_rule::RedactRule;
use crate::model::request::{Step, UndoStep};
use crate::model::secret_rules::SecretRules;
use crate::recording::RecordingKey;
use crate::redact::{Redactor, SecretName};
use crate::render::{TemplateDialect, VariableScope};
use crate::secret::{Secret, exposed_pairs_for_sealing, to_secret_json};
use crate::tokens::StoreError;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a path shows that cannot be shown without a personal value inside of a word.
const HIDDEN_PATH: &str = "‹redacted›";

/// What is sealed: the call, and the names of the secrets and of the personal data in it, which no
/// response tells any more when it is sent.
#[derive(Serialize, Deserialize)]
struct SealedContent<'c> {
    call: Cow<'c, UndoCall>,
    /// Name → value.
    #[serde(with = "exposed_pairs_for_sealing")]
    secrets: Vec<(String, Secret<String>)>,
    /// Value → pseudonym.
    #[serde(default)]
    personal: Vec<(String, String)>,
}

/// An undo before the step is sent that creates something.
pub(super) struct CheckedUndo<'u> {
    pub(super) step: &'u Step,
    pub(super) undo: &'u UndoStep,
    pub(super) recording_key: &'u RecordingKey,
    pub(super) redact_rules: &'u [RedactRule],
    pub(super) secret_rules: &'u SecretRules,
}

impl CheckedUndo<'_> {
    /// Fails if the undo could come to hold a secret or personal data that the ledger cannot keep.
    ///
    /// # Errors
    /// When there is no key.
    pub(super) fn check_can_seal(
        &self,
        variables: &VariableScope,
        context: &RunContext<'_>,
    ) -> Result<(), StoreError> {
        let takes_hidden = |name: &str| {
            self.takes_secret(name)
                || self.takes_personal_data(name, context)
                || variables
                    .get(name)
                    .is_some_and(|value| self.is_to_hide(value, context))
        };
        let needs_seal = self.undo.step.expressions().into_iter().any(|expression| {
            // Whose names cannot be read could use any of them.
            TemplateDialect::Request
                .names_in(expression)
                .map_or(true, |names| {
                    let mut first = names.iter().filter_map(|name| name.split('.').next());
                    first.any(takes_hidden)
                })
        });
        if needs_seal {
            context.environment.tokens.renewer.envelope()?;
        }
        Ok(())
    }

    /// Whether the step captures a value under this name that will be secret by the name that the
    /// response gives it, or by what the fixture says.
    fn takes_secret(&self, name: &str) -> bool {
        let mut captures = self.step.captures.iter();
        captures.any(|capture| {
            capture.name == name
                && match &capture.from {
                    Subject::Path(path) => {
                        let secrets = self.secret_rules.secrets.iter();
                        let member = path.names().next_back().flatten();
                        member.is_some_and(|name| SecretName::of_member(name).is_some())
                            || secrets
                                .map(|rule| &rule.path)
                                .any(|secret| path.as_str().starts_with(secret.as_str()))
                    }
                    Subject::Header(name) => {
                        name == "set-cookie" || SecretName::of_member(name).is_some()
                    }
                    Subject::Cookie(_) => true,
                    Subject::XPath(path) => path
                        .last_name()
                        .is_some_and(|name| SecretName::of_member(name).is_some()),
                    Subject::Status | Subject::Latency | Subject::Body | Subject::Bytes => false,
                }
        })
    }

    /// Whether the step captures a value under this name that a rule of `redact` names. What a
    /// pattern finds is known only from the response.
    fn takes_personal_data(&self, name: &str, context: &RunContext<'_>) -> bool {
        let workspace = context.environment.workspace;
        let Some(scheme) = workspace.scheme(&self.step.scheme.name) else {
            return false;
        };
        let rules = redact_rules(scheme, workspace, self.redact_rules);
        let mut captures = self.step.captures.iter();
        captures.any(|capture| {
            capture.name == name && rules.iter().any(|rule| is_named(&capture.from, rule))
        })
    }

    fn is_to_hide(&self, value: &Value, context: &RunContext<'_>) -> bool {
        let text = value.to_json();
        let personal = &context.state.recordings.personal;
        holds_secret(&text, &mut context.state.redactor.borrow_mut())
            || !personal.values_in(self.recording_key, &[&text]).is_empty()
    }
}

/// Whether a rule names what a capture takes, as far as both are written alike.
fn is_named(subject: &Subject, rule: &RedactRule) -> bool {
    match (subject, rule) {
        (Subject::Path(path), RedactRule::Path(rule)) => {
            let last = |path: &JsonPath| path.names().next_back().flatten().map(str::to_owned);
            path.as_str().starts_with(rule.as_str())
                || last(path).is_some_and(|name| last(rule) == Some(name))
        }
        (Subject::XPath(path), RedactRule::XPath(rule)) => {
            path.as_str().starts_with(rule.as_str())
                || path
                    .last_name()
                    .is_some_and(|name| rule.last_name() == Some(name))
        }
        (Subject::Header(name), RedactRule::Header(rule)) => name.eq_ignore_ascii_case(rule),
        _ => false,
    }
}

fn holds_secret(text: &str, redactor: &mut Redactor) -> bool {
    redactor.contains_secret(text.as_bytes())
}

/// An undo as the ledger may hold it.
///
/// # Errors
/// When it holds a secret or personal data, and there is no key to seal it with.
pub(super) fn recorded_undo(
    call: &UndoCall,
    number: u64,
    recording_key: &RecordingKey,
    context: &RunContext<'_>,
) -> Result<RecordedUndo, StoreError> {
    let mut redactor = context.state.redactor.borrow_mut();
    let mut secrets: Vec<(String, Secret<String>)> = Vec::new();
    for text in texts(call) {
        for secret in redactor.secrets_in(text) {
            let is_known = |(name, value): &(String, Secret<String>)| {
                *name == secret.0 && value.expose() == secret.1.expose()
            };
            if !secrets.iter().any(is_known) {
                secrets.push(secret);
            }
        }
    }
    drop(redactor);
    let personal = &context.state.recordings.personal;
    let personal = personal.values_in(recording_key, &texts(call));
    if secrets.is_empty() && personal.is_empty() {
        return Ok(RecordedUndo::Plain(call.clone()));
    }
    let path = shown_path(&call.path, &personal, recording_key, context);
    let content = SealedContent {
        call: Cow::Borrowed(call),
        secrets,
        personal,
    };
    let about = record_name(&context.options.run_id, number);
    let text = to_secret_json(&content).map_err(|error| StoreError::Corrupt {
        what: about.clone(),
        reason: error.to_string(),
    })?;
    let envelope = context.environment.tokens.renewer.envelope()?;
    Ok(RecordedUndo::Sealed(SealedUndo {
        method: call.method.clone(),
        path,
        sealed: envelope.seal(&about, text.expose())?,
    }))
}

/// A path as the ledger shows it.
fn shown_path(
    path: &str,
    personal: &[(String, String)],
    recording_key: &RecordingKey,
    context: &RunContext<'_>,
) -> String {
    let segments = path.split('/').map(|segment| {
        let known = personal.iter().find(|(value, _)| value == segment);
        known.map_or(segment, |(_, pseudonym)| pseudonym.as_str())
    });
    let path = segments.collect::<Vec<_>>().join("/");
    let path = context.output_redactor(recording_key).redact(&path);
    if personal
        .iter()
        .any(|(value, _)| path.contains(value.as_str()))
    {
        HIDDEN_PATH.to_owned()
    } else {
        path
    }
}

/// The call of an entry of the ledger. What is secret or personal in it is registered before it can
/// be shown; personal data for the exchanges of `recording_key`.
///
/// # Errors
/// When it is sealed and does not open.
pub(crate) fn unsealed_undo<'u>(
    undo: &'u RecordedUndo,
    run_id: &str,
    number: u64,
    recording_key: &RecordingKey,
    context: &RunContext<'_>,
) -> Result<Cow<'u, UndoCall>, UndoError> {
    let sealed = match undo {
        RecordedUndo::Plain(call) => return Ok(Cow::Borrowed(call)),
        RecordedUndo::Sealed(undo) => &undo.sealed,
    };
    let envelope = context.environment.tokens.renewer.envelope();
    let text = envelope
        .and_then(|envelope| envelope.open(&record_name(run_id, number), sealed.as_bytes()))
        .map_err(UndoError::Sealed)?;
    let content: SealedContent<'static> = serde_json::from_str(text.expose())
        .map_err(|_| UndoError::UnreadableEntry("the encrypted data is not a call"))?;
    let mut redactor = context.state.redactor.borrow_mut();
    for (name, value) in &content.secrets {
        redactor.add_secret(name.as_str(), value.expose());
    }
    let personal = &context.state.recordings.personal;
    for (value, pseudonym) in &content.personal {
        personal.hide_value(recording_key, value, pseudonym);
    }
    Ok(content.call)
}

/// A sealed undo that was moved to another run or entry does not open.
fn record_name(run_id: &str, number: u64) -> String {
    format!("undo {number} of run {run_id}")
}

/// Every text of a call that a value can stand in.
fn texts(call: &UndoCall) -> Vec<&str> {
    let mut texts = vec![call.path.as_str(), &call.raw_query];
    let pairs = call.query.iter().chain(&call.headers);
    texts.extend(pairs.flat_map(|(name, value)| [name.as_str(), value]));
    match &call.body {
        UndoBody::None => {}
        UndoBody::Json(text) | UndoBody::Text(text) => texts.push(text),
        UndoBody::Form(pairs) => {
            texts.extend(
                pairs
                    .iter()
                    .flat_map(|(name, value)| [name.as_str(), value]),
            );
        }
    }
    texts
}
