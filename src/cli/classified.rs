//! The failure class of each error of other rooms, and so its exit code. Errors that runs meet as
//! well take the class that runs give them.

use super::command_error::CommandError;
use super::exit_status::FailureClass;
use crate::budget::BudgetError;
use crate::core_dump::CoreDumpError;
use crate::credentials::CredentialError;
use crate::event::ErrorClass;
use crate::host::RandomError;
use crate::ledger::LedgerError;
use crate::plan::SelectionError;
use crate::recording::FolderError;
use crate::renew::RefreshError;
use crate::report::{MergeError, ReportError};
use crate::run::AccessError;
use crate::sandbox::{AuthorityError, SandboxError, TestCredentialError};
use crate::sign::SealError;
use crate::snapshot::SnapshotError;
use crate::tokens::StoreError;
use crate::transport::TransportError;
use crate::trust::TrustError;
use std::fmt::Display;
use std::io::ErrorKind;

/// An error with a failure class. Its message and its hints hold no secret.
pub(crate) trait Classified: Display {
    fn failure_class(&self) -> FailureClass;

    /// What to do.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<E: Classified> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self::new(error.failure_class(), error.to_string()).hints(error.hints())
    }
}

impl Classified for StoreError {
    fn failure_class(&self) -> FailureClass {
        ErrorClass::from(self).into()
    }

    fn hints(&self) -> Vec<String> {
        self.hint().into_iter().collect()
    }
}

impl Classified for RandomError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::Operation
    }
}

impl Classified for CoreDumpError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::Operation
    }

    fn hints(&self) -> Vec<String> {
        vec![
            "allow the system calls `setrlimit` and `prctl` in this sandbox or container"
                .to_owned(),
        ]
    }
}

impl Classified for BudgetError {
    fn failure_class(&self) -> FailureClass {
        ErrorClass::from(self).into()
    }

    fn hints(&self) -> Vec<String> {
        self.hint().into_iter().collect()
    }
}

impl Classified for CredentialError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::Credential
    }

    fn hints(&self) -> Vec<String> {
        self.hint().into_iter().collect()
    }
}

impl Classified for AccessError {
    fn failure_class(&self) -> FailureClass {
        match self {
            // This conversion is used outside of runs only. There the account comes from the
            // command line, while in a run it comes from a file.
            Self::Account { .. } => FailureClass::Usage,
            error => ErrorClass::from(error).into(),
        }
    }

    fn hints(&self) -> Vec<String> {
        self.hint().into_iter().collect()
    }
}

/// The caller redacts reason and notes first: they may quote a response.
impl Classified for RefreshError {
    fn failure_class(&self) -> FailureClass {
        ErrorClass::from(self).into()
    }

    fn hints(&self) -> Vec<String> {
        self.notes.clone()
    }
}

impl Classified for SelectionError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::Selection
    }

    fn hints(&self) -> Vec<String> {
        self.hint().map(str::to_owned).into_iter().collect()
    }
}

impl Classified for MergeError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::File
    }

    fn hints(&self) -> Vec<String> {
        vec![self.hint().to_owned()]
    }
}

impl Classified for ReportError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::Operation
    }
}

impl Classified for SnapshotError {
    fn failure_class(&self) -> FailureClass {
        ErrorClass::from(self).into()
    }

    fn hints(&self) -> Vec<String> {
        self.hint().into_iter().collect()
    }
}

impl Classified for FolderError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::Operation
    }
}

impl Classified for LedgerError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::Operation
    }
}

impl Classified for TrustError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::Operation
    }
}

impl Classified for SandboxError {
    fn failure_class(&self) -> FailureClass {
        match self {
            Self::PortPlan(_) => FailureClass::Usage,
            _ => FailureClass::Operation,
        }
    }

    fn hints(&self) -> Vec<String> {
        let Self::Bind(error) = self else {
            return Vec::new();
        };
        let hint = match error.source.kind() {
            ErrorKind::AddrNotAvailable => "name an address of this machine with `--bind`",
            ErrorKind::PermissionDenied => {
                "ports below 1024 need administrator rights on this system: choose other ports with `--port`"
            }
            _ => "choose other ports with `--port`, or 0 for a free port",
        };
        vec![hint.to_owned()]
    }
}

impl Classified for AuthorityError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::Operation
    }

    fn hints(&self) -> Vec<String> {
        vec!["delete the folder that `ingam sandbox ca` shows: ingam then creates a new certificate authority".to_owned()]
    }
}

/// The scheme or the account has a value that no test key can be made from.
impl Classified for TestCredentialError {
    fn failure_class(&self) -> FailureClass {
        FailureClass::File
    }
}

impl Classified for TransportError {
    fn failure_class(&self) -> FailureClass {
        ErrorClass::from(self).into()
    }
}

impl Classified for SealError {
    fn failure_class(&self) -> FailureClass {
        ErrorClass::from(self).into()
    }
}
