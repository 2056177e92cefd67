//! Names and values of spans, as the JSON of OTLP writes them.

use serde_json::{Value, json};

/// An attribute of a span: `{ key, value }`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attribute {
    key: &'static str,
    value: Value,
}

impl Attribute {
    #[must_use]
    pub(super) fn text(key: &'static str, text: impl Into<String>) -> Self {
        Self {
            key,
            value: json!({ "stringValue": text.into() }),
        }
    }

    /// The JSON of Protocol Buffers writes 64 bits as text, so that no reader rounds them.
    #[must_use]
    pub(super) fn number(key: &'static str, number: &impl ToString) -> Self {
        Self {
            key,
            value: json!({ "intValue": number.to_string() }),
        }
    }

    #[must_use]
    pub(super) fn flag(key: &'static str, flag: bool) -> Self {
        Self {
            key,
            value: json!({ "boolValue": flag }),
        }
    }

    #[must_use]
    pub(super) fn to_json(&self) -> Value {
        json!({ "key": self.key, "value": self.value })
    }
}
