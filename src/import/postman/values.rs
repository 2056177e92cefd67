//! Values of a collection as texts.

use super::super::collection::{CollectionField, ForeignText};
use crate::value::Value;

pub(super) fn text_of(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// The text of a value: Postman writes numbers and booleans beside texts.
pub(super) fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::List(_) | Value::Object(_) => Some(value.to_json()),
        single => single.to_plain_text(),
    }
}

pub(super) fn is_disabled(value: &Value) -> bool {
    value.get("disabled").and_then(Value::as_bool) == Some(true)
}

/// `{key, value, disabled}`; without a value there is no `=`.
pub(super) fn read_field(value: &Value) -> Option<CollectionField> {
    if let Some(line) = value.as_str() {
        let (name, value) = line.split_once(':').or_else(|| line.split_once('='))?;
        return Some(CollectionField::new(
            name.trim(),
            ForeignText::parse(value.trim()),
        ));
    }
    value.as_object()?;
    let text = value.get("value").and_then(plain_text);
    Some(CollectionField {
        name: value.get("key").and_then(plain_text).unwrap_or_default(),
        value: text.as_deref().map(ForeignText::parse),
        is_disabled: is_disabled(value),
        remark: None,
    })
}
