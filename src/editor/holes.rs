//! The holes of templates: the expression around an offset, and all names that expressions of a
//! tree use, with their places.

use crate::model::template::Template;
use crate::render::names_with_places;
use crate::span::Span;
use crate::yaml::{NodeKind, ScalarText, YamlNode};
use std::ops::Range;

/// A longer expression is not looked at, in bytes.
const MAX_HOLE_BYTES: usize = 4_096;

/// The text between `{{` and `}}` around an offset, up to the offset or farther.
#[must_use]
pub(super) fn hole_around(text: &str, offset: usize) -> Option<Range<usize>> {
    let before = text.get(..offset)?;
    let open = before.rfind("{{")? + 2;
    let inside = text.get(open..offset)?;
    if inside.contains("}}") || inside.contains("\n\n") || inside.len() > MAX_HOLE_BYTES {
        return None;
    }
    let rest = text.get(offset..)?;
    let line = rest.find('\n').unwrap_or(rest.len());
    let end = rest.get(..line)?.find("}}").unwrap_or(0);
    Some(open..offset + end)
}

/// A word of an expression, with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HoleWord {
    pub(super) range: Range<usize>,
    /// It stands behind a `|`.
    pub(super) is_filter: bool,
}

/// The word at an offset of a hole; empty where none is written yet.
#[must_use]
pub(super) fn word_at(text: &str, hole: &Range<usize>, offset: usize) -> Option<HoleWord> {
    let is_name = |letter: char| letter.is_alphanumeric() || "_.".contains(letter);
    let before = text.get(hole.start..offset)?;
    let start = before.rfind(|letter| !is_name(letter)).map_or(0, |at| {
        at + before[at..].chars().next().map_or(1, char::len_utf8)
    });
    let rest = text.get(offset..hole.end)?;
    let len = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
    Some(HoleWord {
        range: hole.start + start..offset + len,
        is_filter: before.get(..start)?.trim_end().ends_with('|'),
    })
}

/// A name that an expression uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UsedName {
    /// With its members: `item.id`.
    pub(super) dotted: String,
    /// Of the first name alone.
    pub(super) first: Range<usize>,
    /// Of the second name.
    pub(super) second: Option<Range<usize>>,
}

/// Every name in the templates of a tree whose place is known to the letter.
#[must_use]
pub(super) fn used_names(tree: &YamlNode) -> Vec<UsedName> {
    let mut found = Vec::new();
    each_scalar(tree, &mut |node, text| {
        for (at, source) in expressions_in(node.at, text) {
            let start = at.range().start;
            let names = names_with_places(&source);
            found.extend(names.into_iter().map(|(dotted, place)| {
                let first_len = dotted.find('.').unwrap_or(dotted.len());
                let first = start + place..start + place + first_len;
                let second = second_name(&source, &dotted, place)
                    .map(|range| start + range.start..start + range.end);
                UsedName {
                    dotted,
                    first,
                    second,
                }
            }));
        }
    });
    found
}

/// The place of the second name, where it is written right behind the first one and its dot.
fn second_name(source: &str, dotted: &str, place: usize) -> Option<Range<usize>> {
    let mut names = dotted.split('.');
    let (first, second) = (names.next()?, names.next()?);
    let start = place + first.len() + 1;
    source
        .get(start..)?
        .starts_with(second)
        .then(|| start..start + second.len())
}

/// The expressions of a scalar that is written without escapes.
#[must_use]
pub(super) fn expressions_in(at: Span, text: &ScalarText) -> Vec<(Span, String)> {
    let Some(verbatim) = text.verbatim_offset else {
        return Vec::new();
    };
    if !text.value.contains("{{") {
        return Vec::new();
    }
    let Ok(template) = Template::parse(&text.value, at, Some(verbatim)) else {
        return Vec::new();
    };
    let expressions = template.expressions();
    expressions
        .map(|expression| (expression.at, expression.source.clone()))
        .collect()
}

/// Calls `visit` for every text of a tree, keys aside.
pub(super) fn each_scalar<'n>(
    node: &'n YamlNode,
    visit: &mut dyn FnMut(&'n YamlNode, &'n ScalarText),
) {
    match &node.kind {
        NodeKind::Text(text) => visit(node, text),
        NodeKind::List(items) => items.iter().for_each(|item| each_scalar(item, visit)),
        NodeKind::Map(entries) => {
            let values = entries.iter().map(|entry| &entry.value);
            values.for_each(|value| each_scalar(value, visit));
        }
        _ => {}
    }
}
