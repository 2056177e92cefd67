//! A request of the journal as text for a terminal, and as JSON.

use super::entry::{DiagnosisState, JournalEntry};
use crate::calendar::format_time;
use crate::redact::escape_control_chars;
use crate::value::Value;

impl JournalEntry {
    /// One line; below it what the examination of its signature found, indented. Control
    /// characters are escaped: a request must not command the terminal of the sandbox.
    #[must_use]
    pub fn to_text(&self) -> String {
        let time = self.time("%H:%M:%S%.3fZ");
        let status = self
            .status
            .map_or_else(|| "---".to_owned(), |status| status.to_string());
        let reason = self
            .reason()
            .map_or_else(String::new, |reason| format!(": {reason}"));
        let line = format!(
            "{time} {} {} {} {status} {}{reason}",
            self.call.scheme,
            self.call.method,
            self.call.target,
            self.kind.name()
        );
        let mut text = escape_control_chars(&line);
        for line in self.diagnosis_lines() {
            text.push_str("\n    ");
            text.push_str(&escape_control_chars(&line));
        }
        text
    }

    /// The same as one JSON object in one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Value::Object(mut members) = self.to_value() else {
            return String::new();
        };
        members.insert(0, ("event".into(), "request".into()));
        Value::Object(members).to_json()
    }

    pub(super) fn to_value(&self) -> Value {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        let (path, query) = match self.call.target.split_once('?') {
            Some((path, query)) => (path, Value::from(query)),
            None => (self.call.target.as_str(), Value::Null),
        };
        let status = self
            .status
            .map_or(Value::Null, |status| i64::from(status).into());
        let diagnosis = match &self.diagnosis {
            DiagnosisState::NotNeeded => Value::Null,
            DiagnosisState::Pending => Value::Object(vec![("state".into(), "pending".into())]),
            DiagnosisState::LeftOut(reason) => Value::Object(vec![
                ("state".into(), "left_out".into()),
                ("reason".into(), (*reason).into()),
            ]),
            DiagnosisState::Done(report) => report.to_value(),
        };
        Value::Object(vec![
            (
                "number".into(),
                i64::try_from(self.number).unwrap_or(i64::MAX).into(),
            ),
            ("at".into(), self.time("%Y-%m-%dT%H:%M:%S%.3fZ").into()),
            ("scheme".into(), self.call.scheme.as_ref().into()),
            ("account".into(), text(&self.account)),
            ("method".into(), self.call.method.as_str().into()),
            ("path".into(), path.into()),
            ("query".into(), query),
            ("status".into(), status),
            ("verdict".into(), self.kind.name().into()),
            (
                "fault".into(),
                self.fault.map_or(Value::Null, |fault| fault.name().into()),
            ),
            ("location".into(), text(&self.location)),
            (
                "reason".into(),
                self.reason().map_or(Value::Null, Value::from),
            ),
            ("diagnosis".into(), diagnosis),
        ])
    }

    /// Why the verdict is what it is.
    fn reason(&self) -> Option<String> {
        let fault = self.fault.map(|fault| {
            let location = self.location.as_deref().unwrap_or("");
            format!("{} ({location})", fault.name())
        });
        fault.or_else(|| self.note.clone())
    }

    fn time(&self, format: &str) -> String {
        // A clock outside of the years that can be written is shown as the number that it is.
        format_time(self.call.at_ms, format, 0).unwrap_or_else(|_| self.call.at_ms.to_string())
    }

    fn diagnosis_lines(&self) -> Vec<String> {
        match &self.diagnosis {
            DiagnosisState::NotNeeded | DiagnosisState::Pending => Vec::new(),
            DiagnosisState::LeftOut(reason) => {
                vec![format!("the signature was not examined: {reason}")]
            }
            DiagnosisState::Done(report) => report.lines(),
        }
    }
}
