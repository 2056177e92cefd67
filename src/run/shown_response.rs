//! A response as it is shown: everything that a rule of `redact` names is replaced. The same values
//! elsewhere in it, and secrets, are replaced by the redactor.

use super::context::RunContext;
use super::exchange::JudgedResponse;
use super::text::{BodyText, body_text};
use crate::model::redact_rule::RedactRule;
use crate::recording::RecordingKey;
use crate::wire::WireResponse;

pub(super) struct ShownResponse {
    pub(super) head: String,
    pub(super) body: BodyText,
}

impl ShownResponse {
    /// As it was received.
    pub(super) fn of(response: &WireResponse) -> Self {
        Self {
            head: response_head(response.status, &response.headers),
            body: match response.streamed_body() {
                Some(body) => format!("({} bytes, not kept in memory)", body.len()).into(),
                None => body_text(response.content_type(), response.body()),
            },
        }
    }

    pub(super) fn redacted(
        judged: &JudgedResponse,
        key: &RecordingKey,
        rules: &[&RedactRule],
        context: &RunContext<'_>,
    ) -> Self {
        let (response, personal) = (&judged.response, &context.state.recordings.personal);
        let redacted = match &judged.hidden_because {
            Some(reason) => Err(reason.clone()),
            None => personal.redacted_response(key, rules, response),
        };
        match redacted {
            Ok(Some(redacted)) => Self::of(&redacted),
            Ok(None) => Self::of(response),
            Err(reason) => Self {
                head: hidden_head(response),
                body: format!("‹redacted: {reason}›").into(),
            },
        }
    }
}

/// Headers that describe a body and hold nothing of it.
const DESCRIPTIVE_HEADERS: [&str; 5] = [
    "content-type",
    "content-length",
    "content-encoding",
    "date",
    "retry-after",
];

/// The head of a response whose body cannot be examined: what is personal in it is not known, and
/// another header may repeat it.
fn hidden_head(response: &WireResponse) -> String {
    let headers: Vec<(String, String)> = response
        .headers
        .iter()
        .map(|(name, value)| {
            let is_shown = DESCRIPTIVE_HEADERS.contains(&name.as_str());
            let value = if is_shown {
                value.as_str()
            } else {
                "‹redacted›"
            };
            (name.clone(), value.to_owned())
        })
        .collect();
    response_head(response.status, &headers)
}

/// The status and the headers in the form of HTTP/1.1, for people.
fn response_head(status: u16, headers: &[(String, String)]) -> String {
    let mut text = format!("HTTP/1.1 {status}\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text
}
