//! One push as it is shown: a line for a terminal, or one JSON object. Neither holds its body or its
//! query.

use crate::calendar::format_time;
use crate::redact::{Redactor, escape_control_chars};
use crate::value::Value;
use std::time::Duration;

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PushOutcome {
    Accepted,
    /// Not signed as it must be, or not readable.
    Refused,
    /// Rightly signed, and the program that it is for gave no answer.
    Undelivered,
}

impl PushOutcome {
    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Undelivered => "undelivered",
        }
    }
}

/// A push that was answered.
#[derive(Clone, Debug)]
pub(super) struct PushRecord {
    /// Unix milliseconds.
    pub(super) at_ms: i64,
    pub(super) scheme: String,
    pub(super) webhook: Option<String>,
    pub(super) account: Option<String>,
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    /// Of the body.
    pub(super) bytes: usize,
    pub(super) outcome: PushOutcome,
    /// Why it was not accepted.
    pub(super) reason: Option<String>,
    /// What the marketplace was answered.
    pub(super) status: u16,
    /// How long the program took that it was passed on to.
    pub(super) forward_time: Option<Duration>,
}

/// A mistake that explains a wrong signature, or what the push shows by itself.
pub(super) struct PushFinding {
    /// The code of the catalogue.
    pub(super) code: Option<&'static str>,
    pub(super) text: String,
    pub(super) way_out: Option<String>,
}

/// A push with what its examination found, ready to be shown.
pub(crate) struct PushReport {
    pub(super) record: PushRecord,
    pub(super) findings: Vec<PushFinding>,
}

impl PushReport {
    #[must_use]
    pub(crate) fn is_accepted(&self) -> bool {
        self.record.outcome == PushOutcome::Accepted
    }

    /// One line; below it why the push was refused, and what to do. Control characters are escaped:
    /// a push must not command the terminal.
    #[must_use]
    pub(crate) fn to_text(&self, redactor: &mut Redactor) -> String {
        let record = &self.record;
        let name = match &record.webhook {
            Some(webhook) => format!("{} {webhook}", record.scheme),
            None => record.scheme.clone(),
        };
        let mut line = format!(
            "{} {name} {} {} {} bytes → {} {}",
            self.time("%H:%M:%S%.3fZ"),
            record.method,
            record.path,
            record.bytes,
            record.status,
            record.outcome.name()
        );
        if let Some(account) = &record.account {
            line.push_str(&format!(" (account {account})"));
        }
        if let Some(took) = record.forward_time {
            line.push_str(&format!(", forwarded in {} ms", took.as_millis()));
        }
        if let Some(reason) = &record.reason {
            line.push_str(&format!(": {reason}"));
        }
        let mut text = shown(redactor, &line);
        for finding in &self.findings {
            let code = finding
                .code
                .map_or(String::new(), |code| format!("{code}: "));
            text.push_str("\n    ");
            text.push_str(&shown(redactor, &format!("{code}{}", finding.text)));
            if let Some(way_out) = &finding.way_out {
                text.push_str("\n      help: ");
                text.push_str(&shown(redactor, way_out));
            }
        }
        text
    }

    /// The same as one JSON object in one line.
    #[must_use]
    pub(crate) fn to_json(&self, redactor: &mut Redactor) -> String {
        let record = &self.record;
        let text = |redactor: &mut Redactor, text: &Option<String>| {
            text.as_ref()
                .map_or(Value::Null, |text| redactor.redact(text).into())
        };
        let findings = self.findings.iter().map(|finding| {
            Value::Object(vec![
                ("code".into(), finding.code.map_or(Value::Null, Value::from)),
                ("text".into(), redactor.redact(&finding.text).into()),
                ("way_out".into(), text(redactor, &finding.way_out)),
            ])
        });
        let findings = Value::List(findings.collect());
        let number = |number: u128| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        let took = record
            .forward_time
            .map_or(Value::Null, |took| number(took.as_millis()));
        Value::Object(vec![
            ("event".into(), "push".into()),
            ("at".into(), self.time("%Y-%m-%dT%H:%M:%S%.3fZ").into()),
            ("scheme".into(), record.scheme.as_str().into()),
            ("webhook".into(), text(redactor, &record.webhook)),
            ("account".into(), text(redactor, &record.account)),
            ("method".into(), record.method.as_str().into()),
            ("path".into(), redactor.redact(&record.path).into()),
            ("bytes".into(), number(record.bytes as u128)),
            ("verdict".into(), record.outcome.name().into()),
            ("reason".into(), text(redactor, &record.reason)),
            ("status".into(), i64::from(record.status).into()),
            ("forward_ms".into(), took),
            ("findings".into(), findings),
        ])
        .to_json()
    }

    fn time(&self, format: &str) -> String {
        // A clock outside of the years that can be written is shown as the number that it is.
        let at_ms = self.record.at_ms;
        format_time(at_ms, format, 0).unwrap_or_else(|_| at_ms.to_string())
    }
}

fn shown(redactor: &mut Redactor, text: &str) -> String {
    escape_control_chars(&redactor.redact(text))
}
