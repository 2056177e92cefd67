//! A recording as the text of its file: one value a line, in a fixed order, so that what has not
//! changed gives no difference.

use crate::model::recording::{
    FORMAT_VERSION, PARTIAL_HEADERS_FORMAT, RecordedBody, RecordedExchange, RecordedOutcome,
    RecordedPart, RecordedRequest, RecordedResponse, Recording, ResponseBody, StubPush, checksum,
};
use crate::value::{ObjectMember, Value};
use crate::yaml;
use base64::prelude::{BASE64_STANDARD, Engine as _};

const HEADER_COMMENT: &str = "# Written by `ingam run --record`.\n";

/// The whole file, with its checksum. Resources are written by hand and are left out.
///
/// # Errors
/// When the time of the recording has no date: a recording without one would count as the oldest.
pub(super) fn to_yaml(recording: &Recording) -> Result<String, jiff::Error> {
    let mut members = vec![
        member("format", format_of(recording).into()),
        member("scheme", recording.scheme.as_str().into()),
    ];
    let recorded = recording
        .recorded_ms
        // Whole seconds: milliseconds are noise in a file that people read.
        .map(|ms| jiff::Timestamp::from_second(ms.div_euclid(1_000)))
        .transpose()?;
    members.extend(recorded.map(|time| member("recorded", time.to_string().into())));
    let mut text = format!("{HEADER_COMMENT}{}", yaml::write(&Value::Object(members)));
    let exchanges = Value::List(recording.exchanges.iter().map(exchange_value).collect());
    let rest = yaml::write(&Value::Object(vec![member("exchanges", exchanges)]));
    // The line of the checksum is not a part of what it sums up, as in the loader.
    let sum = checksum(&format!("{text}{rest}"));
    text.push_str(&format!("checksum: {}\n", yaml::quoted(&sum)));
    Ok(text + &rest)
}

/// A recording that no run made, without comment and checksum.
#[must_use]
pub(crate) fn authored_text(recording: &Recording) -> String {
    yaml::write(&Value::Object(vec![
        member("format", format_of(recording).into()),
        member("scheme", recording.scheme.as_str().into()),
        member(
            "exchanges",
            Value::List(recording.exchanges.iter().map(exchange_value).collect()),
        ),
    ]))
}

/// A file that keeps a request of format 1 is of format 1: nobody knows which other headers it was
/// sent with.
fn format_of(recording: &Recording) -> i64 {
    let mut requests = recording.exchanges.iter().map(|one| &one.request);
    if requests.all(|request| request.headers.is_complete) {
        FORMAT_VERSION
    } else {
        PARTIAL_HEADERS_FORMAT
    }
}

fn member(name: &str, value: Value) -> ObjectMember {
    (name.into(), value)
}

fn exchange_value(exchange: &RecordedExchange) -> Value {
    let mut members = vec![member("request", request_value(&exchange.request))];
    let fault = match &exchange.outcome {
        RecordedOutcome::Response(answer) => {
            members.push(member("response", response_value(answer)));
            None
        }
        RecordedOutcome::Truncated(answer) => {
            members.push(member("response", response_value(answer)));
            Some("truncate")
        }
        RecordedOutcome::Reset => Some("reset"),
    };
    members.extend(
        exchange
            .times
            .map(|times| member("times", i64::from(times).into())),
    );
    members.extend(
        exchange
            .rounds
            .map(|rounds| member("rounds", i64::from(rounds).into())),
    );
    members.extend(
        exchange
            .delay
            .map(|delay| member("delay", format!("{}ms", delay.as_millis()).into())),
    );
    members.extend(fault.map(|fault| member("fault", fault.into())));
    members.extend(
        exchange
            .then_push
            .as_ref()
            .map(|push| member("then_push", stub_push_value(push))),
    );
    Value::Object(members)
}

fn stub_push_value(push: &StubPush) -> Value {
    let mut members = vec![member("event", push.event.as_str().into())];
    members.extend(push.json.clone().map(|json| member("json", json)));
    if !push.after.is_zero() {
        let after = format!("{}ms", push.after.as_millis());
        members.push(member("after", after.into()));
    }
    Value::Object(members)
}

/// A recording to be completed by hand: the request as it is compared, and a response to replace.
#[must_use]
pub(crate) fn recording_skeleton(request: &RecordedRequest, scheme: &str) -> String {
    let file = vec![
        member("format", FORMAT_VERSION.into()),
        member("scheme", scheme.into()),
        member("exchanges", skeleton_exchanges(request)),
    ];
    yaml::write(&Value::Object(file))
}

/// The same for a file that has other exchanges.
#[must_use]
pub(crate) fn exchange_skeleton(request: &RecordedRequest) -> String {
    yaml::write(&skeleton_exchanges(request))
}

fn skeleton_exchanges(request: &RecordedRequest) -> Value {
    let response = vec![
        member("status", 200.into()),
        member("json", Value::Object(Vec::new())),
    ];
    Value::List(vec![Value::Object(vec![
        member("request", request_value(request)),
        member("response", Value::Object(response)),
    ])])
}

fn request_value(request: &RecordedRequest) -> Value {
    let mut members: Vec<ObjectMember> = request
        .account
        .iter()
        .map(|account| member("account", account.as_str().into()))
        .collect();
    members.push(member(request.method.key(), request.path.as_str().into()));
    if !request.query.is_empty() {
        members.push(member("query", pairs_value(&request.query)));
    }
    if !request.headers.pairs.is_empty() {
        members.push(member("headers", pairs_value(&request.headers.pairs)));
    }
    members.extend(match &request.body {
        RecordedBody::None => None,
        RecordedBody::Json(value) => Some(member("json", value.clone())),
        RecordedBody::Form(fields) => Some(member("form", pairs_value(fields))),
        RecordedBody::Multipart(parts) => Some(member("multipart", self::parts_value(parts))),
        RecordedBody::Text(text) => Some(member("text", text.as_str().into())),
        RecordedBody::Hash(hash) => Some(member("sha256", hash.as_str().into())),
    });
    Value::Object(members)
}

fn response_value(answer: &RecordedResponse) -> Value {
    let mut members = vec![member("status", i64::from(answer.status).into())];
    if !answer.headers.is_empty() {
        members.push(member("headers", pairs_value(&answer.headers)));
    }
    members.extend(match &answer.body {
        ResponseBody::None => None,
        ResponseBody::Json(value) => Some(member("json", value.clone())),
        ResponseBody::Text(text) => Some(member("text", text.as_str().into())),
        ResponseBody::Bytes(bytes) => Some(member("base64", BASE64_STANDARD.encode(bytes).into())),
        ResponseBody::File(path) => Some(member(
            "file",
            path.to_string_lossy().replace('\\', "/").into(),
        )),
    });
    Value::Object(members)
}

/// A name that is repeated has a list.
fn pairs_value(pairs: &[(String, String)]) -> Value {
    group_by_name(
        pairs
            .iter()
            .map(|(name, text)| (name.as_str(), scalar_value(text))),
    )
}

/// What the reader takes for the same text: a number may stand without quotes, but `null` would
/// leave the name out.
fn scalar_value(text: &str) -> Value {
    match Value::from_scalar_text(text) {
        Value::Null => Value::from(text),
        value => value,
    }
}

fn parts_value(parts: &[RecordedPart]) -> Value {
    let value = |part: &RecordedPart| {
        let Some(file) = &part.file else {
            return match &part.media_type {
                None => scalar_value(&part.text),
                Some(kind) => Value::Object(vec![
                    member("text", scalar_value(&part.text)),
                    member("type", kind.as_str().into()),
                ]),
            };
        };
        let mut members = vec![member("filename", part.text.as_str().into())];
        let optional = |name, value: &Option<String>| {
            let value = value.as_ref()?;
            Some(member(name, value.as_str().into()))
        };
        members.extend(optional("type", &part.media_type));
        members.extend(optional("sha256", &file.sha256));
        Value::Object(members)
    };
    group_by_name(parts.iter().map(|part| (part.name.as_str(), value(part))))
}

fn group_by_name<'n>(pairs: impl Iterator<Item = (&'n str, Value)>) -> Value {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_date_is_an_error() {
        let recording = |recorded_ms| Recording {
            name: "one".to_owned(),
            scheme: "coupang".to_owned(),
            recorded_ms: Some(recorded_ms),
            is_generated: true,
            exchanges: Vec::new(),
            resources: Vec::new(),
        };
        assert!(to_yaml(&recording(1_700_000_000_000)).is_ok());
        assert!(to_yaml(&recording(i64::MAX)).is_err());
    }
}
