//! Why a push is not sent. No message holds a key or a signature.

use crate::render::RenderError;
use crate::sign::{IncomingError, SealError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    #[error("the sandbox has no address for pushes: start it with `--push-to URL`")]
    NoAddress,
    #[error("this sandbox does not run the scheme `{0}`")]
    UnknownScheme(String),
    #[error("the scheme `{0}` does not define how its pushes are signed: it has no `webhooks`")]
    NoWebhooks(String),
    #[error("the scheme `{scheme}` has no {what} `{name}`: {known}")]
    Unknown {
        scheme: String,
        what: &'static str,
        name: String,
        /// What there is instead.
        known: String,
    },
    #[error("pass an event (`event=NAME`), or a webhook (`webhook=NAME`) with a body: {0}")]
    NoEvent(String),
    #[error("the event `{event}` belongs to the webhook `{webhook}`: remove `webhook`")]
    OtherWebhook { event: String, webhook: String },
    #[error("the webhook `{webhook}` sends {method}, which has no body")]
    NoBody {
        webhook: String,
        method: &'static str,
    },
    #[error(
        "the signature of `{webhook}` is in the JSON of the body, but the body is not a JSON object"
    )]
    NotAnObject { webhook: String },
    #[error(
        "the sandbox keys have no `{credential}`, which signs pushes of `{webhook}`: write it under `sandbox: keys` of the scheme, or at the account in ingam.yaml"
    )]
    MissingKey { webhook: String, credential: String },
    #[error("the push cannot be created: {0}")]
    Render(#[from] RenderError),
    #[error("the push cannot be signed: {0}")]
    Sign(#[from] SealError),
    #[error("the webhook `{webhook}` refuses its own signature: {reason}")]
    NotItsOwn {
        webhook: String,
        reason: IncomingError,
    },
    #[error("`broken={broken}` has no effect here: the signature of `{webhook}` is still correct")]
    StillRight {
        webhook: String,
        broken: &'static str,
    },
    #[error("`{0}` is not allowed in a header")]
    Header(String),
    #[error("too many pushes are being sent: wait for responses")]
    TooMany,
    #[error("the random generator of this system failed")]
    NoRandomness,
}
