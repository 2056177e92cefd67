//! Takes a value out of a response. A capture that finds nothing fails its step.

use super::actual_value::ActualValue;
use super::response_view::ResponseView;
use crate::model::assertion::Subject;
use crate::model::capture::Capture;
use crate::span::Span;
use crate::value::Value;

/// Why a value could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing to capture as `{name}`: {reason}")]
pub(crate) struct CaptureFailure {
    /// Where the source of the value is written.
    pub(crate) at: Span,
    pub(crate) name: String,
    /// The source as written.
    pub(crate) subject: String,
    pub(crate) reason: String,
    /// The value that the response holds instead, as short plain text.
    pub(crate) actual: Option<String>,
}

impl CaptureFailure {
    /// Whether the response could be read and simply does not have the value, or more than one.
    pub(crate) fn found_nothing(&self) -> bool {
        self.actual.is_none()
    }
}

/// The value of a path for one value, the list of values of a path for many, the text of a header,
/// or with `all` the list of its values. `null` is a value.
///
/// # Errors
/// When nothing is found, the body is not JSON, or a header comes more than once without `all`.
pub(crate) fn capture(
    capture: &Capture,
    answer: &ResponseView<'_>,
) -> Result<Value, CaptureFailure> {
    match answer.select(&capture.from) {
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
        Ok(ActualValue::Header(value)) if capture.takes_all => {
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
                let reason = hint.unwrap_or_else(|| absent_reason(&capture.from));
                failure(capture, reason, None)
            }),
    }
}

fn failure(capture: &Capture, reason: String, actual: Option<String>) -> CaptureFailure {
    CaptureFailure {
        at: capture.at,
        name: capture.name.clone(),
        subject: capture.from.to_string(),
        reason,
        actual,
    }
}

fn repeated_reason(capture: &Capture, count: usize) -> String {
    format!(
        "the response has {count} values of it; `{{ from: {}, all: true }}` captures the list of them",
        capture.from
    )
}

fn absent_reason(subject: &Subject) -> String {
    match subject {
        Subject::Header(name) => format!("the response has no header `{name}`"),
        Subject::Body => "the body is empty".to_owned(),
        other => format!("`{other}` finds nothing"),
    }
}
