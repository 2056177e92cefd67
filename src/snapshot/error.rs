//! Why a response cannot be compared with a snapshot.

use crate::jsonpath::SearchLimitExceeded;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    #[error("there is no snapshot `{}` yet", .path.display())]
    Missing {
        path: PathBuf,
        /// The response was written beside it as a pending snapshot.
        is_pending: bool,
    },
    /// A broken snapshot is never a missing one: a new one in its place would hide what was
    /// expected.
    #[error("the snapshot cannot be read, {place}: {reason}")]
    Unreadable { place: String, reason: String },
    #[error("the snapshot `{}` cannot be written: {reason}", .path.display())]
    Unwritable { path: PathBuf, reason: String },
    #[error("`{0}` has more units than a run can have, so its snapshots cannot be listed")]
    TooManyUnits(String),
    /// A response that cannot be masked is not written.
    #[error("the response cannot be masked: {0}")]
    MaskFailed(#[from] SearchLimitExceeded),
    #[error("the response cannot be masked: {0}")]
    XmlMaskFailed(String),
}

impl SnapshotError {
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { is_pending: true, .. } => {
                Some("the response is pending: review and accept it with `ingam snapshot review`".to_owned())
            }
            Self::Missing { is_pending: false, .. } => Some(
                "ingam writes no snapshots in CI or with INSTA_UPDATE=no: run it on your machine, accept the snapshot with `ingam snapshot review`, and commit it"
                    .to_owned(),
            ),
            Self::Unreadable { .. } => Some("restore it from git, or delete it and run again to take a new one".to_owned()),
            Self::TooManyUnits(_) => Some("remove cases or params".to_owned()),
            Self::Unwritable { .. } | Self::MaskFailed(_) | Self::XmlMaskFailed(_) => None,
        }
    }
}
