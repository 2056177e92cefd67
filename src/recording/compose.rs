//! A recording as the text of its file: one value a line, in a fixed order, so that what has not changed gives no difference.

use crate::model::recording::{
    AnswerBody, Exchange, FORMAT, Outcome, RecordedAnswer, RecordedBody, RecordedPart, RecordedRequest, Recording, checksum,
};
use crate::value::{ObjectMember, Value};
use crate::yaml;
use base64::prelude::{BASE64_STANDARD, Engine as _};

const HEAD: &str = "# Written by `ingam run --record`.\n";

/// The whole file, with its checksum. Resources are written by hand and are not said.
#[must_use]
pub fn compose(recording: &Recording) -> String {
    let mut members = vec![member("format", FORMAT.into()), member("scheme", recording.scheme.as_str().into())];
    let recorded = recording.recorded_ms.and_then(|ms| jiff::Timestamp::from_second(ms.div_euclid(1_000)).ok());
    members.extend(recorded.map(|time| member("recorded", time.to_string().into())));
    let mut text = format!("{HEAD}{}", yaml::write(&Value::Object(members)));
    let exchanges = Value::List(recording.exchanges.iter().map(exchange).collect());
    let rest = yaml::write(&Value::Object(vec![member("exchanges", exchanges)]));
    let sum = checksum(&format!("{text}{rest}"));
    text.push_str(&format!("checksum: {}\n", yaml::quoted(&sum)));
    text + &rest
}

fn member(name: &str, value: Value) -> ObjectMember {
    (name.into(), value)
}

fn exchange(exchange: &Exchange) -> Value {
    let mut members = vec![member("request", request(&exchange.request))];
    let fault = match &exchange.outcome {
        Outcome::Answer(answer) => {
            members.push(member("response", response(answer)));
            None
        }
        Outcome::Truncated(answer) => {
            members.push(member("response", response(answer)));
            Some("truncate")
        }
        Outcome::Reset => Some("reset"),
    };
    members.extend(exchange.times.map(|times| member("times", i64::from(times).into())));
    members.extend(exchange.delay.map(|delay| member("delay", format!("{}ms", delay.as_millis()).into())));
    members.extend(fault.map(|fault| member("fault", fault.into())));
    Value::Object(members)
}

fn request(request: &RecordedRequest) -> Value {
    let mut members: Vec<ObjectMember> =
        request.account.iter().map(|account| member("account", account.as_str().into())).collect();
    members.push(member(request.method.key(), request.path.as_str().into()));
    if !request.query.is_empty() {
        members.push(member("query", pairs(&request.query)));
    }
    members.extend(match &request.body {
        RecordedBody::None => None,
        RecordedBody::Json(value) => Some(member("json", value.clone())),
        RecordedBody::Form(fields) => Some(member("form", pairs(fields))),
        RecordedBody::Multipart(parts) => Some(member("multipart", self::parts(parts))),
        RecordedBody::Text(text) => Some(member("text", text.as_str().into())),
        RecordedBody::Hash(hash) => Some(member("sha256", hash.as_str().into())),
    });
    Value::Object(members)
}

fn response(answer: &RecordedAnswer) -> Value {
    let mut members = vec![member("status", i64::from(answer.status).into())];
    if !answer.headers.is_empty() {
        members.push(member("headers", pairs(&answer.headers)));
    }
    members.extend(match &answer.body {
        AnswerBody::None => None,
        AnswerBody::Json(value) => Some(member("json", value.clone())),
        AnswerBody::Text(text) => Some(member("text", text.as_str().into())),
        AnswerBody::Bytes(bytes) => Some(member("base64", BASE64_STANDARD.encode(bytes).into())),
        AnswerBody::File(path) => Some(member("file", path.to_string_lossy().replace('\\', "/").into())),
    });
    Value::Object(members)
}

/// A name that is repeated has a list.
fn pairs(pairs: &[(String, String)]) -> Value {
    grouped(pairs.iter().map(|(name, text)| (name.as_str(), as_read(text))))
}

/// What the reader takes for the same text: a number may stand without quotes, but `null` would leave the name out.
fn as_read(text: &str) -> Value {
    match Value::from_scalar_text(text) {
        Value::Null => Value::from(text),
        value => value,
    }
}

fn parts(parts: &[RecordedPart]) -> Value {
    let value = |part: &RecordedPart| match &part.sha256 {
        None => as_read(&part.text),
        Some(hash) => Value::Object(vec![member("filename", part.text.as_str().into()), member("sha256", hash.as_str().into())]),
    };
    grouped(parts.iter().map(|part| (part.name.as_str(), value(part))))
}

fn grouped<'n>(pairs: impl Iterator<Item = (&'n str, Value)>) -> Value {
    let mut members: Vec<ObjectMember> = Vec::new();
    for (name, value) in pairs {
        match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, Value::List(items))) => items.push(value),
            Some((_, first)) => *first = Value::List(vec![std::mem::take(first), value]),
            None => members.push((name.into(), value)),
        }
    }
    Value::Object(members)
}
