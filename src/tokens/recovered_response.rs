//! What became of a token response that was found on this machine: in words, for the user.

use super::error::StoreError;
use super::family_record::{FamilyKey, FamilyLabel};
use std::path::PathBuf;

/// A response that an earlier process left on this machine.
pub(crate) struct RecoveredResponse {
    pub(super) path: PathBuf,
    /// `None` if the response cannot be read.
    pub(super) family: Option<(FamilyKey, FamilyLabel)>,
    pub(super) outcome: RecoveryOutcome,
}

pub(super) enum RecoveryOutcome {
    /// It is in the database now.
    HandedOver,
    /// The database has newer tokens, or none any more.
    Superseded,
    /// It fits, and could not be put into the database.
    Waiting(StoreError),
    /// It stays where it is.
    Unreadable(StoreError),
}

impl RecoveredResponse {
    /// For a folder that cannot be read.
    #[must_use]
    pub(super) fn unreadable_folder(error: StoreError) -> Self {
        Self {
            path: PathBuf::new(),
            family: None,
            outcome: RecoveryOutcome::Unreadable(error),
        }
    }

    /// The family whose next renewal uses the response.
    #[must_use]
    pub(crate) fn handed_over(&self) -> Option<&FamilyKey> {
        match (&self.outcome, &self.family) {
            (RecoveryOutcome::HandedOver, Some((key, _))) => Some(key),
            _ => None,
        }
    }

    /// Whether the response is still on this machine and needs the user.
    #[must_use]
    pub(crate) fn is_error(&self) -> bool {
        matches!(
            self.outcome,
            RecoveryOutcome::Unreadable(_) | RecoveryOutcome::Waiting(_)
        )
    }

    #[must_use]
    pub(crate) fn message(&self) -> String {
        let account = match &self.family {
            Some((key, label)) => {
                format!("`{}` ({} {})", label.account, key.scheme, key.token)
            }
            None => "an account".to_owned(),
        };
        match &self.outcome {
            RecoveryOutcome::HandedOver => format!(
                "the token response of {account} that an earlier run stored on this machine is now in the database; the next renewal uses it"
            ),
            RecoveryOutcome::Superseded => format!(
                "the token response of {account} that an earlier run stored on this machine was deleted, because another process replaced or deleted the tokens in the database"
            ),
            RecoveryOutcome::Waiting(error) => format!(
                "the token response of {account} that an earlier run stored on this machine, `{}`, cannot be written to the database: {error}",
                self.path.display()
            ),
            RecoveryOutcome::Unreadable(error) => {
                format!(
                    "a token response that an earlier run stored on this machine cannot be read: {error}"
                )
            }
        }
    }

    /// What to do.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<String> {
        match &self.outcome {
            RecoveryOutcome::HandedOver | RecoveryOutcome::Superseded => None,
            RecoveryOutcome::Waiting(_) => {
                Some("the file is kept; the next run on this machine tries again".to_owned())
            }
            RecoveryOutcome::Unreadable(error) => Some(match error.hint() {
                Some(hint) => {
                    format!(
                        "the file is kept, and ingam does not renew tokens of its account; {hint}"
                    )
                }
                None => {
                    "the file is kept, and ingam does not renew tokens of its account".to_owned()
                }
            }),
        }
    }
}
