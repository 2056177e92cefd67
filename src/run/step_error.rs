//! Why a step has no result, and the class of that error.

use super::access::AccessError;
use super::response_secrets::ResponseSecretError;
use super::run_recordings::{CompareError, RedactResponseError};
use crate::budget::BudgetError;
use crate::diagnostic::pluralize;
use crate::event::ErrorClass;
use crate::ledger::LedgerError;
use crate::output_files::OutputError;
use crate::recording::ReplayError;
use crate::render::RenderError;
use crate::renew::RefreshError;
use crate::sign::SealError;
use crate::snapshot::SnapshotError;
use crate::tokens::StoreError;
use crate::transport::TransportError;

/// Why a step has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error("{}", .0.reason)]
    Render(#[from] RenderError),
    #[error("{0}")]
    Seal(#[from] SealError),
    #[error("{0}")]
    Access(#[from] AccessError),
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error("the request would send `{0}` to an address from a response")]
    SecretForAddress(String),
    #[error(transparent)]
    Redirect(#[from] UnfollowedRedirect),
    #[error(transparent)]
    Output(#[from] StepOutputError),
    #[error(transparent)]
    Token(#[from] RefreshError),
    #[error(transparent)]
    Budget(Box<BudgetError>),
    #[error("nothing is recorded for this request: {}", .0.reason)]
    NotRecorded(MissingRecording),
    /// Rounds of `for_each`.
    #[error(
        "`for_each` has {} here, but {recorded} in the recording of this response: record the file again",
        pluralize(*.rounds as usize, "round")
    )]
    OtherRounds { recorded: u32, rounds: u32 },
    #[error("{0}")]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("the response cannot be compared with its snapshot: {0}")]
    Redaction(#[from] RedactResponseError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error("a secret in the response cannot be redacted, so the response is not used: {0}")]
    Secrets(ResponseSecretError),
    #[error("the ledger cannot be written, so nothing was created: {0}")]
    LedgerNotOpened(LedgerError),
    #[error("the ledger cannot store the undo: {0}")]
    UndoNotKept(LedgerError),
    #[error(
        "its undo contains a secret or personal data of a response, but the ledger cannot store it encrypted: {0}"
    )]
    UndoNotSealed(StoreError),
    /// The program whose call it was no longer waits for the response.
    #[error("the client disconnected before the response arrived")]
    ClientGone { was_sent: bool },
    /// The user asked the run to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Why a redirect is not followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnfollowedRedirect {
    #[error("a redirect is not followed: {0}")]
    Refused(String),
    #[error("more than {0} redirects: the last one leads to {1}")]
    TooMany(u32, String),
}

/// Why a response is not written to a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepOutputError {
    #[error(transparent)]
    File(#[from] OutputError),
    #[error("the response is not written to `{0}`: it contains a credential or a token of ingam")]
    Secret(String),
    #[error("the response is not written to `{0}`: the received data cannot be read again: {1}")]
    Unread(String, String),
    #[error("the name of the file would contain a secret")]
    SecretName,
}

impl StepOutputError {
    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File(error) => error.hint(),
            Self::Secret(_) => Some(
                "capture the values that you need; if a value is not a secret, add its path to `not_secret`",
            ),
            Self::Unread(..) => None,
            Self::SecretName => Some("use another value in `output`"),
        }
    }
}

/// Why no recording answers a request.
#[derive(Debug)]
pub(crate) struct MissingRecording {
    pub(crate) reason: String,
    /// A recording of the request would help: there is none, rather than one that cannot be used.
    pub(crate) can_be_recorded: bool,
    /// What to write, and where.
    pub(crate) hint: Option<String>,
}

impl MissingRecording {
    pub(super) fn new(reason: impl Into<String>, can_be_recorded: bool) -> Self {
        Self {
            reason: reason.into(),
            can_be_recorded,
            hint: None,
        }
    }
}

impl From<BudgetError> for StepError {
    fn from(error: BudgetError) -> Self {
        Self::Budget(Box::new(error))
    }
}

impl StepError {
    pub(crate) fn error_class(&self) -> ErrorClass {
        match self {
            Self::Render(_) | Self::Secrets(_) | Self::SecretForAddress(_) => ErrorClass::File,
            Self::Seal(error) => error.into(),
            Self::Access(error) => error.into(),
            Self::Transport(error) => error.into(),
            Self::Redirect(_) | Self::Output(_) => ErrorClass::Unable,
            Self::Token(error) => error.into(),
            Self::Budget(error) => ErrorClass::from(&**error),
            Self::Snapshot(error) => error.into(),
            Self::Replay(ReplayError::ConnectionClosed) => ErrorClass::Unable,
            Self::Redaction(error) | Self::Compare(CompareError::Response(error)) => {
                redaction_error_class(error)
            }
            Self::NotRecorded(_)
            | Self::OtherRounds { .. }
            | Self::Replay(_)
            | Self::Compare(CompareError::NotRecorded(_) | CompareError::Recording(_)) => {
                ErrorClass::Recording
            }
            Self::Compare(CompareError::Mask(_)) => ErrorClass::File,
            Self::LedgerNotOpened(_) | Self::UndoNotKept(_) => ErrorClass::Unable,
            Self::UndoNotSealed(error) => error.into(),
            Self::ClientGone { .. } | Self::Interrupted => ErrorClass::Interrupted,
        }
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::Render(error) | Self::Seal(SealError::Render(error)) => {
                error.hint.clone().into_iter().collect()
            }
            Self::Access(error) => error.hint().into_iter().collect(),
            Self::Output(error) => error.hint().map(str::to_owned).into_iter().collect(),
            Self::Token(failure) => failure.notes.clone(),
            Self::Budget(error) => error.hint().into_iter().collect(),
            Self::Snapshot(error) => error.hint().into_iter().collect(),
            Self::NotRecorded(missing) => missing.hint.clone().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn at(&self) -> Option<crate::span::Span> {
        match self {
            Self::Render(error) | Self::Seal(SealError::Render(error)) => Some(error.at),
            _ => None,
        }
    }
}

fn redaction_error_class(error: &RedactResponseError) -> ErrorClass {
    match error {
        // A rule of the file visits too many values, or the file asks to compare a body that cannot
        // be redacted.
        RedactResponseError::Redaction(_) => ErrorClass::File,
        RedactResponseError::Body(_) => ErrorClass::Recording,
    }
}
