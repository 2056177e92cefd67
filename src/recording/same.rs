//! Whether a marketplace still answers as it was recorded: what its scheme masks may vary.

use super::answer::body_of;
use super::take::HEADERS;
use crate::jsonpath::{JsonPath, replace_matches};
use crate::model::recording::{AnswerBody, Exchange, Outcome, RecordedAnswer, same_request};
use crate::value::Value;
use std::path::Path;

/// Whether two exchanges are the same in all that does not vary; `root` is that of the workspace.
#[must_use]
pub fn is_unchanged(old: &Exchange, new: &Exchange, masks: &[JsonPath], root: &Path) -> bool {
    let same = match (&old.outcome, &new.outcome) {
        (Outcome::Answer(old), Outcome::Answer(new)) => same_answer(old, new, masks, root),
        _ => false,
    };
    same && same_request(&old.request, &new.request)
}

fn same_answer(old: &RecordedAnswer, new: &RecordedAnswer, masks: &[JsonPath], root: &Path) -> bool {
    let usual = |answer: &RecordedAnswer| -> Vec<(String, String)> {
        answer.headers.iter().filter(|(name, _)| HEADERS.contains(&name.as_str())).cloned().collect()
    };
    old.status == new.status && usual(old) == usual(new) && same_body(&old.body, &new.body, masks, root)
}

fn same_body(old: &AnswerBody, new: &AnswerBody, masks: &[JsonPath], root: &Path) -> bool {
    match (json_of(old, root), json_of(new, root)) {
        (Some(old), Some(new)) => masked(&old, masks) == masked(&new, masks),
        _ => matches!((body_of(old, root), body_of(new, root)), (Ok(old), Ok(new)) if old == new),
    }
}

/// The JSON of a body, wherever it lies.
#[must_use]
pub fn json_of(body: &AnswerBody, root: &Path) -> Option<Value> {
    match body {
        AnswerBody::Json(value) => Some(value.clone()),
        other => crate::value::parse(&body_of(other, root).ok()?).ok(),
    }
}

/// A document with what varies taken out.
#[must_use]
pub fn masked(value: &Value, masks: &[JsonPath]) -> Value {
    replace_matches(value, masks.iter(), &mut |_| Value::Null).unwrap_or_else(|_| value.clone())
}
