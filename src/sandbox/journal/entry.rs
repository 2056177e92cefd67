//! One request in the journal.

use super::signature_report::SignatureReport;
use super::suspect_signature::SuspectSignature;
use crate::model::scheme::VerifyFault;
use std::sync::Arc;

/// What a marketplace decided about a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum VerdictKind {
    /// The request is right.
    #[default]
    Accepted,
    /// The marketplace refuses it.
    Refused,
    /// The request is right, and nothing is recorded for it.
    Unrecorded,
}

impl VerdictKind {
    pub(crate) const ALL: [Self; 3] = [Self::Accepted, Self::Refused, Self::Unrecorded];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unrecorded => "unrecorded",
        }
    }
}

/// A verdict, and why.
#[derive(Debug, Default)]
pub(crate) struct ReplyVerdict {
    pub(crate) kind: VerdictKind,
    pub(crate) fault: Option<VerifyFault>,
    /// `query.sign`
    pub(crate) location: Option<String>,
    /// Why, if no fault says it.
    pub(crate) note: Option<String>,
    /// Whose request it is.
    pub(crate) account: Option<String>,
    /// The signature that was refused.
    pub(crate) suspect: Option<Box<SuspectSignature>>,
}

impl ReplyVerdict {
    #[must_use]
    pub(crate) fn noted(kind: VerdictKind, note: impl Into<String>) -> Self {
        Self {
            kind,
            note: Some(note.into()),
            ..Self::default()
        }
    }
}

/// A request as it is shown; taken before the marketplace reads it.
#[derive(Clone, Debug)]
pub(crate) struct ArrivedCall {
    /// Unix milliseconds on the clock of this machine.
    pub(crate) at_ms: i64,
    pub(crate) scheme: Arc<str>,
    pub(crate) method: String,
    /// Path and query; foreign credentials are replaced.
    pub(crate) target: String,
}

/// What is known about the mistake in a signature.
#[derive(Clone, Debug)]
pub(super) enum DiagnosisState {
    /// No signature was refused.
    NotNeeded,
    Pending,
    Done(Arc<SignatureReport>),
    /// Why there is none.
    LeftOut(&'static str),
}

/// One request that was answered.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// Counts all requests since the start; the first is 1.
    pub(super) number: u64,
    pub(super) call: ArrivedCall,
    /// `None` if the connection was closed without a response.
    pub(super) status: Option<u16>,
    pub(super) kind: VerdictKind,
    pub(super) fault: Option<VerifyFault>,
    pub(super) location: Option<String>,
    pub(super) note: Option<String>,
    pub(super) account: Option<String>,
    pub(super) diagnosis: DiagnosisState,
}

impl JournalEntry {
    /// About how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let diagnosis = match &self.diagnosis {
            DiagnosisState::Done(report) => report.size(),
            _ => 0,
        };
        size_of::<Self>()
            + self.call.method.len()
            + self.call.target.len()
            + text(&self.location)
            + text(&self.note)
            + text(&self.account)
            + diagnosis
    }

    pub(super) fn is_pending(&self) -> bool {
        matches!(self.diagnosis, DiagnosisState::Pending)
    }
}
