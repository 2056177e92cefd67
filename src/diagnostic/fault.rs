//! A fault in a file as data, and a collection of faults. It refuses to draw or to print.

use super::repair::{Hint, Repair};
use crate::span::Span;
use std::path::PathBuf;

/// How bad a diagnostic is. A warning never changes an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// A place with a text that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabeledSpan {
    pub span: Span,
    pub text: String,
}

/// One fault, with every place that has to do with it; the first label is the main one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub title: String,
    pub labels: Vec<LabeledSpan>,
    /// The file, where no place in it can be shown (it could not be read).
    pub path: Option<PathBuf>,
    pub hints: Vec<String>,
    /// What mends it, as the hints say. A slice is smaller than a list: this type is in many errors.
    pub(crate) repairs: Box<[Repair]>,
}

impl Diagnostic {
    #[must_use]
    pub fn error(title: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            title: title.into(),
            labels: Vec::new(),
            path: None,
            hints: Vec::new(),
            repairs: Box::default(),
        }
    }

    #[must_use]
    pub fn warning(title: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(title)
        }
    }

    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(LabeledSpan {
            span,
            text: text.into(),
        });
        self
    }

    #[must_use]
    pub fn in_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        let Hint { text, repair } = hint.into();
        self.hints.push(text);
        if let Some(repair) = repair {
            let mut repairs = std::mem::take(&mut self.repairs).into_vec();
            repairs.push(repair);
            self.repairs = repairs.into();
        }
        self
    }

    #[must_use]
    pub(crate) fn maybe_hint(self, hint: Option<impl Into<Hint>>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }
}

/// Collects the faults of all files, so that a person sees them in one go.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    diagnostics: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.diagnostics.extend(other.diagnostics);
    }

    /// In the order in which they were found.
    #[must_use]
    pub(crate) fn into_unsorted(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// In the order of files and places, each once.
    #[must_use]
    pub(crate) fn sorted(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| {
            diagnostic
                .labels
                .first()
                .map(|label| (label.span.file, label.span.start))
        });
        // A file that several requests use can report the same fault for each of them.
        self.diagnostics.dedup();
        self.diagnostics
    }
}
