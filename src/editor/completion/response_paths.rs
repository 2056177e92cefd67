//! `JSONPaths` into the recorded response of the step: the members of what is written so far, with
//! types and samples.

use super::{Completion, CompletionKind, CompletionPlace};
use crate::editor::outline::step_of_path;
use crate::editor::recorded::{RecordedAnswer, found_values, recorded_answer, sample};
use crate::editor::visible_names::recording_name;
use crate::jsonpath::JsonPath;
use crate::load::FileKind;
use crate::value::JsonRef;

/// Keys under which a path into the response is a key.
const PATH_MAPS: [&str; 4] = ["assert", "until", "pending", "while"];
/// Keys under which a path into the response is a value, or an item of a list.
const PATH_VALUES: [&str; 14] = [
    "capture",
    "from",
    "redact",
    "secrets",
    "not_secret",
    "mask",
    "unordered",
    "set",
    "each",
    "tag",
    "total",
    "join",
    "path",
    "link",
];

pub(super) fn complete_keys(place: &CompletionPlace<'_>, found: &mut Vec<Completion>) {
    let is_map = (place.cursor.keys().last()).is_some_and(|key| PATH_MAPS.contains(key));
    if is_map {
        for (path, detail) in paths(place) {
            let mut item = place.key(&path, CompletionKind::ResponsePath);
            item.detail = Some(detail);
            found.push(item);
        }
    }
}

pub(super) fn complete_values(place: &CompletionPlace<'_>, found: &mut Vec<Completion>) {
    let keys = place.cursor.keys();
    let is_value = keys
        .iter()
        .rev()
        .take(2)
        .any(|key| PATH_VALUES.contains(key));
    if !is_value && !place.typed.starts_with('$') {
        return;
    }
    for (path, detail) in paths(place) {
        let mut item = place.item(path, CompletionKind::ResponsePath);
        item.insert = place.spelled(&item.label);
        item.detail = Some(detail);
        found.push(item);
    }
}

/// The paths that go on from what is written so far.
fn paths(place: &CompletionPlace<'_>) -> Vec<(String, String)> {
    if !matches!(place.kind, FileKind::Request | FileKind::Fixture) {
        return Vec::new();
    }
    let step = step_of_path(&place.cursor.tree, &place.cursor.path);
    let name = recording_name(place.kind, place.file_name);
    let Some(answer) = recorded_answer(place.editor, &name, &step) else {
        return Vec::new();
    };
    next_paths(&answer, place.typed)
}

fn next_paths(answer: &RecordedAnswer, typed: &str) -> Vec<(String, String)> {
    let Some(body) = &answer.body else {
        return Vec::new();
    };
    // What is behind the last dot or bracket is still being written.
    let base = typed.rfind(['.', '[']).map_or("$", |at| &typed[..at]);
    let Ok(path) = JsonPath::parse(base) else {
        return Vec::new();
    };
    let found = found_values(body, &path);
    let Some(value) = found.first().copied() else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    if let Some(mut items) = value.as_list() {
        if let Some(first) = items.next() {
            paths.push((format!("{base}[0]"), sample(first)));
            paths.push((format!("{base}[*]"), sample(value)));
            paths.extend(members(&format!("{base}[0]"), first));
        }
    } else {
        paths.extend(members(base, value));
    }
    paths
}

fn members(base: &str, value: JsonRef<'_>) -> Vec<(String, String)> {
    let members = value.members();
    members
        .map(|(name, member)| (format!("{base}{}", segment(&name)), sample(member)))
        .collect()
}

/// `.name`, or `['a name']` where a dot does not do (RFC 9535, section 2.5.1).
fn segment(name: &str) -> String {
    let is_plain = !name.is_empty()
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && name
            .chars()
            .all(|letter| letter == '_' || letter.is_alphanumeric());
    if is_plain {
        format!(".{name}")
    } else {
        format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}
