//! The class of the errors that a run and a command share. This is the only place that classifies
//! them: the class decides the exit code, so a run and a command that meet the same error end alike.

use super::access::AccessError;
use crate::budget::BudgetError;
use crate::event::ErrorClass;
use crate::renew::RefreshError;
use crate::sign::SealError;
use crate::snapshot::SnapshotError;
use crate::tokens::StoreError;
use crate::transport::TransportError;

impl From<&AccessError> for ErrorClass {
    fn from(error: &AccessError) -> Self {
        match error {
            AccessError::Credential(_) | AccessError::Untrusted { .. } => Self::Credential,
            AccessError::Account { .. }
            | AccessError::Region { .. }
            | AccessError::RegionNotText { .. }
            | AccessError::NoHost { .. }
            | AccessError::UnnamedHost { .. }
            | AccessError::HostValue(_)
            | AccessError::TestCredential(_) => Self::File,
        }
    }
}

impl From<&BudgetError> for ErrorClass {
    fn from(error: &BudgetError) -> Self {
        if error.is_exhausted() {
            Self::Budget
        } else {
            // The counts are not known. That is no reason to tell a script to wait for free calls.
            Self::Unable
        }
    }
}

impl From<&StoreError> for ErrorClass {
    fn from(error: &StoreError) -> Self {
        if error.needs_user_action() {
            Self::Credential
        } else {
            Self::Unable
        }
    }
}

impl From<&RefreshError> for ErrorClass {
    fn from(error: &RefreshError) -> Self {
        if error.is_over_budget {
            Self::Budget
        } else if error.needs_user_action {
            Self::Credential
        } else {
            Self::Unable
        }
    }
}

impl From<&SealError> for ErrorClass {
    fn from(error: &SealError) -> Self {
        match error {
            SealError::Render(_) | SealError::Wire(_) => Self::File,
            // A key in another form than the scheme asks for.
            _ => Self::Credential,
        }
    }
}

impl From<&SnapshotError> for ErrorClass {
    fn from(error: &SnapshotError) -> Self {
        match error {
            SnapshotError::Missing { .. } | SnapshotError::Unreadable { .. } => Self::Recording,
            SnapshotError::MaskFailed(_)
            | SnapshotError::XmlMaskFailed(_)
            | SnapshotError::TooManyUnits(_) => Self::File,
            SnapshotError::Unwritable { .. } => Self::Unable,
        }
    }
}

impl From<&TransportError> for ErrorClass {
    fn from(_: &TransportError) -> Self {
        Self::Unable
    }
}
