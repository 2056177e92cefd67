//! The exit codes: the one place where they are numbers. The table of the README is held to this one by a test.

use crate::event::{ErrorClass, RunSummary};
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Success,
    Failed,
    Usage,
    BadFile,
    NothingSelected,
    Unable,
    Credential,
    Budget,
    Recording,
    HungUp,
    Interrupted,
    Terminated,
}

impl Exit {
    pub const ALL: [Self; 12] = [
        Self::Success,
        Self::Failed,
        Self::Usage,
        Self::BadFile,
        Self::NothingSelected,
        Self::Unable,
        Self::Credential,
        Self::Budget,
        Self::Recording,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::BadFile => 3,
            Self::NothingSelected => 4,
            Self::Unable => 5,
            Self::Credential => 6,
            Self::Budget => 7,
            Self::Recording => 8,
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
            Self::Failed => "an assertion or a snapshot failed",
            Self::Usage => "the command line is wrong",
            Self::BadFile => "a file is wrong",
            Self::NothingSelected => "nothing was selected, or all of it skipped",
            Self::Unable => "it could not be done: network, time-out, store, an undo",
            Self::Credential => "a credential is missing, or a person must authorize or trust",
            Self::Budget => "the budget is used up",
            Self::Recording => "a recording or snapshot is missing, damaged or too old (a recording that does not load is 3)",
            Self::HungUp => "interrupted by HUP",
            Self::Interrupted => "interrupted by INT",
            Self::Terminated => "interrupted by TERM",
        }
    }

    /// The code of a whole run: of several, the first of 3, 6, 5, 7, 1, 8.
    #[must_use]
    pub fn of(summary: &RunSummary) -> Self {
        let has = |trouble: ErrorClass| summary.error_classes.contains(&trouble);
        let order =
            [(ErrorClass::File, Self::BadFile), (ErrorClass::Credential, Self::Credential), (ErrorClass::Unable, Self::Unable)];
        if let Some((_, exit)) = order.into_iter().find(|(trouble, _)| has(*trouble)) {
            return exit;
        }
        if summary.not_undone > 0 {
            return Self::Unable;
        }
        match summary {
            _ if has(ErrorClass::Budget) => Self::Budget,
            summary if summary.failed > 0 => Self::Failed,
            _ if has(ErrorClass::Recording) => Self::Recording,
            summary if summary.passed == 0 => Self::NothingSelected,
            _ => Self::Success,
        }
    }
}

impl Exit {
    /// Of two, the one that counts: an interruption, then what is further up in the order of the README.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::HungUp | Self::Interrupted | Self::Terminated => 0,
            Self::Usage => 1,
            Self::BadFile => 2,
            Self::Credential => 3,
            Self::Unable => 4,
            Self::Budget => 5,
            Self::Failed => 6,
            Self::Recording => 7,
            Self::NothingSelected => 8,
            Self::Success => 9,
        };
        if rank(other) < rank(self) { other } else { self }
    }

    /// The signal that it stands for.
    #[must_use]
    pub fn signal(self) -> Option<&'static str> {
        match self {
            Self::HungUp => Some("HUP"),
            Self::Interrupted => Some("INT"),
            Self::Terminated => Some("TERM"),
            _ => None,
        }
    }

    /// The other way round; any other signal is an interruption, too.
    #[must_use]
    pub fn of_signal(name: &str) -> Self {
        Self::ALL.into_iter().find(|exit| exit.signal() == Some(name)).unwrap_or(Self::Interrupted)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_codes_the_order_of_the_readme_decides() {
        assert_eq!(Exit::Success.or(Exit::Unable), Exit::Unable);
        assert_eq!(Exit::Failed.or(Exit::Unable), Exit::Unable);
        assert_eq!(Exit::Credential.or(Exit::Unable), Exit::Credential);
        assert_eq!(Exit::Interrupted.or(Exit::Unable), Exit::Interrupted);
    }
}
