//! Finds what stands for fresh values in recordings.

use crate::model::recording::PLACEHOLDERS;
use crate::value::Value;

/// The first placeholder anywhere in a value.
pub(super) fn placeholder_in(value: &Value) -> Option<&'static str> {
    let text = value.to_text();
    PLACEHOLDERS
        .into_iter()
        .find(|placeholder| text.contains(placeholder))
}
