//! Why a step has no result, and the class of that error.

use super::access::AccessError;
use super::response_secrets::ResponseSecretError;
use super::run_recordings::{CompareError, RedactResponseError};
use crate::budget::BudgetError;
use crate::diagnostic::pluralize;
use crate::event::ErrorClass;
use crate::ledger::LedgerError;
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
    #[error(transparent)]
    Token(#[from] RefreshError),
    #[error(transparent)]
    Budget(Box<BudgetError>),
    #[error("nothing is recorded for this request: {}", .0.reason)]
    NotRecorded(MissingRecording),
    /// Rounds of `for_each`.
    #[error(
        "`for_each` has {} here, and {recorded} in the recording of this response: record the file again",
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
    #[error("what is secret in the response cannot be hidden, so nothing of it is used: {0}")]
    Secrets(ResponseSecretError),
    #[error("nothing is created before the ledger has an entry for it: {0}")]
    LedgerNotOpened(LedgerError),
    #[error("the ledger cannot keep what it needs for the undo: {0}")]
    UndoNotKept(LedgerError),
    #[error(
        "its undo holds a secret or personal data of a response, and the ledger cannot keep it sealed: {0}"
    )]
    UndoNotSealed(StoreError),
    /// The user asked the run to stop.
    #[error("interrupted")]
    Interrupted,
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
    pub(super) fn error_class(&self) -> ErrorClass {
        match self {
            Self::Render(_) | Self::Secrets(_) => ErrorClass::File,
            Self::Seal(error) => error.into(),
            Self::Access(error) => error.into(),
            Self::Transport(error) => error.into(),
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
            Self::Interrupted => ErrorClass::Interrupted,
        }
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::Render(error) | Self::Seal(SealError::Render(error)) => {
                error.hint.clone().into_iter().collect()
            }
            Self::Access(error) => error.hint().into_iter().collect(),
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
