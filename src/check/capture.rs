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
    /// Whether the response could be read and simply does not have the value.
    pub(crate) fn found_nothing(&self) -> bool {
        self.actual.is_none()
    }
}

/// The value of a path for one value, the list of values of a path for many, or the text of a
/// header (the first one of a repeated header). `null` is a value.
///
/// # Errors
/// When nothing is found, or the body is not JSON.
pub(crate) fn capture(
    capture: &Capture,
    answer: &ResponseView<'_>,
) -> Result<Value, CaptureFailure> {
    match answer.select(&capture.from) {
        Err(unseen) => Err(failure(capture, unseen.reason, Some(unseen.actual))),
        Ok(ActualValue::RepeatedHeader(values)) => Ok(values
            .first()
            .map_or(Value::Null, |first| Value::from(*first))),
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

fn absent_reason(subject: &Subject) -> String {
    match subject {
        Subject::Header(name) => format!("the answer has no header `{name}`"),
        Subject::Body => "the body is empty".to_owned(),
        other => format!("`{other}` finds nothing"),
    }
}
