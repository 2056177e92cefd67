//! Undos that hold a secret: the ledger keeps them sealed with the key of the token store, and a
//! step whose undo could not be sealed is not sent.

use super::context::RunContext;
use super::undo::UndoError;
use crate::ledger::{RecordedUndo, SealedUndo, UndoBody, UndoCall};
use crate::model::assertion::Subject;
use crate::model::fixture::{Fixture, FixtureStep, UndoStep};
use crate::redact::{Redactor, SecretName};
use crate::render::{TemplateDialect, VariableScope};
use crate::tokens::StoreError;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// What is sealed: the call, and the names of the secrets in it, which no response tells any more
/// when it is sent.
#[derive(Serialize, Deserialize)]
struct SealedContent<'c> {
    call: Cow<'c, UndoCall>,
    /// Name → value.
    secrets: Vec<(String, String)>,
}

/// Fails if an undo could come to hold a secret that the ledger cannot keep; asked before the step
/// is sent that creates something.
///
/// # Errors
/// When there is no key.
pub(super) fn check_can_seal(
    fixture: &Fixture,
    step: &FixtureStep,
    undo: &UndoStep,
    variables: &VariableScope,
    context: &RunContext<'_>,
) -> Result<(), StoreError> {
    let names: Vec<String> = undo
        .step
        .expressions()
        .into_iter()
        .filter_map(|expression| TemplateDialect::Request.names_in(expression).ok())
        .flatten()
        .filter_map(|name| name.split('.').next().map(str::to_owned))
        .collect();
    let mut redactor = context.state.redactor.borrow_mut();
    let may_hold_secret = names.iter().any(|name| {
        takes_secret(fixture, step, name)
            || variables
                .get(name)
                .is_some_and(|value| holds_secret(value, &mut redactor))
    });
    drop(redactor);
    if may_hold_secret {
        context.environment.tokens.renewer.envelope()?;
    }
    Ok(())
}

/// Whether a step captures a value under this name that will be secret by the name that the
/// response gives it, or by what the fixture says.
fn takes_secret(fixture: &Fixture, step: &FixtureStep, name: &str) -> bool {
    let mut captures = step.step.captures.iter();
    captures.any(|capture| {
        capture.name == name
            && match &capture.from {
                Subject::Path(path) => {
                    let secrets = fixture.secret_rules.secrets.iter();
                    let member = path.names().next_back().flatten();
                    member.is_some_and(|name| SecretName::of_member(name).is_some())
                        || secrets
                            .map(|rule| &rule.path)
                            .any(|secret| path.as_str().starts_with(secret.as_str()))
                }
                Subject::Header(name) => {
                    name == "set-cookie" || SecretName::of_member(name).is_some()
                }
                Subject::Status | Subject::Latency | Subject::Body => false,
            }
    })
}

fn holds_secret(value: &Value, redactor: &mut Redactor) -> bool {
    redactor.contains_secret(value.to_json().as_bytes())
}

/// An undo as the ledger may hold it.
///
/// # Errors
/// When it holds a secret and there is no key to seal it with.
pub(super) fn recorded_undo(
    call: &UndoCall,
    number: u64,
    context: &RunContext<'_>,
) -> Result<RecordedUndo, StoreError> {
    let mut redactor = context.state.redactor.borrow_mut();
    let mut secrets: Vec<(String, String)> = Vec::new();
    for text in texts(call) {
        for (name, value) in redactor.secrets_in(text) {
            let secret = (name, value.expose().clone());
            if !secrets.contains(&secret) {
                secrets.push(secret);
            }
        }
    }
    if secrets.is_empty() {
        return Ok(RecordedUndo::Plain(call.clone()));
    }
    let path = redactor.redact(&call.path);
    drop(redactor);
    let content = SealedContent {
        call: Cow::Borrowed(call),
        secrets,
    };
    let about = record_name(&context.options.run_id, number);
    let text = serde_json::to_string(&content)
        .map(Zeroizing::new)
        .map_err(|error| StoreError::Corrupt {
            what: about.clone(),
            reason: error.to_string(),
        })?;
    let envelope = context.environment.tokens.renewer.envelope()?;
    Ok(RecordedUndo::Sealed(SealedUndo {
        method: call.method.clone(),
        path,
        sealed: envelope.seal(&about, &text)?,
    }))
}

/// The call of an entry of the ledger. The secrets in it are registered before it can be shown.
///
/// # Errors
/// When it is sealed and does not open.
pub(crate) fn unsealed_undo<'u>(
    undo: &'u RecordedUndo,
    run_id: &str,
    number: u64,
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
        .map_err(|_| UndoError::UnreadableEntry("what is sealed in it is no call"))?;
    let mut redactor = context.state.redactor.borrow_mut();
    for (name, value) in &content.secrets {
        redactor.add_secret(name.as_str(), value);
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
