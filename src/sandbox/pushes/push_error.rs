//! Why a push is not sent. No message holds a key or a signature.

use crate::render::RenderError;
use crate::sign::{IncomingError, SealError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    #[error("no address is known that pushes go to: start the sandbox with `--push-to URL`")]
    NoAddress,
    #[error("the scheme `{0}` is not played here")]
    UnknownScheme(String),
    #[error("the scheme `{0}` does not say how its pushes are signed: it has no `webhooks`")]
    NoWebhooks(String),
    #[error("the scheme `{scheme}` has no {what} `{name}`: {known}")]
    Unknown {
        scheme: String,
        what: &'static str,
        name: String,
        /// What there is instead.
        known: String,
    },
    #[error("name an event (`event=NAME`), or a webhook (`webhook=NAME`) and send a body: {0}")]
    NoEvent(String),
    #[error("the event `{event}` is one of the webhook `{webhook}`: leave `webhook` out")]
    OtherWebhook { event: String, webhook: String },
    #[error("the webhook `{webhook}` sends {method}, which has no body")]
    NoBody {
        webhook: String,
        method: &'static str,
    },
    #[error(
        "the signature of `{webhook}` stands in the JSON of the body, and the body is no JSON object"
    )]
    NotAnObject { webhook: String },
    #[error(
        "the sandbox keys have no `{credential}`, with which pushes of `{webhook}` are signed: write it under `sandbox: keys` of the scheme, or at the account in ingam.yaml"
    )]
    MissingKey { webhook: String, credential: String },
    #[error("the push cannot be made: {0}")]
    Render(#[from] RenderError),
    #[error("the push cannot be signed: {0}")]
    Sign(#[from] SealError),
    #[error("the webhook `{webhook}` refuses what it signed itself: {reason}")]
    NotItsOwn {
        webhook: String,
        reason: IncomingError,
    },
    #[error("`broken={broken}` changes nothing here: the signature of `{webhook}` is still right")]
    StillRight {
        webhook: String,
        broken: &'static str,
    },
    #[error("no header can carry `{0}`")]
    Header(String),
    #[error("too many pushes are on their way: wait until some are answered")]
    TooMany,
    #[error("the system gives no random numbers")]
    NoRandomness,
}
