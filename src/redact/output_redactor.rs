//! What every text passes before it is shown or written: the secrets of the run, and the personal
//! data of the file that the text is about, are taken out in one search. JSON stays JSON.

use super::display::RedactedText;
use super::redactor::{Redactor, redact_jointly};
use crate::value::{Value, parse};
use std::cell::RefMut;

/// Redacts what is said about one file.
pub(crate) struct OutputRedactor<'r> {
    secrets: RefMut<'r, Redactor>,
    /// `None` where no response has had any.
    personal: Option<RefMut<'r, Redactor>>,
    /// A person at a terminal asked for it.
    shows_personal: bool,
}

impl<'r> OutputRedactor<'r> {
    pub(crate) fn new(
        secrets: RefMut<'r, Redactor>,
        personal: Option<RefMut<'r, Redactor>>,
    ) -> Self {
        Self {
            secrets,
            personal,
            shows_personal: false,
        }
    }

    /// The same redactor. Its texts show a terminal what is personal in them.
    #[must_use]
    pub(crate) fn showing_personal(self, shows_personal: bool) -> Self {
        Self {
            shows_personal,
            ..self
        }
    }

    /// Text that may be written to a file.
    pub(crate) fn redact(&mut self, text: &str) -> String {
        match &mut self.personal {
            Some(personal) => redact_text(&mut [&mut self.secrets, personal], text),
            None => redact_text(&mut [&mut self.secrets], text),
        }
    }

    /// Text that may be shown.
    pub(crate) fn redact_for_display(&mut self, text: &str) -> RedactedText {
        let redacted = RedactedText::new(&self.redact(text));
        if self.shows_personal && self.personal.is_some() {
            redacted.shown_as(self.secrets.redact_for_display(text))
        } else {
            redacted
        }
    }
}

/// Redacts a text by all redactors at once. A text that is JSON is JSON afterwards: where a
/// replacement breaks it, such as the pseudonym of a number, each of its values is redacted by
/// itself.
pub(crate) fn redact_text(redactors: &mut [&mut Redactor], text: &str) -> String {
    let redacted = redact_jointly(redactors, text);
    if redacted == text || !text.trim_start().starts_with(['{', '[']) {
        return redacted;
    }
    match parse(text.as_bytes()) {
        Ok(value) if parse(redacted.as_bytes()).is_err() => {
            let value = redact_leaves(redactors, &value);
            if text.contains('\n') {
                value.to_pretty_json()
            } else {
                value.to_json()
            }
        }
        _ => redacted,
    }
}

fn redact_leaves(redactors: &mut [&mut Redactor], value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(redact_jointly(redactors, text)),
        Value::Number(number) => {
            let text = redact_jointly(redactors, number.as_str());
            if text == number.as_str() {
                value.clone()
            } else {
                Value::from_scalar_text(&text)
            }
        }
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| redact_leaves(redactors, item))
                .collect(),
        ),
        Value::Object(members) => {
            let mut redacted = Vec::with_capacity(members.len());
            for (name, member) in members {
                let name = redact_jointly(redactors, name);
                redacted.push((name.into(), redact_leaves(redactors, member)));
            }
            Value::Object(redacted)
        }
        Value::Null | Value::Bool(_) => value.clone(),
    }
}
