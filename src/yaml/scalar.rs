//! What a scalar means: plain ones by JSON's spelling, all others as text.

use super::node::{NodeKind, ScalarText};
use crate::span::Span;
use crate::value::Number;

/// A plain scalar follows JSON's spelling only: `no`, `0123`, `1_000`, `~` and dates stay text.
pub(super) fn plain_kind(text: &str, value: &str, at: Span) -> NodeKind {
    match value {
        // The parser writes `~` for a value that is not there; one that is written has a place.
        "~" if at.start == at.end => NodeKind::Null,
        "" | "null" => NodeKind::Null,
        "true" => NodeKind::Bool(true),
        "false" => NodeKind::Bool(false),
        _ => Number::parse(value).map_or_else(|| text_kind(text, value, at), NodeKind::Number),
    }
}

/// The kind of a scalar with quotes, or on lines of its own.
pub(super) fn text_kind(text: &str, value: &str, at: Span) -> NodeKind {
    let verbatim_offset = text
        .get(at.range())
        .and_then(|written| verbatim_offset(written, value));
    NodeKind::Text(ScalarText {
        value: value.into(),
        verbatim_offset,
    })
}

/// Where a text begins in its source if it is written without escapes: nearly always at the start,
/// or behind a quote.
fn verbatim_offset(written: &str, value: &str) -> Option<usize> {
    let is_at = |at: usize| {
        written
            .get(at..)
            .is_some_and(|rest| rest.starts_with(value))
    };
    [0, 1]
        .into_iter()
        .find(|at| is_at(*at))
        .or_else(|| written.find(value))
}
