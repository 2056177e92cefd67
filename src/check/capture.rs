//! Takes a value out of a response. A capture that finds nothing fails its step, unless it has a
//! default.

use super::actual_value::ActualValue;
use super::converted::ConvertedSubject;
use super::response_view::{MadeValue, ResponseView, SubjectError};
use crate::model::assertion::Subject;
use crate::model::capture::Capture;
use crate::span::Span;
use crate::value::Value;

/// Why a value could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot capture `{name}`: {reason}")]
pub(crate) struct CaptureFailure {
    /// Where the source of the value is written.
    pub(crate) at: Span,
    pub(crate) name: String,
    /// The source as written.
    pub(crate) subject: String,
    pub(crate) reason: String,
    /// The value that the response holds instead, as short plain text.
    pub(crate) actual: Option<String>,
    /// The response could be read and simply does not have the value.
    is_absent: bool,
}

impl CaptureFailure {
    /// Whether the response could be read and simply does not have the value, or more than one.
    pub(crate) fn found_nothing(&self) -> bool {
        self.actual.is_none()
    }
}

/// What a capture took.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CapturedValue {
    pub(crate) value: Value,
    /// Why the default was taken; `None` for a value of the response.
    pub(crate) missing: Option<String>,
}

/// The value of a path for one value, the list of values of a path for many, the text of a header,
/// or with `all` the list of its values. `null` is a value. With a pattern it is what the group of
/// the pattern finds in a text.
///
/// # Errors
/// When nothing is found and there is no default, the body cannot be read, or there are several
/// values without `all`.
pub(crate) fn capture(
    capture: &Capture,
    answer: &ResponseView<'_>,
) -> Result<CapturedValue, CaptureFailure> {
    let taken = take(capture, answer).and_then(|value| match &capture.pattern {
        Some(_) => matched(capture, &value),
        None => Ok(value),
    });
    match (taken, &capture.default) {
        (Err(failure), Some(default)) if failure.is_absent && !is_misspelt(capture, answer) => {
            Ok(CapturedValue {
                value: default.clone(),
                missing: Some(failure.reason),
            })
        }
        (taken, _) => taken.map(|value| CapturedValue {
            value,
            missing: None,
        }),
    }
}

/// Whether a similar name is there in place of the missing one: a default would hide the mistake for
/// ever.
fn is_misspelt(capture: &Capture, answer: &ResponseView<'_>) -> bool {
    let hint = answer.missing_hint(&capture.from);
    hint.is_some_and(|hint| hint.contains("did you mean"))
}

fn take(capture: &Capture, answer: &ResponseView<'_>) -> Result<Value, CaptureFailure> {
    if !capture.conversions.is_empty() {
        return converted_value(capture, answer);
    }
    let made = MadeValue::default();
    match answer.select(&capture.from, &made) {
        Err(unseen) => Err(failure(capture, unseen.reason, Some(unseen.actual))),
        Ok(ActualValue::RepeatedHeader(values)) if capture.takes_all => {
            Ok(Value::List(values.into_iter().map(Value::from).collect()))
        }
        // The order of such headers means nothing, so the first one would be chance.
        Ok(ActualValue::RepeatedHeader(values)) => Err(failure(
            capture,
            repeated_reason(capture, values.len()),
            None,
        )),
        Ok(ActualValue::Header(value)) if capture.takes_all && capture.pattern.is_none() => {
            Ok(Value::List(vec![Value::from(value)]))
        }
        Ok(ActualValue::Latency(latency)) => Ok(Value::from(
            i64::try_from(latency.as_millis()).unwrap_or(i64::MAX),
        )),
        // An empty body or an empty node list has a value too, but to capture it would hide that
        // nothing was found.
        Ok(actual) => Some(&actual)
            .filter(|actual| actual.exists())
            .and_then(ActualValue::to_value)
            .ok_or_else(|| {
                let hint = answer.missing_hint(&capture.from);
                absent(
                    capture,
                    hint.unwrap_or_else(|| absent_reason(&capture.from)),
                )
            }),
    }
}

/// The value after `as`; a moment is a number of Unix seconds.
fn converted_value(capture: &Capture, answer: &ResponseView<'_>) -> Result<Value, CaptureFailure> {
    let failed = |error: SubjectError| failure(capture, error.reason, Some(error.actual));
    let made = MadeValue::default();
    let actual = answer.select(&capture.from, &made).map_err(failed)?;
    if let ActualValue::RepeatedHeader(values) = &actual {
        return Err(failure(
            capture,
            repeated_reason(capture, values.len()),
            None,
        ));
    }
    let converted = ConvertedSubject::new(&actual, &capture.conversions, answer).map_err(failed)?;
    let found = Some(converted).filter(|converted| converted.actual().exists());
    found.and_then(ConvertedSubject::into_value).ok_or_else(|| {
        let hint = answer.missing_hint(&capture.from);
        let reason = hint.unwrap_or_else(|| absent_reason(&capture.from));
        absent(capture, reason)
    })
}

/// What the group of the pattern finds in a text, or in each text of a list.
fn matched(capture: &Capture, value: &Value) -> Result<Value, CaptureFailure> {
    let mut found = Vec::new();
    for text in value.as_list().unwrap_or(std::slice::from_ref(value)) {
        let Some(text) = text.as_str() else {
            let reason = format!("`pattern` needs text, but this is {}", text.type_name());
            return Err(failure(capture, reason, Some(text.type_name().to_owned())));
        };
        found.extend(capture.parts_of(text));
    }
    if found.is_empty() {
        return Err(absent(
            capture,
            "`pattern` finds nothing in the text".to_owned(),
        ));
    }
    if capture.takes_all || value.as_list().is_some() {
        return Ok(Value::List(found.into_iter().map(Value::from).collect()));
    }
    let first = found[0];
    // The first of several would be chance.
    if found.iter().any(|other| *other != first) {
        let reason = format!(
            "`pattern` finds {} texts that differ; to capture all of them, write `all: true`",
            found.len()
        );
        return Err(failure(capture, reason, None));
    }
    Ok(Value::from(first))
}

fn absent(capture: &Capture, reason: String) -> CaptureFailure {
    CaptureFailure {
        is_absent: true,
        ..failure(capture, reason, None)
    }
}

fn failure(capture: &Capture, reason: String, actual: Option<String>) -> CaptureFailure {
    CaptureFailure {
        at: capture.at,
        name: capture.name.clone(),
        subject: capture.from.to_string(),
        reason,
        actual,
        is_absent: false,
    }
}

fn repeated_reason(capture: &Capture, count: usize) -> String {
    format!(
        "the response has {count} values of `{0}`; to capture all of them, write `{{ from: {0}, all: true }}`",
        capture.from
    )
}

fn absent_reason(subject: &Subject) -> String {
    match subject {
        Subject::Header(name) => format!("the response has no header `{name}`"),
        Subject::Cookie(name) => format!("the response sets no cookie `{name}`"),
        Subject::Body => "the body is empty".to_owned(),
        other => format!("`{other}` finds nothing"),
    }
}
