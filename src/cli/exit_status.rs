//! The exit codes: the one table of failure class, code, rank and meaning.
//! `docs/reference/exit-codes.md` is made of it.

use crate::event::{ErrorClass, RunSummary};
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExitStatus {
    #[default]
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

/// Why a command failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureClass {
    /// A check of the command failed.
    Check,
    /// The command line is wrong.
    Usage,
    /// A file of the workspace is wrong.
    File,
    /// Nothing matches the selection.
    Selection,
    /// Network, timeout, store, disk, undo.
    Operation,
    /// A credential is missing, or a person must authorize or trust.
    Credential,
    Budget,
    /// A recording or a snapshot is missing, damaged or too old.
    Recording,
}

/// One row of the table of exit codes.
struct ExitRow {
    status: ExitStatus,
    code: u8,
    /// If a command ends with several statuses, the one with the lowest rank is the exit code.
    rank: u8,
    /// The class of command errors that end with this status.
    failure: Option<FailureClass>,
    /// The class of errors of a run that end with this status.
    run_error: Option<ErrorClass>,
    /// As the documentation says it.
    meaning: &'static str,
}

const fn row(status: ExitStatus, code: u8, rank: u8, meaning: &'static str) -> ExitRow {
    ExitRow {
        status,
        code,
        rank,
        failure: None,
        run_error: None,
        meaning,
    }
}

/// The only place that says which failure ends with which code, and which of two codes counts.
/// In the order of the variants of [`ExitStatus`].
const TABLE: [ExitRow; 12] = [
    row(ExitStatus::Success, 0, 9, "everything passed"),
    ExitRow {
        failure: Some(FailureClass::Check),
        run_error: Some(ErrorClass::Check),
        ..row(
            ExitStatus::ChecksFailed,
            1,
            6,
            "an assertion or a snapshot failed",
        )
    },
    ExitRow {
        failure: Some(FailureClass::Usage),
        run_error: Some(ErrorClass::Usage),
        ..row(ExitStatus::InvalidUsage, 2, 1, "the command line is wrong")
    },
    ExitRow {
        failure: Some(FailureClass::File),
        run_error: Some(ErrorClass::File),
        ..row(ExitStatus::InvalidFile, 3, 2, "a file is wrong")
    },
    ExitRow {
        failure: Some(FailureClass::Selection),
        run_error: Some(ErrorClass::Selection),
        ..row(
            ExitStatus::NothingSelected,
            4,
            8,
            "nothing was selected, or all of it skipped",
        )
    },
    ExitRow {
        failure: Some(FailureClass::Operation),
        run_error: Some(ErrorClass::Unable),
        ..row(
            ExitStatus::OperationFailed,
            5,
            4,
            "it could not be done: network, time-out, store, an undo",
        )
    },
    ExitRow {
        failure: Some(FailureClass::Credential),
        run_error: Some(ErrorClass::Credential),
        ..row(
            ExitStatus::CredentialRequired,
            6,
            3,
            "a credential is missing, or a person must authorize or trust",
        )
    },
    ExitRow {
        failure: Some(FailureClass::Budget),
        run_error: Some(ErrorClass::Budget),
        ..row(ExitStatus::BudgetExhausted, 7, 5, "the budget is used up")
    },
    ExitRow {
        failure: Some(FailureClass::Recording),
        run_error: Some(ErrorClass::Recording),
        ..row(
            ExitStatus::RecordingInvalid,
            8,
            7,
            "a recording or snapshot is missing, damaged or too old (a recording that does not load is 3)",
        )
    },
    row(ExitStatus::HungUp, 129, 0, "interrupted by HUP"),
    row(ExitStatus::Interrupted, 130, 0, "interrupted by INT"),
    row(ExitStatus::Terminated, 143, 0, "interrupted by TERM"),
];

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

    fn row(self) -> &'static ExitRow {
        &TABLE[self as usize]
    }

    #[must_use]
    pub fn code(self) -> u8 {
        self.row().code
    }

    /// If a command ends with several statuses, the one with the lowest rank is the exit code.
    #[must_use]
    pub fn rank(self) -> u8 {
        self.row().rank
    }

    /// As the documentation says it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// The status of a whole run: the most severe of all failures.
    #[must_use]
    pub(crate) fn from_summary(summary: &RunSummary) -> Self {
        // Nothing passed: all was skipped, unless a failure below says more. A job that tested
        // nothing must not be green.
        let mut status = if summary.passed == 0 {
            Self::NothingSelected
        } else {
            Self::Success
        };
        if summary.failed > 0 {
            status = status.most_severe(Self::ChecksFailed);
        }
        if summary.not_undone > 0 {
            status = status.most_severe(Self::OperationFailed);
        }
        TABLE
            .iter()
            .filter(|row| {
                row.run_error
                    .is_some_and(|class| summary.error_classes.contains(&class))
            })
            .fold(status, |status, row| status.most_severe(row.status))
    }

    /// The more severe of two, by rank.
    #[must_use]
    pub(crate) fn most_severe(self, other: Self) -> Self {
        if other.row().rank < self.row().rank {
            other
        } else {
            self
        }
    }

    /// The signal that ended the program with this status.
    #[must_use]
    pub fn signal_name(self) -> Option<&'static str> {
        match self {
            Self::HungUp => Some("HUP"),
            Self::Interrupted => Some("INT"),
            Self::Terminated => Some("TERM"),
            _ => None,
        }
    }

    /// The status of a signal. Any unknown signal counts as an interruption.
    #[must_use]
    pub fn from_signal(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|exit| exit.signal_name() == Some(name))
            .unwrap_or(Self::Interrupted)
    }
}

impl From<FailureClass> for ExitStatus {
    fn from(class: FailureClass) -> Self {
        // A test checks that every class has a row.
        TABLE
            .iter()
            .find(|row| row.failure == Some(class))
            .map_or(Self::OperationFailed, |row| row.status)
    }
}

impl From<ErrorClass> for FailureClass {
    fn from(class: ErrorClass) -> Self {
        // An interrupted run has a signal's status, and no class of failure.
        TABLE
            .iter()
            .find(|row| row.run_error == Some(class))
            .and_then(|row| row.failure)
            .unwrap_or(Self::Operation)
    }
}

impl From<FailureClass> for ErrorClass {
    fn from(class: FailureClass) -> Self {
        // A test checks that every class has a row, and every row of a failure a class of runs.
        TABLE
            .iter()
            .find(|row| row.failure == Some(class))
            .and_then(|row| row.run_error)
            .unwrap_or(Self::Unable)
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
    fn the_table_has_a_row_for_every_status_and_every_class() {
        for (index, status) in ExitStatus::ALL.into_iter().enumerate() {
            assert_eq!(TABLE[index].status, status);
        }
        for class in [
            FailureClass::Check,
            FailureClass::Usage,
            FailureClass::File,
            FailureClass::Selection,
            FailureClass::Operation,
            FailureClass::Credential,
            FailureClass::Budget,
            FailureClass::Recording,
        ] {
            let rows = TABLE.iter().filter(|row| row.failure == Some(class));
            assert_eq!(rows.count(), 1, "{class:?}");
            assert_eq!(FailureClass::from(ErrorClass::from(class)), class);
        }
    }

    #[test]
    fn of_several_codes_the_rank_decides() {
        let order = [3, 6, 5, 7, 1, 8];
        let of_code = |code| ExitStatus::ALL.into_iter().find(|one| one.code() == code);
        for pair in order.windows(2) {
            let (first, second) = (of_code(pair[0]).unwrap(), of_code(pair[1]).unwrap());
            assert_eq!(first.most_severe(second), first);
            assert_eq!(second.most_severe(first), first);
            assert_eq!(
                ExitStatus::Interrupted.most_severe(first),
                ExitStatus::Interrupted
            );
            assert_eq!(ExitStatus::Success.most_severe(second), second);
        }
    }

    #[test]
    fn a_run_ends_with_the_code_of_its_worst_error() {
        let summary = RunSummary {
            passed: 1,
            failed: 1,
            error_classes: vec![ErrorClass::Recording, ErrorClass::Budget],
            ..RunSummary::default()
        };
        assert_eq!(
            ExitStatus::from_summary(&summary),
            ExitStatus::BudgetExhausted
        );
        let not_undone = RunSummary {
            not_undone: 1,
            ..summary
        };
        assert_eq!(
            ExitStatus::from_summary(&not_undone),
            ExitStatus::OperationFailed
        );
        assert_eq!(
            ExitStatus::from_summary(&RunSummary::default()),
            ExitStatus::NothingSelected
        );
    }
}
