//! The error type of all commands. `cli::run` prints it and turns its class into the exit code.

use super::exit_status::FailureClass;
use crate::diagnostic::{Diagnostic, Severity, pluralize};
use crate::span::SourceMap;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) class: FailureClass,
    /// What happened. It holds no secret.
    pub(crate) message: String,
    /// Faults in files of the workspace. If it is set, `message` only has their number.
    pub(crate) place: Option<Box<SourceFaults>>,
    /// What to do.
    pub(crate) hints: Vec<String>,
}

/// Faults with their places, and the files that the places are in; made by [`shown_faults`], which
/// hides credentials.
///
/// [`shown_faults`]: super::shown_faults::shown_faults
#[derive(Clone, Debug)]
pub(crate) struct SourceFaults {
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) sources: SourceMap,
}

impl SourceFaults {
    pub(crate) fn error_count(&self) -> usize {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .count()
    }
}

impl CommandError {
    pub(crate) fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            place: None,
            hints: Vec::new(),
        }
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Usage, message)
    }

    /// A file of the workspace is wrong.
    pub(crate) fn file(message: impl Into<String>) -> Self {
        Self::new(FailureClass::File, message)
    }

    /// Nothing matches the selection.
    pub(crate) fn selection(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Selection, message)
    }

    /// A failure of network, store or disk.
    pub(crate) fn operation(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Operation, message)
    }

    /// A credential is missing, or a person must authorize or trust.
    pub(crate) fn credential(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Credential, message)
    }

    /// Files with faults, each with its place.
    pub(crate) fn faults(place: SourceFaults) -> Self {
        Self {
            message: format!("{} found", pluralize(place.error_count(), "fault")),
            place: Some(Box::new(place)),
            ..Self::file("")
        }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }
}
