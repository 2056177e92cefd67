//! Draws diagnostics: the lines of the file, carets under the place, hints below.

use super::fault::{Diagnostic, LabeledSpan, Severity};
use crate::span::{FileId, SourceFile, SourceMap};
use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// Turns diagnostics into text, with or without colour.
pub(crate) struct DiagnosticRenderer {
    renderer: Renderer,
}

impl DiagnosticRenderer {
    /// `width` in columns.
    #[must_use]
    pub(crate) fn new(colour: bool, width: usize) -> Self {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        Self {
            renderer: renderer.term_width(width),
        }
    }

    /// The whole picture of one diagnostic, ending without a newline.
    #[must_use]
    pub(crate) fn render(&self, diagnostic: &Diagnostic, sources: &SourceMap) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let group = level
            .primary_title(diagnostic.title.as_str())
            .elements(snippets(diagnostic, sources));
        let hints = diagnostic
            .hints
            .iter()
            .map(|hint| Element::from(Level::HELP.message(hint.as_str())));
        self.renderer.render(&[group.elements(hints)])
    }
}

/// One snippet for each file that a label is in, in the order of the labels.
fn snippets<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Element<'a>> {
    let mut files: Vec<_> = diagnostic
        .labels
        .iter()
        .map(|label| label.span.file)
        .collect();
    files.dedup();
    let mut elements: Vec<Element<'a>> = files
        .into_iter()
        .filter_map(|file| file_snippet(diagnostic, file, sources.get(file)?))
        .collect();
    if let Some(path) = &diagnostic.path {
        elements.push(Element::from(Origin::path(
            path.to_string_lossy().into_owned(),
        )));
    }
    elements
}

/// The labels of one file, under the lines that they point to.
fn file_snippet<'a>(
    diagnostic: &'a Diagnostic,
    file: FileId,
    source: &'a SourceFile,
) -> Option<Element<'a>> {
    let main = diagnostic.labels.first()?.span;
    let labels = diagnostic
        .labels
        .iter()
        .filter(move |label| label.span.file == file);
    let places: Vec<(&LabeledSpan, Range<usize>)> = labels
        .map(|label| (label, first_line_range(&source.text, label.span.range())))
        .collect();
    let lines = shown_lines(&source.text, &places);
    let offset = lines.start;
    let annotations = places.into_iter().map(|(label, place)| {
        let kind = if label.span == main {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let text = (!label.text.is_empty()).then_some(label.text.as_str());
        kind.span(place.start - offset..place.end - offset)
            .label(text)
    });
    let first_line = source.text[..offset].matches('\n').count() + 1;
    let snippet = Snippet::source(&source.text[lines])
        .line_start(first_line)
        .path(source.path.to_string_lossy().into_owned())
        .annotations(annotations);
    Some(Element::from(snippet))
}

/// The whole lines from the first place to the last. Only they are handed to the renderer, which
/// takes time for all lines that it gets: a thousand faults in a file of a megabyte would take
/// minutes.
fn shown_lines(text: &str, places: &[(&LabeledSpan, Range<usize>)]) -> Range<usize> {
    let first = places.iter().map(|(_, place)| place.start).min();
    let last = places.iter().map(|(_, place)| place.end).max();
    let (first, last) = (first.unwrap_or(0), last.unwrap_or(text.len()));
    let start = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[last..]
        .find('\n')
        .map_or(text.len(), |newline| last + newline + 1);
    start..end
}

/// A place of many lines is shown by its first line: the picture stays small.
fn first_line_range(text: &str, range: Range<usize>) -> Range<usize> {
    // To slice inside a character would panic, and a message about a fault must not end the
    // program.
    let start = floor_char_boundary(text, range.start.min(text.len()));
    let end = floor_char_boundary(text, range.end.min(text.len())).max(start);
    let line_end = text[start..end]
        .find('\n')
        .map_or(end, |newline| start + newline);
    let trimmed = start + text[start..line_end].trim_end().len();
    if trimmed > start {
        start..trimmed
    } else {
        // An empty span has no width, and the caret needs a character to stand under.
        start..ceil_char_boundary(text, (start + 1).min(text.len()))
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

fn ceil_char_boundary(text: &str, at: usize) -> usize {
    (at..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}
