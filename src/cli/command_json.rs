//! Results of commands as JSON, for scripts. `docs/how-to/keyboard.md` describes the members.

use super::command_error::{CommandError, SourceFaults};
use crate::diagnostic::{Diagnostic, Severity};
use crate::span::{SourceMap, Span};
use serde::Serialize;

/// # Errors
/// Never for the types of this program, which have no maps with keys other than text.
pub(crate) fn to_json(document: &impl Serialize) -> Result<String, CommandError> {
    serde_json::to_string_pretty(document)
        .map_err(|error| CommandError::operation(format!("the result cannot be written: {error}")))
}

/// A place of a file, all counted from one.
#[derive(Serialize)]
pub(crate) struct JsonPlace {
    file: String,
    line: usize,
    /// In characters.
    column: usize,
}

impl JsonPlace {
    /// `None` for a place in no file.
    pub(crate) fn of(span: Span, sources: &SourceMap) -> Option<Self> {
        let source = sources.get(span.file)?;
        let position = source.position(span.start as usize);
        Some(Self {
            file: source.path.display().to_string(),
            line: position.line,
            column: position.column,
        })
    }
}

/// A fault of a file.
#[derive(Serialize)]
pub(crate) struct JsonFault {
    severity: &'static str,
    message: String,
    /// `null` for a file that could not be read, and for what stands in no file.
    place: Option<JsonPlace>,
    file: Option<String>,
    /// What stands at the place, and further places that have to do with it.
    labels: Vec<JsonLabel>,
    hints: Vec<String>,
}

#[derive(Serialize)]
struct JsonLabel {
    place: Option<JsonPlace>,
    text: String,
}

impl JsonFault {
    pub(crate) fn all(faults: &SourceFaults) -> Vec<Self> {
        let sources = &faults.sources;
        let faults = faults.diagnostics.iter();
        faults.map(|fault| Self::new(fault, sources)).collect()
    }

    fn new(fault: &Diagnostic, sources: &SourceMap) -> Self {
        let labels = fault.labels.iter().map(|label| JsonLabel {
            place: JsonPlace::of(label.span, sources),
            text: label.text.clone(),
        });
        let labels = labels.collect();
        let main = fault.labels.first();
        let place = main.and_then(|label| JsonPlace::of(label.span, sources));
        let file = place.as_ref().map(|place| place.file.clone());
        Self {
            severity: match fault.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            message: fault.title.clone(),
            file: file.or_else(|| fault.path.as_ref().map(|path| path.display().to_string())),
            place,
            labels,
            hints: fault.hints.clone(),
        }
    }
}
