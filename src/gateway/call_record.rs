//! What is said of a call: one line, with nothing of its query, headers, bodies and response.

use crate::calendar::format_time;
use crate::redact::{Redactor, escape_control_chars};
use crate::value::Value;
use std::time::Duration;

/// A call that the gateway has answered.
#[derive(Clone, Debug)]
pub(crate) struct CallRecord {
    /// In Unix milliseconds.
    pub(super) at_ms: i64,
    /// As it was named, whether there is one or not.
    pub(super) scheme: Option<String>,
    pub(super) account: Option<String>,
    pub(super) method: String,
    /// What is sent of the path; of a target that cannot be read, nothing.
    pub(super) path: String,
    /// What the client was answered; 499 if it had gone away.
    pub(super) status: u16,
    /// Requests to the marketplace.
    pub(super) attempts: usize,
    pub(super) budget_left: Option<u32>,
    /// Until the response began.
    pub(super) took: Duration,
    /// Of an error of the gateway: its code, its reason, and the way out.
    pub(super) error: Option<(&'static str, String, Vec<String>)>,
    pub(super) warnings: Vec<String>,
}

impl CallRecord {
    /// One line; with `is_verbose`, the way out of an error below it. Control characters are
    /// escaped.
    #[must_use]
    pub(crate) fn to_text(&self, redactor: &mut Redactor, is_verbose: bool) -> String {
        let name = match (&self.scheme, &self.account) {
            (Some(scheme), Some(account)) => format!("{scheme}@{account} "),
            (Some(scheme), None) => format!("{scheme} "),
            (None, _) => String::new(),
        };
        let mut line = format!(
            "{} {name}{} {} {} {} ms",
            self.time("%H:%M:%S%.3fZ"),
            self.method,
            if self.path.is_empty() {
                "-"
            } else {
                &self.path
            },
            self.status,
            self.took.as_millis()
        );
        if self.attempts > 1 {
            line.push_str(&format!(", {} requests", self.attempts));
        }
        if let Some(left) = self.budget_left {
            line.push_str(&format!(", {left} calls left"));
        }
        if let Some((code, reason, _)) = &self.error {
            line.push_str(&format!(", {code}: {reason}"));
        }
        let mut text = shown(redactor, &line);
        for warning in &self.warnings {
            text.push_str("\n    warning: ");
            text.push_str(&shown(redactor, warning));
        }
        let hints = self.error.iter().flat_map(|(_, _, hints)| hints);
        for hint in hints.filter(|_| is_verbose) {
            text.push_str("\n    help: ");
            text.push_str(&shown(redactor, hint));
        }
        text
    }

    /// The same as one JSON object in one line.
    #[must_use]
    pub(crate) fn to_json(&self, redactor: &mut Redactor) -> String {
        let number = |number: u128| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        let mut text = |text: &str| Value::from(redactor.redact(text));
        let (code, reason) = match &self.error {
            Some((code, reason, _)) => ((*code).into(), text(reason)),
            None => (Value::Null, Value::Null),
        };
        let name = |name: &Option<String>, text: &mut dyn FnMut(&str) -> Value| {
            name.as_deref().map_or(Value::Null, text)
        };
        let (scheme, account) = (
            name(&self.scheme, &mut text),
            name(&self.account, &mut text),
        );
        let warnings = self.warnings.iter().map(|warning| text(warning)).collect();
        let (method, path) = (text(&self.method), text(&self.path));
        Value::Object(vec![
            ("event".into(), "call".into()),
            ("at".into(), self.time("%Y-%m-%dT%H:%M:%S%.3fZ").into()),
            ("scheme".into(), scheme),
            ("account".into(), account),
            ("method".into(), method),
            ("path".into(), path),
            ("status".into(), i64::from(self.status).into()),
            ("ms".into(), number(self.took.as_millis())),
            ("attempts".into(), number(self.attempts as u128)),
            (
                "budget_left".into(),
                self.budget_left
                    .map_or(Value::Null, |left| i64::from(left).into()),
            ),
            ("error".into(), code),
            ("reason".into(), reason),
            ("warnings".into(), Value::List(warnings)),
        ])
        .to_json()
    }

    fn time(&self, format: &str) -> String {
        // A clock outside of the years that can be written is shown as the number that it is.
        format_time(self.at_ms, format, 0).unwrap_or_else(|_| self.at_ms.to_string())
    }
}

fn shown(redactor: &mut Redactor, text: &str) -> String {
    escape_control_chars(&redactor.redact(text))
}
