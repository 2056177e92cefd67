//! A response of the network as a recording holds it: decompressed, readable, with the headers that
//! matter to a reader, and without any secret.

use super::compressed::{LayerFinding, inspect_layers};
use super::redaction::{PersonalDataError, Redaction};
use super::response::{BodyFileError, read_body};
use crate::model::recording::{
    RecordedBody, RecordedExchange, RecordedOutcome, RecordedPart, RecordedRequest,
    RecordedResponse, Recording, ResponseBody,
};
use crate::model::redact_rule::RedactRule;
use crate::redact::Redactor;
use crate::value::{ObjectMember, Value, parse};
use crate::wire::WireResponse;
use std::path::Path;

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
    #[error("its body is binary and holds a secret, which cannot be taken out of it")]
    SecretInBytes,
    #[error(
        "its body looks compressed and cannot be decompressed, so nothing says that it holds no secret"
    )]
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
        let request = hidden.redact_request(self.request);
        let answer = hidden.redact_response(self.recorded_response(), self.rules, &request)?;
        let as_sent = std::str::from_utf8(self.response.body()).ok();
        let answer = RecordedResponse {
            body: keep_spelling(answer.body, as_sent, redactor),
            ..answer
        };
        Ok((
            redact_request_secrets(request, redactor),
            redact_secrets(answer, redactor)?,
        ))
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
            body: parse_body(self.response.body()),
        }
    }
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
) -> Result<Recording, RedactionError> {
    let mut hidden = Redaction::resume(recording);
    let mut exchanges = Vec::with_capacity(recording.exchanges.len());
    for exchange in &recording.exchanges {
        let request = hidden.redact_request(&exchange.request);
        let mut redact = |response: &RecordedResponse| {
            let response = RecordedResponse {
                body: inline_body(&response.body, root)?,
                ..response.clone()
            };
            // Personal data first: rules name values of the response as the marketplace sent it,
            // and a secret that is already replaced could be a part of one.
            redact_secrets(hidden.redact_response(response, rules, &request)?, redactor)
        };
        let outcome = redact_outcome(&exchange.outcome, &mut redact)?;
        exchanges.push(RecordedExchange {
            request: redact_request_secrets(request, redactor),
            outcome,
            ..exchange.clone()
        });
    }
    Ok(Recording {
        exchanges,
        ..recording.clone()
    })
}

fn redact_outcome(
    outcome: &RecordedOutcome,
    redact: &mut dyn FnMut(&RecordedResponse) -> Result<RecordedResponse, RedactionError>,
) -> Result<RecordedOutcome, RedactionError> {
    Ok(match outcome {
        RecordedOutcome::Response(response) => RecordedOutcome::Response(redact(response)?),
        // A truncated body is half of one, and half of a body can hold a secret.
        RecordedOutcome::Truncated(response) => RecordedOutcome::Truncated(redact(response)?),
        RecordedOutcome::Reset => RecordedOutcome::Reset,
    })
}

/// A body from its own file, so that it is redacted like any other.
fn inline_body(body: &ResponseBody, root: &Path) -> Result<ResponseBody, BodyFileError> {
    let ResponseBody::File(_) = body else {
        return Ok(body.clone());
    };
    Ok(parse_body(&read_body(body, root)?))
}

fn parse_body(body: &[u8]) -> ResponseBody {
    match (parse(body), std::str::from_utf8(body)) {
        _ if body.is_empty() => ResponseBody::None,
        (Ok(value), _) if can_be_yaml(&value, 0) => ResponseBody::Json(value),
        (_, Ok(text)) => ResponseBody::Text(text.to_owned()),
        _ => ResponseBody::Bytes(body.to_vec()),
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
    redactor: &mut Redactor,
) -> ResponseBody {
    match (&body, as_sent) {
        (ResponseBody::Json(value), Some(sent)) if value.to_json() != sent => {
            let is_whole = parse(sent.as_bytes()).is_ok_and(|sent| sent == *value)
                && redactor.redact(sent) == sent;
            if is_whole {
                ResponseBody::Text(sent.to_owned())
            } else {
                body
            }
        }
        _ => body,
    }
}

fn redact_secrets(
    answer: RecordedResponse,
    redactor: &mut Redactor,
) -> Result<RecordedResponse, RedactionError> {
    let body = match answer.body {
        ResponseBody::Json(value) => ResponseBody::Json(redact_value_secrets(&value, redactor)),
        ResponseBody::Text(text) => ResponseBody::Text(redactor.redact(&text)),
        ResponseBody::Bytes(bytes) => {
            match inspect_layers(&bytes, &mut |bytes| redactor.contains_secret(bytes)) {
                LayerFinding::Clean => ResponseBody::Bytes(bytes),
                LayerFinding::Found => return Err(RedactionError::SecretInBytes),
                // Nothing proves that it is free of secrets, so it is not written.
                LayerFinding::Unreadable => return Err(RedactionError::UnreadableCompression),
            }
        }
        body @ (ResponseBody::None | ResponseBody::File(_)) => body,
    };
    let headers = answer
        .headers
        .into_iter()
        .map(|(name, value)| (name, redactor.redact(&value)))
        .collect();
    Ok(RecordedResponse {
        headers,
        body,
        ..answer
    })
}

fn redact_request_secrets(request: RecordedRequest, redactor: &mut Redactor) -> RecordedRequest {
    let path = redactor.redact(&request.path);
    let query = redact_pair_secrets(request.query, redactor);
    let body = match request.body {
        RecordedBody::Json(value) => RecordedBody::Json(redact_value_secrets(&value, redactor)),
        RecordedBody::Form(fields) => RecordedBody::Form(redact_pair_secrets(fields, redactor)),
        RecordedBody::Multipart(parts) => {
            let part = |part: RecordedPart| RecordedPart {
                text: redactor.redact(&part.text),
                ..part
            };
            RecordedBody::Multipart(parts.into_iter().map(part).collect())
        }
        RecordedBody::Text(text) => RecordedBody::Text(redactor.redact(&text)),
        other => other,
    };
    RecordedRequest {
        path,
        query,
        body,
        ..request
    }
}

fn redact_pair_secrets(
    pairs: Vec<(String, String)>,
    redactor: &mut Redactor,
) -> Vec<(String, String)> {
    pairs
        .into_iter()
        .map(|(name, value)| (redactor.redact(&name), redactor.redact(&value)))
        .collect()
}

fn redact_value_secrets(value: &Value, redactor: &mut Redactor) -> Value {
    match value {
        Value::String(text) => Value::from(redactor.redact(text)),
        Value::Number(number) => {
            let text = redactor.redact(number.as_str());
            if text == number.as_str() {
                value.clone()
            } else {
                Value::from(text)
            }
        }
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| redact_value_secrets(item, redactor))
                .collect(),
        ),
        Value::Object(members) => {
            let member = |(name, member): &ObjectMember| {
                (
                    redactor.redact(name).into(),
                    redact_value_secrets(member, redactor),
                )
            };
            Value::Object(members.iter().map(member).collect())
        }
        single => single.clone(),
    }
}
