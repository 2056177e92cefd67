//! A push that was sent, as it is shown: a line for a terminal, or one JSON object. Neither holds its
//! body, its query or its signature.

use super::order::BrokenPart;
use crate::calendar::format_time;
use crate::redact::escape_control_chars;
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// A push, and what the receiver answered.
#[derive(Clone, Debug)]
pub struct SentPush {
    /// Counts all pushes since the start; the first is 1.
    pub(crate) number: u64,
    /// Unix milliseconds on the clock of this machine.
    pub(crate) at_ms: i64,
    pub(crate) scheme: Arc<str>,
    /// `None` if it could not be made.
    pub(crate) webhook: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) method: &'static str,
    pub(crate) url: String,
    /// Of the body.
    pub(crate) bytes: usize,
    pub(crate) broken: Option<BrokenPart>,
    /// What the receiver answered, and after how long.
    pub(crate) answer: Option<(u16, Duration)>,
    /// Why there is no answer.
    pub(crate) failure: Option<String>,
}

impl SentPush {
    #[must_use]
    pub(crate) fn is_answered(&self) -> bool {
        self.answer.is_some()
    }

    /// One line. Control characters are escaped.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut line = format!(
            "{} {} push {} {} {} {} bytes",
            self.time("%H:%M:%S%.3fZ"),
            self.scheme,
            self.event
                .as_deref()
                .or(self.webhook.as_deref())
                .unwrap_or("?"),
            self.method,
            self.url,
            self.bytes,
        );
        if let Some(broken) = self.broken {
            line.push_str(&format!(" (broken: {})", broken.name()));
        }
        if let Some((status, took)) = self.answer {
            line.push_str(&format!(" → {status} in {} ms", took.as_millis()));
        }
        if let Some(failure) = &self.failure {
            line.push_str(&format!(" not delivered: {failure}"));
        }
        escape_control_chars(&line)
    }

    /// The same as one JSON object in one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_value().to_json()
    }

    #[must_use]
    pub(crate) fn to_value(&self) -> Value {
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        let number = |number: u128| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        let (status, took) = match self.answer {
            Some((status, took)) => (i64::from(status).into(), number(took.as_millis())),
            None => (Value::Null, Value::Null),
        };
        Value::Object(vec![
            ("event".into(), "push".into()),
            ("number".into(), number(self.number.into())),
            ("at".into(), self.time("%Y-%m-%dT%H:%M:%S%.3fZ").into()),
            ("scheme".into(), self.scheme.as_ref().into()),
            ("webhook".into(), text(self.webhook.as_deref())),
            ("name".into(), text(self.event.as_deref())),
            ("account".into(), text(self.account.as_deref())),
            ("method".into(), self.method.into()),
            ("url".into(), self.url.as_str().into()),
            ("bytes".into(), number(self.bytes as u128)),
            ("broken".into(), text(self.broken.map(BrokenPart::name))),
            ("status".into(), status),
            ("ms".into(), took),
            ("reason".into(), text(self.failure.as_deref())),
        ])
    }

    fn time(&self, format: &str) -> String {
        // A clock outside of the years that can be written is shown as the number that it is.
        format_time(self.at_ms, format, 0).unwrap_or_else(|_| self.at_ms.to_string())
    }
}
