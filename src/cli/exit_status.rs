//! The exit codes: the one place where they are numbers. The table of the README is held to this
//! one by a test.

use crate::event::{ErrorClass, RunSummary};
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    Success,
    ChecksFailed,
    InvalidUsage,
    InvalidFile,
    NothingSelected,
    OperationFailed,
    CredentialRequired,
    BudgetExhausted,
    RecordingInvalid,
    HungUp,
    Interrupted,
    Terminated,
}

impl ExitStatus {
    pub const ALL: [Self; 12] = [
        Self::Success,
        Self::ChecksFailed,
        Self::InvalidUsage,
        Self::InvalidFile,
        Self::NothingSelected,
        Self::OperationFailed,
        Self::CredentialRequired,
        Self::BudgetExhausted,
        Self::RecordingInvalid,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::ChecksFailed => 1,
            Self::InvalidUsage => 2,
            Self::InvalidFile => 3,
            Self::NothingSelected => 4,
            Self::OperationFailed => 5,
            Self::CredentialRequired => 6,
            Self::BudgetExhausted => 7,
            Self::RecordingInvalid => 8,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// As the README says it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "everything passed",
            Self::ChecksFailed => "an assertion or a snapshot failed",
            Self::InvalidUsage => "the command line is wrong",
            Self::InvalidFile => "a file is wrong",
            Self::NothingSelected => "nothing was selected, or all of it skipped",
            Self::OperationFailed => "it could not be done: network, time-out, store, an undo",
            Self::CredentialRequired => {
                "a credential is missing, or a person must authorize or trust"
            }
            Self::BudgetExhausted => "the budget is used up",
            Self::RecordingInvalid => {
                "a recording or snapshot is missing, damaged or too old (a recording that does not load is 3)"
            }
            Self::HungUp => "interrupted by HUP",
            Self::Interrupted => "interrupted by INT",
            Self::Terminated => "interrupted by TERM",
        }
    }

    /// The code of a whole run: of several, the first of 3, 6, 5, 7, 1, 8.
    #[must_use]
    pub fn from_summary(summary: &RunSummary) -> Self {
        let has = |trouble: ErrorClass| summary.error_classes.contains(&trouble);
        let order = [
            (ErrorClass::File, Self::InvalidFile),
            (ErrorClass::Credential, Self::CredentialRequired),
            (ErrorClass::Unable, Self::OperationFailed),
        ];
        if let Some((_, exit)) = order.into_iter().find(|(trouble, _)| has(*trouble)) {
            return exit;
        }
        if summary.not_undone > 0 {
            return Self::OperationFailed;
        }
        match summary {
            _ if has(ErrorClass::Budget) => Self::BudgetExhausted,
            summary if summary.failed > 0 => Self::ChecksFailed,
            _ if has(ErrorClass::Recording) => Self::RecordingInvalid,
            summary if summary.passed == 0 => Self::NothingSelected,
            _ => Self::Success,
        }
    }
}

impl ExitStatus {
    /// Of two, the one that counts: an interruption, then what is further up in the order of the
    /// README.
    #[must_use]
    pub fn most_severe(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::HungUp | Self::Interrupted | Self::Terminated => 0,
            Self::InvalidUsage => 1,
            Self::InvalidFile => 2,
            Self::CredentialRequired => 3,
            Self::OperationFailed => 4,
            Self::BudgetExhausted => 5,
            Self::ChecksFailed => 6,
            Self::RecordingInvalid => 7,
            Self::NothingSelected => 8,
            Self::Success => 9,
        };
        if rank(other) < rank(self) {
            other
        } else {
            self
        }
    }

    /// The signal that it stands for.
    #[must_use]
    pub fn signal_name(self) -> Option<&'static str> {
        match self {
            Self::HungUp => Some("HUP"),
            Self::Interrupted => Some("INT"),
            Self::Terminated => Some("TERM"),
            _ => None,
        }
    }

    /// The other way round; any other signal is an interruption, too.
    #[must_use]
    pub fn from_signal(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|exit| exit.signal_name() == Some(name))
            .unwrap_or(Self::Interrupted)
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(exit: ExitStatus) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_codes_the_order_of_the_readme_decides() {
        assert_eq!(
            ExitStatus::Success.most_severe(ExitStatus::OperationFailed),
            ExitStatus::OperationFailed
        );
        assert_eq!(
            ExitStatus::ChecksFailed.most_severe(ExitStatus::OperationFailed),
            ExitStatus::OperationFailed
        );
        assert_eq!(
            ExitStatus::CredentialRequired.most_severe(ExitStatus::OperationFailed),
            ExitStatus::CredentialRequired
        );
        assert_eq!(
            ExitStatus::Interrupted.most_severe(ExitStatus::OperationFailed),
            ExitStatus::Interrupted
        );
    }
}
