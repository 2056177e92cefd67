//! Values that are never shown.

pub(crate) use crate::redact::{MIN_SECRET_BYTES, RedactedText, Redactor, escape_control_chars};
