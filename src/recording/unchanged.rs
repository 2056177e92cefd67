//! Whether a marketplace still answers as it was recorded: what its scheme masks may vary.

use super::exchange_redaction::RECORDED_HEADERS;
use super::response::read_body;
use crate::jsonpath::{JsonPath, replace_matches};
use crate::model::recording::{
    RecordedExchange, RecordedOutcome, RecordedResponse, ResponseBody, is_same_request,
};
use crate::value::Value;
use std::path::Path;

/// Whether two exchanges are the same in all that does not vary; `root` is that of the workspace.
#[must_use]
pub(crate) fn is_unchanged(
    old: &RecordedExchange,
    new: &RecordedExchange,
    masks: &[JsonPath],
    root: &Path,
) -> bool {
    let same = match (&old.outcome, &new.outcome) {
        (RecordedOutcome::Response(old), RecordedOutcome::Response(new)) => {
            is_same_response(old, new, masks, root)
        }
        _ => false,
    };
    same && is_same_request(&old.request, &new.request)
}

fn is_same_response(
    old: &RecordedResponse,
    new: &RecordedResponse,
    masks: &[JsonPath],
    root: &Path,
) -> bool {
    let usual = |answer: &RecordedResponse| -> Vec<(String, String)> {
        answer
            .headers
            .iter()
            .filter(|(name, _)| RECORDED_HEADERS.contains(&name.as_str()))
            .cloned()
            .collect()
    };
    old.status == new.status
        && usual(old) == usual(new)
        && is_same_body(&old.body, &new.body, masks, root)
}

fn is_same_body(old: &ResponseBody, new: &ResponseBody, masks: &[JsonPath], root: &Path) -> bool {
    match (body_json(old, root), body_json(new, root)) {
        (Some(old), Some(new)) => apply_masks(&old, masks) == apply_masks(&new, masks),
        _ => {
            matches!((read_body(old, root), read_body(new, root)), (Ok(old), Ok(new)) if old == new)
        }
    }
}

/// The JSON of a body, wherever it lies.
#[must_use]
pub(crate) fn body_json(body: &ResponseBody, root: &Path) -> Option<Value> {
    match body {
        ResponseBody::Json(value) => Some(value.clone()),
        other => crate::value::parse(&read_body(other, root).ok()?).ok(),
    }
}

/// A document with what varies taken out.
#[must_use]
pub(crate) fn apply_masks(value: &Value, masks: &[JsonPath]) -> Value {
    replace_matches(value, masks.iter(), &mut |_| Value::Null).unwrap_or_else(|_| value.clone())
}
