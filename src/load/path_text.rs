//! Reads a `JSONPath` that a file writes.

use crate::diagnostic::{Diagnostic, Diagnostics, Hint, Repair};
use crate::jsonpath::JsonPath;
use crate::model::template::find_expression;
use crate::span::Span;

/// A `JSONPath`; never a template, so that it can be judged before anything is sent.
pub(super) fn json_path(text: &str, at: Span, diagnostics: &mut Diagnostics) -> Option<JsonPath> {
    if find_expression(text).is_some() {
        let diagnostic = Diagnostic::error("a JSONPath cannot contain a template")
            .at(at, "`{{` is not allowed here");
        diagnostics.push(diagnostic.hint(
            "to find one element, write `$.items: { some: { includes: { id: \"{{ id }}\" } } }`",
        ));
        return None;
    }
    match JsonPath::parse(text) {
        Ok(path) => Some(path),
        Err(_) if JsonPath::parse(&format!("$.{text}")).is_ok() => {
            let diagnostic =
                Diagnostic::error(format!("`{text}` is not a JSONPath")).at(at, "here");
            diagnostics.push(diagnostic.hint(dollar_hint(text)));
            None
        }
        Err(error) => {
            diagnostics.push(
                Diagnostic::error(format!("not a JSONPath: {}", error.reason))
                    .at(char_place(text, at, error.offset), "here")
                    .maybe_hint(error.hint),
            );
            None
        }
    }
}

/// The place of the character at `offset`, or the whole place when the text ends there.
pub(super) fn char_place(text: &str, at: Span, offset: usize) -> Span {
    let len = text
        .get(offset..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8);
    let place = at.slice(offset, len);
    // A caret needs a width, and an error at the end of the text has none.
    if place.start < place.end { place } else { at }
}

/// For a path that lacks its beginning.
pub(super) fn dollar_hint(text: &str) -> Hint {
    let repair = Repair::Rewrite {
        title: "Begin the path with `$`",
        text: format!("$.{text}"),
    };
    Hint::with(
        format!("a JSONPath begins with `$`: write `$.{text}`"),
        repair,
    )
}
