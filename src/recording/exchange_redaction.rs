//! A response of the network as a recording holds it: decompressed, readable, with the headers that
//! matter to a reader, and without any secret.

use super::compressed::{LayerFinding, inspect_layers};
use super::personal_values::PersonalDataError;
use super::redaction::Redaction;
use super::response::{BodyFileError, read_body};
use crate::model::recording::{
    RecordedExchange, RecordedOutcome, RecordedRequest, RecordedResponse, Recording, ResponseBody,
    is_same_outcome, is_same_request,
};
use crate::model::redact_rule::RedactRule;
use crate::redact::Redactor;
use crate::value::{Value, parse};
use crate::wire::{WireResponse, decode_other_charset};
use std::path::Path;
use std::time::Duration;

/// Headers that describe the body or the next request. The others change with each call, belong to
/// the connection, or could hold a secret.
pub(super) const RECORDED_HEADERS: [&str; 6] = [
    "content-type",
    "content-language",
    "content-disposition",
    "link",
    "location",
    "retry-after",
];

/// Why an exchange cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedactionError {
    #[error("its body is binary and contains a secret that cannot be redacted")]
    SecretInBytes,
    #[error("its body looks compressed but cannot be decompressed, so it may contain a secret")]
    UnreadableCompression,
    #[error(transparent)]
    Personal(#[from] PersonalDataError),
    #[error(transparent)]
    BodyFile(#[from] BodyFileError),
}

/// One exchange of a run, and the rules for what is recorded of it.
pub(crate) struct ExchangeRedaction<'t> {
    pub(crate) request: &'t RecordedRequest,
    pub(crate) response: &'t WireResponse,
    /// Headers that files look at, besides the usual ones.
    pub(crate) extra_headers: &'t [String],
    pub(crate) rules: &'t [&'t RedactRule],
}

impl ExchangeRedaction<'_> {
    /// The request and the response without secrets and personal data.
    ///
    /// # Errors
    /// When something in it could not be hidden.
    pub(crate) fn redact(
        &self,
        hidden: &mut Redaction,
        redactor: &mut Redactor,
    ) -> Result<(RecordedRequest, RecordedResponse), RedactionError> {
        let request = hidden.redact_request(self.request, redactor);
        let answer = self.recorded_response();
        check_secrets_in_bytes(&answer, redactor)?;
        let answer = hidden.redact_response(answer, self.rules, &request, redactor)?;
        let as_sent = self.response.reversible_text();
        let mut is_clean = |text: &str| hidden.redact_leaf(text, redactor) == text;
        let answer = RecordedResponse {
            body: keep_spelling(answer.body, as_sent, &mut is_clean),
            ..answer
        };
        Ok((request, answer))
    }

    fn recorded_response(&self) -> RecordedResponse {
        let wanted = |name: &str| {
            RECORDED_HEADERS.contains(&name)
                || self.extra_headers.iter().any(|header| header == name)
        };
        let mut headers: Vec<(String, String)> = self
            .response
            .headers
            .iter()
            .filter(|(name, _)| wanted(name))
            .cloned()
            .collect();
        headers.sort_by(|left, right| left.0.cmp(&right.0));
        RecordedResponse {
            status: self.response.status,
            headers,
            body: recorded_body(self.response),
        }
    }
}

/// An existing recording, redacted again by the present rules and secrets.
pub(crate) struct RedactedRecording {
    pub(crate) recording: Recording,
    /// The numbers of the exchanges that held anything, from 0. The others are as they were.
    pub(crate) changed: Vec<usize>,
}

/// Redacts an existing recording again by the present rules and secrets.
///
/// # Errors
/// When something in it cannot be hidden, or a body of it cannot be read.
pub(crate) fn redact_recording(
    recording: &Recording,
    rules: &[&RedactRule],
    redactor: &mut Redactor,
    root: &Path,
) -> Result<RedactedRecording, RedactionError> {
    let mut inlined = Vec::with_capacity(recording.exchanges.len());
    for exchange in &recording.exchanges {
        inlined.push(RecordedExchange {
            outcome: inline_outcome(&exchange.outcome, root)?,
            ..exchange.clone()
        });
    }
    let mut hidden = Redaction::default();
    hidden.resume(&inlined);
    let (mut exchanges, mut changed) = (Vec::new(), Vec::new());
    for (number, (exchange, before)) in recording.exchanges.iter().zip(inlined).enumerate() {
        let after = redact_exchange(&before, &mut hidden, rules, redactor)?;
        let is_same =
            is_same_request(&before.request, &after.request) && is_same_outcome(&before, &after);
        if is_same {
            // As it stands, with a body in its own file.
            exchanges.push(exchange.clone());
        } else {
            changed.push(number);
            exchanges.push(after);
        }
    }
    Ok(RedactedRecording {
        recording: Recording {
            exchanges,
            ..recording.clone()
        },
        changed,
    })
}

fn redact_exchange(
    exchange: &RecordedExchange,
    hidden: &mut Redaction,
    rules: &[&RedactRule],
    redactor: &mut Redactor,
) -> Result<RecordedExchange, RedactionError> {
    let request = hidden.redact_request(&exchange.request, redactor);
    let mut redact = |response: &RecordedResponse| {
        check_secrets_in_bytes(response, redactor)?;
        let response = hidden.redact_response(response.clone(), rules, &request, redactor)?;
        Ok::<_, RedactionError>(response)
    };
    let outcome = match &exchange.outcome {
        RecordedOutcome::Response(response) => RecordedOutcome::Response(redact(response)?),
        // A truncated body is half of one, and half of a body can hold a secret.
        RecordedOutcome::Truncated(response) => RecordedOutcome::Truncated(redact(response)?),
        RecordedOutcome::Reset => RecordedOutcome::Reset,
    };
    Ok(RecordedExchange {
        request,
        outcome,
        ..exchange.clone()
    })
}

/// An outcome whose body is in no file of its own, so that it is redacted like any other.
fn inline_outcome(
    outcome: &RecordedOutcome,
    root: &Path,
) -> Result<RecordedOutcome, BodyFileError> {
    let inline = |response: &RecordedResponse| {
        Ok::<_, BodyFileError>(RecordedResponse {
            body: inline_body(response, root)?,
            ..response.clone()
        })
    };
    Ok(match outcome {
        RecordedOutcome::Response(response) => RecordedOutcome::Response(inline(response)?),
        RecordedOutcome::Truncated(response) => RecordedOutcome::Truncated(inline(response)?),
        RecordedOutcome::Reset => RecordedOutcome::Reset,
    })
}

/// A body from its own file, so that it is redacted like any other.
fn inline_body(response: &RecordedResponse, root: &Path) -> Result<ResponseBody, BodyFileError> {
    let ResponseBody::File(_) = response.body else {
        return Ok(response.body.clone());
    };
    let body = read_body(response, root)?;
    let headers = response.headers.clone();
    let response = WireResponse::new(response.status, headers, body, Duration::ZERO);
    Ok(recorded_body(&response))
}

/// A body as a recording holds it: readable where that gives the same bytes again.
fn recorded_body(response: &WireResponse) -> ResponseBody {
    if response.body().is_empty() {
        return ResponseBody::None;
    }
    let Some(text) = response.reversible_text() else {
        return ResponseBody::Bytes(response.body().to_vec());
    };
    match parse(text.as_bytes()) {
        Ok(value) if can_be_yaml(&value, 0) => ResponseBody::Json(value),
        _ => ResponseBody::Text(text.to_owned()),
    }
}

/// Whether a value can stand in a file as YAML.
fn can_be_yaml(value: &Value, depth: usize) -> bool {
    // Below the 64 levels that the parser accepts: the recording itself adds some around the body.
    const MAX_DEPTH: usize = 48;
    let below = |value: &Value| can_be_yaml(value, depth + 1);
    depth < MAX_DEPTH
        && match value {
            Value::List(items) => items.iter().all(below),
            Value::Object(members) => members
                .iter()
                // `<<` is the merge key of YAML 1.1: read back, it would be another object.
                .all(|(name, member)| name != "<<" && below(member)),
            _ => true,
        }
}

/// JSON that is formatted differently from ours stays as the marketplace sent it if nothing in it
/// was redacted.
fn keep_spelling(
    body: ResponseBody,
    as_sent: Option<&str>,
    is_clean: &mut dyn FnMut(&str) -> bool,
) -> ResponseBody {
    match (&body, as_sent) {
        (ResponseBody::Json(value), Some(sent)) if value.to_json() != sent => {
            let is_whole =
                parse(sent.as_bytes()).is_ok_and(|sent| sent == *value) && is_clean(sent);
            if is_whole {
                ResponseBody::Text(sent.to_owned())
            } else {
                body
            }
        }
        _ => body,
    }
}

/// A secret in bytes cannot be taken out of them.
fn check_secrets_in_bytes(
    response: &RecordedResponse,
    redactor: &mut Redactor,
) -> Result<(), RedactionError> {
    let ResponseBody::Bytes(bytes) = &response.body else {
        return Ok(());
    };
    let decoded = decode_other_charset(response.content_type(), bytes);
    if decoded.is_some_and(|text| redactor.contains_secret(text.as_bytes())) {
        return Err(RedactionError::SecretInBytes);
    }
    match inspect_layers(bytes, &mut |bytes| redactor.contains_secret(bytes)) {
        LayerFinding::Clean => Ok(()),
        LayerFinding::Found => Err(RedactionError::SecretInBytes),
        // Nothing proves that it is free of secrets, so it is not written.
        LayerFinding::Unreadable => Err(RedactionError::UnreadableCompression),
    }
}
