//! An answer of the network as a recording says it: unpacked, readable, with the headers that say something, and without any
//! secret.

use super::answer::body_of;
use super::hide::Hidden;
use super::packed;
use crate::jsonpath::VisitLimitExceeded;
use crate::model::recording::{
    AnswerBody, Exchange, Outcome, RecordedAnswer, RecordedBody, RecordedPart, RecordedRequest, Recording,
};
use crate::model::redact::Redact;
use crate::secret::Redactor;
use crate::value::{ObjectMember, Value, parse};
use crate::wire::WireResponse;
use std::path::Path;

/// Headers that say what the body is and what comes next. The others are of the day or of the connection, or could hold a secret.
pub const HEADERS: [&str; 6] = ["content-type", "content-language", "content-disposition", "link", "location", "retry-after"];

/// Why an exchange cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    #[error("its body is packed and holds a secret, which cannot be taken out of it")]
    Packed,
    #[error("what is personal in it cannot be found: {0}")]
    Overrun(#[from] VisitLimitExceeded),
}

/// What is written of one exchange.
pub struct Take<'t> {
    pub request: &'t RecordedRequest,
    pub response: &'t WireResponse,
    /// Headers that files look at, besides the usual ones.
    pub headers: &'t [String],
    pub rules: &'t [&'t Redact],
}

impl Take<'_> {
    /// Request and answer without secrets and without what is personal.
    ///
    /// # Errors
    /// When something in it could not be hidden.
    pub fn clean(&self, hidden: &mut Hidden, redactor: &mut Redactor) -> Result<(RecordedRequest, RecordedAnswer), TakeError> {
        let request = hidden.in_request(self.request);
        let answer = hidden.in_answer(self.answer(), self.rules, &request)?;
        let as_sent = std::str::from_utf8(self.response.body()).ok();
        let answer = RecordedAnswer { body: spelled(answer.body, as_sent, redactor), ..answer };
        Ok((scrubbed_request(request, redactor), scrubbed(answer, redactor)?))
    }

    fn answer(&self) -> RecordedAnswer {
        let wanted = |name: &str| HEADERS.contains(&name) || self.headers.iter().any(|header| header == name);
        let mut headers: Vec<(String, String)> = self.response.headers.iter().filter(|(name, _)| wanted(name)).cloned().collect();
        headers.sort_by(|left, right| left.0.cmp(&right.0));
        RecordedAnswer { status: self.response.status, headers, body: body_as_read(self.response.body()) }
    }
}

/// A recording once more without secrets and without what is personal, by the rules as they are now.
///
/// # Errors
/// When something in it cannot be hidden, or a body of it cannot be read.
pub fn hidden_again(recording: &Recording, rules: &[&Redact], redactor: &mut Redactor, root: &Path) -> Result<Recording, String> {
    let mut hidden = Hidden::default();
    let mut exchanges = Vec::with_capacity(recording.exchanges.len());
    for exchange in &recording.exchanges {
        let request = hidden.in_request(&exchange.request);
        let outcome = match &exchange.outcome {
            Outcome::Answer(answer) => {
                let body = inline(&answer.body, root)?;
                let answer = RecordedAnswer { body, ..answer.clone() };
                let answer = hidden.in_answer(answer, rules, &request).map_err(|error| error.to_string())?;
                Outcome::Answer(scrubbed(answer, redactor).map_err(|error| error.to_string())?)
            }
            other => other.clone(),
        };
        exchanges.push(Exchange { request: scrubbed_request(request, redactor), outcome, ..exchange.clone() });
    }
    Ok(Recording { exchanges, ..recording.clone() })
}

/// A body from its own file, so that it is looked at like any other.
fn inline(body: &AnswerBody, root: &Path) -> Result<AnswerBody, String> {
    let AnswerBody::File(_) = body else { return Ok(body.clone()) };
    Ok(body_as_read(&body_of(body, root)?))
}

fn body_as_read(body: &[u8]) -> AnswerBody {
    match (parse(body), std::str::from_utf8(body)) {
        _ if body.is_empty() => AnswerBody::None,
        (Ok(value), _) if can_stand(&value, 0) => AnswerBody::Json(value),
        (_, Ok(text)) => AnswerBody::Text(text.to_owned()),
        _ => AnswerBody::Bytes(body.to_vec()),
    }
}

/// Whether a value can stand in a file as YAML.
fn can_stand(value: &Value, depth: usize) -> bool {
    const MAX_DEPTH: usize = 48;
    let below = |value: &Value| can_stand(value, depth + 1);
    depth < MAX_DEPTH
        && match value {
            Value::List(items) => items.iter().all(below),
            Value::Object(members) => members.iter().all(|(name, member)| name != "<<" && below(member)),
            _ => true,
        }
}

/// JSON that was spelled in another way than ours, and of which nothing is hidden, stays as it was sent.
fn spelled(body: AnswerBody, as_sent: Option<&str>, redactor: &mut Redactor) -> AnswerBody {
    match (&body, as_sent) {
        (AnswerBody::Json(value), Some(sent)) if value.to_json() != sent => {
            let is_whole = parse(sent.as_bytes()).is_ok_and(|sent| sent == *value) && redactor.scrub(sent) == sent;
            if is_whole { AnswerBody::Text(sent.to_owned()) } else { body }
        }
        _ => body,
    }
}

fn scrubbed(answer: RecordedAnswer, redactor: &mut Redactor) -> Result<RecordedAnswer, TakeError> {
    let body = match answer.body {
        AnswerBody::Json(value) => AnswerBody::Json(scrubbed_value(&value, redactor)),
        AnswerBody::Text(text) => AnswerBody::Text(redactor.scrub(&text)),
        AnswerBody::Bytes(bytes) if packed::any(&bytes, &mut |bytes| redactor.finds(bytes)) => return Err(TakeError::Packed),
        other => other,
    };
    let headers = answer.headers.into_iter().map(|(name, value)| (name, redactor.scrub(&value))).collect();
    Ok(RecordedAnswer { headers, body, ..answer })
}

fn scrubbed_request(request: RecordedRequest, redactor: &mut Redactor) -> RecordedRequest {
    let path = redactor.scrub(&request.path);
    let query = scrubbed_pairs(request.query, redactor);
    let body = match request.body {
        RecordedBody::Json(value) => RecordedBody::Json(scrubbed_value(&value, redactor)),
        RecordedBody::Form(fields) => RecordedBody::Form(scrubbed_pairs(fields, redactor)),
        RecordedBody::Multipart(parts) => {
            let part = |part: RecordedPart| RecordedPart { text: redactor.scrub(&part.text), ..part };
            RecordedBody::Multipart(parts.into_iter().map(part).collect())
        }
        RecordedBody::Text(text) => RecordedBody::Text(redactor.scrub(&text)),
        other => other,
    };
    RecordedRequest { path, query, body, ..request }
}

fn scrubbed_pairs(pairs: Vec<(String, String)>, redactor: &mut Redactor) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (redactor.scrub(&name), redactor.scrub(&value))).collect()
}

fn scrubbed_value(value: &Value, redactor: &mut Redactor) -> Value {
    match value {
        Value::String(text) => Value::from(redactor.scrub(text)),
        Value::Number(number) => {
            let text = redactor.scrub(number.as_str());
            if text == number.as_str() { value.clone() } else { Value::from(text) }
        }
        Value::List(items) => Value::List(items.iter().map(|item| scrubbed_value(item, redactor)).collect()),
        Value::Object(members) => {
            let member = |(name, member): &ObjectMember| (redactor.scrub(name).into(), scrubbed_value(member, redactor));
            Value::Object(members.iter().map(member).collect())
        }
        single => single.clone(),
    }
}
