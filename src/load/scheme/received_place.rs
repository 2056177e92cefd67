//! Decodes a place of something that was received, a request, a callback or a push: one field of one
//! part, and the pattern that reads a value out of it.

use super::SchemeDecoder;
use crate::diagnostic::Diagnostic;
use crate::load::assertion::regex;
use crate::load::node_reader::{CheckedMap, at_most_one, text};
use crate::model::lazy_regex::LazyRegex;
use crate::model::scheme::RequestPart;

/// How messages speak of a place.
pub(super) struct PlaceWording<'w> {
    /// That there is one place only.
    pub(super) single: &'static str,
    /// That there must be one, and what stands at the map without one.
    pub(super) missing: (String, &'static str),
    /// A pattern with a group, for the hint.
    pub(super) pattern_hint: &'w str,
}

impl SchemeDecoder<'_> {
    /// The part and the name of the field, in lower case for a header.
    pub(super) fn received_field(
        &mut self,
        map: &CheckedMap<'_>,
        parts: &[(&'static str, RequestPart)],
        wording: &PlaceWording<'_>,
    ) -> Option<(RequestPart, String)> {
        let keys: Vec<&str> = parts.iter().map(|(key, _)| *key).collect();
        at_most_one(map, &keys, wording.single, self.diagnostics);
        let mut found = parts.iter();
        let found = found.find_map(|(key, part)| Some((*part, map.get(key)?)));
        let Some((part, node)) = found else {
            let (title, label) = &wording.missing;
            let diagnostic = Diagnostic::error(title.clone()).at(map.at, *label);
            self.diagnostics.push(diagnostic);
            return None;
        };
        let field = text(node, "a name", self.diagnostics)?;
        Some((
            part,
            if part == RequestPart::Header {
                field.to_ascii_lowercase()
            } else {
                field.to_owned()
            },
        ))
    }

    /// `pattern: "v1=([0-9a-f]+)"`: its group is the value.
    pub(super) fn received_pattern(
        &mut self,
        map: &CheckedMap<'_>,
        wording: &PlaceWording<'_>,
    ) -> Option<LazyRegex> {
        let node = map.get("pattern")?;
        let pattern = regex(node, self.diagnostics)?;
        if pattern.groups() != 1 {
            let diagnostic =
                Diagnostic::error("a pattern to read with must have exactly one group")
                    .at(map.at, format!("`{pattern}`"));
            self.diagnostics
                .push(diagnostic.hint(wording.pattern_hint.to_owned()));
        }
        Some(pattern)
    }
}
