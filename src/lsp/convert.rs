//! Faults and edits of `editor` as the protocol writes them.

use super::line_index::{ColumnUnit, LineIndex};
use super::open_workspace::OpenWorkspace;
use super::runs::RunFailure;
use super::uri::uri_of;
use crate::diagnostic::{Diagnostic, LabeledSpan, Severity};
use crate::editor::BufferEdit;
use lsp_types::{
    Diagnostic as LspDiagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Range,
    TextEdit as LspTextEdit, Uri,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Turns places in the files of one workspace into positions; each file is indexed once.
pub(super) struct Places<'w> {
    open: &'w OpenWorkspace,
    unit: ColumnUnit,
    lines: BTreeMap<PathBuf, LineIndex>,
}

impl<'w> Places<'w> {
    pub(super) fn new(open: &'w OpenWorkspace, unit: ColumnUnit) -> Self {
        Self {
            open,
            unit,
            lines: BTreeMap::new(),
        }
    }

    /// The URI of a file of the workspace, with the root as the client spells it.
    #[must_use]
    pub(super) fn uri(&self, path: &Path) -> Option<Uri> {
        uri_of(&self.open.client_root.join(path))
    }

    pub(super) fn range(&mut self, path: &Path, range: std::ops::Range<usize>) -> Range {
        let Some(text) = self.open.editor.text(path) else {
            return Range::default();
        };
        let unit = self.unit;
        let lines = self
            .lines
            .entry(path.to_owned())
            .or_insert_with(|| LineIndex::new(text, unit));
        lines.range(text, range)
    }

    pub(super) fn edit(&mut self, path: &Path, edit: &BufferEdit) -> LspTextEdit {
        LspTextEdit::new(self.range(path, edit.range.clone()), edit.text.clone())
    }

    /// A fault as it is shown at its first place; the other places are related ones.
    pub(super) fn diagnostic(&mut self, path: &Path, fault: &Diagnostic) -> LspDiagnostic {
        let main = fault.labels.first();
        let others = fault.labels.iter().skip(1);
        let related: Vec<_> = others.filter_map(|label| self.related(label)).collect();
        LspDiagnostic {
            range: main.map_or_else(Range::default, |label| self.range(path, label.span.range())),
            severity: Some(match fault.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
            }),
            source: Some("ingam".to_owned()),
            message: message_of(fault),
            related_information: (!related.is_empty()).then_some(related),
            ..LspDiagnostic::default()
        }
    }

    /// A failed assertion of a run, at what it expects.
    pub(super) fn failure(&mut self, failure: &RunFailure) -> LspDiagnostic {
        let path = &failure.place.file;
        let text = self.open.editor.text(path).cloned().unwrap_or_default();
        let start = offset_of(&text, failure.place.line, failure.place.column);
        let end = self.open.editor.value_end(path, start).unwrap_or(start);
        LspDiagnostic {
            range: self.range(path, start..end),
            severity: Some(DiagnosticSeverity::ERROR),
            source: Some("ingam run".to_owned()),
            message: failure.message.clone(),
            ..LspDiagnostic::default()
        }
    }

    fn related(&mut self, label: &LabeledSpan) -> Option<DiagnosticRelatedInformation> {
        // A built-in scheme is no file of the workspace.
        let path = self.open.editor.path_of(label.span.file)?.to_owned();
        Some(DiagnosticRelatedInformation {
            location: Location::new(self.uri(&path)?, self.range(&path, label.span.range())),
            message: label.text.clone(),
        })
    }
}

/// The byte of a line and a column in characters, both counted from one.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let mut letters = rest.char_indices().skip(column.saturating_sub(1));
    letters.next().map_or(text.len(), |(at, _)| start + at)
}

/// The title, what stands at the place, and the hints, as `ingam check` writes them.
fn message_of(fault: &Diagnostic) -> String {
    let mut text = fault.title.clone();
    if let Some(label) = fault.labels.first()
        && !label.text.is_empty()
    {
        text = format!("{text}: {}", label.text);
    }
    for hint in &fault.hints {
        text = format!("{text}\nhelp: {hint}");
    }
    text
}
