//! A response of the sandbox, ready to be sent.

use super::journal::{ReplyVerdict, VerdictKind};
use super::reserved_names::{NO_RECORDING, NOT_RECORDED};
use crate::model::recording::StubPush;
use crate::model::scheme::Scheme;
use crate::recording::{ReplayMiss, describe_miss};
use crate::value::Value;
use crate::wire::DraftBody;
use std::time::Duration;

#[derive(Debug)]
pub(super) struct SandboxReply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// What it says of the request.
    pub(super) verdict: Box<ReplyVerdict>,
}

/// The response is lost: the connection closes without a byte of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this response is lost, because of a control")]
pub(crate) struct LostResponse;

/// A response and how it is delivered.
#[derive(Debug)]
pub(super) struct ReplyDelivery {
    /// How long it is held back.
    pub(super) delay: Duration,
    pub(super) outcome: DeliveryOutcome,
    /// The push that follows it.
    pub(super) push: Option<StubPush>,
}

#[derive(Debug)]
pub(super) enum DeliveryOutcome {
    Complete(SandboxReply),
    /// `content-length` announces the whole body, and half of it is sent.
    Truncated(SandboxReply),
    Dropped,
}

impl ReplyDelivery {
    /// Says whose request it is.
    pub(super) fn set_account(&mut self, account: &str) {
        if let DeliveryOutcome::Complete(reply) | DeliveryOutcome::Truncated(reply) =
            &mut self.outcome
        {
            reply.verdict.account = Some(account.to_owned());
        }
    }

    /// The status, unless no response is sent, and the verdict.
    pub(super) fn take_verdict(&mut self) -> (Option<u16>, ReplyVerdict) {
        match &mut self.outcome {
            DeliveryOutcome::Complete(reply) | DeliveryOutcome::Truncated(reply) => {
                (Some(reply.status), std::mem::take(&mut *reply.verdict))
            }
            DeliveryOutcome::Dropped => {
                let note = "the connection is closed without a response, because of a control";
                (None, ReplyVerdict::noted(VerdictKind::Accepted, note))
            }
        }
    }
}

impl From<SandboxReply> for ReplyDelivery {
    fn from(reply: SandboxReply) -> Self {
        Self {
            delay: Duration::ZERO,
            outcome: DeliveryOutcome::Complete(reply),
            push: None,
        }
    }
}

impl From<Result<SandboxReply, LostResponse>> for ReplyDelivery {
    fn from(reply: Result<SandboxReply, LostResponse>) -> Self {
        Self {
            delay: Duration::ZERO,
            outcome: reply.map_or(DeliveryOutcome::Dropped, DeliveryOutcome::Complete),
            push: None,
        }
    }
}

impl SandboxReply {
    #[must_use]
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            verdict: Box::default(),
        }
    }

    #[must_use]
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::with_body(status, "application/json;charset=UTF-8", value.to_json())
    }

    /// A rendered body with its media type.
    #[must_use]
    pub(super) fn draft(status: u16, body: &DraftBody) -> Self {
        let headers = match body {
            DraftBody::Encoded { media_type, .. } => {
                vec![("content-type".to_owned(), media_type.clone())]
            }
            _ => Vec::new(),
        };
        Self {
            headers,
            body: body.to_bytes().to_vec(),
            ..Self::empty(status)
        }
    }

    /// A message of the sandbox itself, for cases that the scheme does not describe.
    #[must_use]
    pub(super) fn message(status: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        let body = Value::Object(vec![("message".into(), message.as_str().into())]);
        Self::json(status, &body).noted(VerdictKind::Refused, message)
    }

    /// The same reply with another verdict.
    #[must_use]
    pub(super) fn noted(self, kind: VerdictKind, note: impl Into<String>) -> Self {
        Self {
            verdict: Box::new(ReplyVerdict::noted(kind, note)),
            ..self
        }
    }

    #[must_use]
    pub(super) fn html(page: String) -> Self {
        Self::with_body(200, "text/html; charset=utf-8", page)
    }

    fn with_body(status: u16, media_type: &str, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), media_type.to_owned())],
            body: body.into_bytes(),
            verdict: Box::default(),
        }
    }
}

/// The request is valid, but no recording is left for it.
#[must_use]
pub(super) fn not_recorded_reply(scheme: &Scheme, miss: &ReplayMiss) -> SandboxReply {
    let verified = if scheme.has_signature() {
        format!("the signature is correct for `{}`, but ", scheme.name)
    } else {
        String::new()
    };
    let nearest = match miss {
        ReplayMiss::Exhausted { file }
        | ReplayMiss::NoMatch {
            nearest: Some((file, _)),
        } => Some(file),
        ReplayMiss::NoMatch { nearest: None } => None,
    };
    let mut reply = no_recording_reply(format!("{verified}{}", describe_miss(miss)), nearest);
    if let (ReplayMiss::NoMatch { .. }, Some((_, mark))) = (miss, reply.headers.last_mut()) {
        NOT_RECORDED.clone_into(mark);
    }
    reply
}

/// A response that the scheme or a recording describes cannot be made. An incomplete response would
/// look as if the marketplace had sent it.
#[must_use]
pub(super) fn unmakeable_reply(error: &dyn std::error::Error) -> SandboxReply {
    no_recording_reply(
        format!(
            "the sandbox cannot create the response that the scheme or the recording describes: {error}"
        ),
        None,
    )
}

/// The recorded response cannot be read.
#[must_use]
pub(super) fn unreadable_recording_reply(reason: &str) -> SandboxReply {
    no_recording_reply(reason.to_owned(), None)
}

fn no_recording_reply(why: String, nearest: Option<&String>) -> SandboxReply {
    let nearest = nearest.map_or(Value::Null, |file| Value::from(file.as_str()));
    let message = ("message".into(), Value::from(why.as_str()));
    let mut reply = SandboxReply::json(
        501,
        &Value::Object(vec![message, ("nearest".into(), nearest)]),
    )
    .noted(VerdictKind::Unrecorded, why);
    // A marketplace can return 501 as well: only this header says that the sandbox failed.
    reply
        .headers
        .push((NO_RECORDING.to_owned(), "true".to_owned()));
    reply
}
