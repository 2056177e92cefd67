//! Errors and warnings of a command as notices for the reports of its run, so that each fault that
//! the terminal shows is in every report too.

use super::command_error::{CommandError, SourceFaults};
use super::warnings::CommandWarning;
use crate::diagnostic::{Diagnostic, Severity};
use crate::event::{ErrorClass, RunNotice};
use crate::redact::Redactor;
use crate::span::{SourceMap, SourcePosition, Span};

/// Notices, and the files that their places are in.
pub(super) struct SourcedNotices {
    pub(super) notices: Vec<RunNotice>,
    pub(super) sources: SourceMap,
}

impl SourcedNotices {
    fn without_places(notice: RunNotice) -> Self {
        Self {
            notices: vec![notice],
            sources: SourceMap::default(),
        }
    }

    /// An error; one notice for each fault if files have faults.
    pub(super) fn of_error(error: &CommandError, redactor: &mut Redactor) -> Self {
        let class = ErrorClass::from(error.class);
        let hints = redacted(&error.hints, redactor);
        if let Some(faults) = &error.place {
            let mut converted = Self::of_faults(faults, class, redactor);
            if let Some(first) = converted.notices.first_mut() {
                first.hints.extend(hints);
            }
            return converted;
        }
        let message = redactor.redact_for_display(&error.message);
        Self::without_places(RunNotice::error(class, message).hints(hints))
    }

    pub(super) fn of_warning(warning: &CommandWarning, redactor: &mut Redactor) -> Self {
        match warning {
            CommandWarning::Text(text, hint) => {
                let hints = redacted(hint.as_slice(), redactor);
                let message = redactor.redact_for_display(text);
                Self::without_places(RunNotice::warning(message).hints(hints))
            }
            // The severity of each fault decides; those of a warning have none that is an error.
            CommandWarning::Faults(faults) => Self::of_faults(faults, ErrorClass::File, redactor),
        }
    }

    /// `class` is that of the faults that are errors.
    pub(super) fn of_faults(
        faults: &SourceFaults,
        class: ErrorClass,
        redactor: &mut Redactor,
    ) -> Self {
        let mut sources = faults.sources.clone();
        let mut notices = Vec::new();
        for diagnostic in &faults.diagnostics {
            let at = diagnostic_place(diagnostic, &mut sources);
            let message = redactor.redact_for_display(&diagnostic_text(diagnostic, &sources));
            let notice = match diagnostic.severity {
                Severity::Error => RunNotice::error(class, message),
                Severity::Warning => RunNotice::warning(message),
            };
            let hints = redacted(&diagnostic.hints, redactor);
            notices.push(notice.at(at).hints(hints));
        }
        Self { notices, sources }
    }
}

fn redacted(texts: &[String], redactor: &mut Redactor) -> Vec<crate::redact::RedactedText> {
    texts
        .iter()
        .map(|text| redactor.redact_for_display(text))
        .collect()
}

/// The main place; of a file that could not be read its first line.
fn diagnostic_place(diagnostic: &Diagnostic, sources: &mut SourceMap) -> Option<Span> {
    if let Some(label) = diagnostic.labels.first() {
        return Some(label.span);
    }
    let path = diagnostic.path.as_ref()?;
    Some(sources.add_external(path.clone(), SourcePosition { line: 1, column: 1 }))
}

/// The title and the text of the main place, then the other places, a line each.
fn diagnostic_text(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut text = diagnostic.title.clone();
    for (number, label) in diagnostic.labels.iter().enumerate() {
        match (number, label.text.as_str()) {
            (0, "") => {}
            (0, label_text) => text.push_str(&format!(": {label_text}")),
            (_, label_text) => {
                let place = sources.location(label.span);
                text.push_str(&format!("\n{place}: {label_text}"));
            }
        }
    }
    text
}
