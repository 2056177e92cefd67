//! Decodes `snapshot`: `true`, or a map that says what varies in the response.

use crate::diagnostic::{Diagnostic, Diagnostics, Hint};
use crate::jsonpath::JsonPath;
use crate::load::assertion::{json_path, regex};
use crate::load::node_reader::{CheckedMap, list_items, text, wrong_kind};
use crate::load::value_path::value_path;
use crate::model::request::{Snapshot, SnapshotMask};
use crate::yaml::{NodeKind, YamlNode};

const SNAPSHOT_KEYS: [&str; 2] = ["mask", "unordered"];

pub(super) fn decode_snapshot(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<Snapshot> {
    match node.kind {
        NodeKind::Bool(true) => Some(Snapshot {
            at: node.at,
            masks: Vec::new(),
            unordered: Vec::new(),
        }),
        NodeKind::Map(_) => described_snapshot(node, diagnostics),
        _ => {
            let wanted = "`true`, or a map with `mask` and `unordered`";
            let diagnostic = wrong_kind(node, "`snapshot`", wanted);
            diagnostics.push(diagnostic.hint("to take no snapshot, remove the key"));
            None
        }
    }
}

fn described_snapshot(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<Snapshot> {
    let map = CheckedMap::open(node, "`snapshot`", &SNAPSHOT_KEYS, diagnostics)?;
    if map.present_entries(&SNAPSHOT_KEYS).is_empty() && !map.has_unknown_key(&SNAPSHOT_KEYS) {
        let diagnostic = Diagnostic::error("`snapshot` needs `mask` or `unordered`");
        diagnostics.push(
            diagnostic
                .at(node.at, "this map is empty")
                .hint("write `snapshot: true`"),
        );
    }
    let masks = map.get("mask").map_or_else(Vec::new, |node| {
        check_not_empty(node, "mask", diagnostics);
        let masks = list_items(node, "`mask`", diagnostics);
        masks
            .iter()
            .filter_map(|mask| decode_mask(mask, diagnostics))
            .collect()
    });
    let unordered = map.get("unordered").map_or_else(Vec::new, |node| {
        check_not_empty(node, "unordered", diagnostics);
        let paths = list_items(node, "`unordered`", diagnostics);
        paths
            .iter()
            .filter_map(|path| decode_path(path, diagnostics))
            .collect()
    });
    Some(Snapshot {
        at: node.at,
        masks,
        unordered,
    })
}

fn check_not_empty(node: &YamlNode, key: &str, diagnostics: &mut Diagnostics) {
    if !node.as_list().is_some_and(<[YamlNode]>::is_empty) {
        return;
    }
    let (label, hint) = match key {
        "mask" => (
            "nothing is masked here",
            Hint::from("write `snapshot: true`: ingam applies the masks of the scheme anyway"),
        ),
        _ => (
            "the list is empty",
            Hint::remove("remove the key: the order of every list then matters"),
        ),
    };
    let diagnostic = Diagnostic::error(format!("`{key}` needs at least one path"));
    diagnostics.push(diagnostic.at(node.at, label).hint(hint));
}

/// A `JSONPath`, an XPath, or `{ pattern: REGEX }`.
fn decode_mask(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<SnapshotMask> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        let path = text(node, "a path", diagnostics)?;
        let path = value_path(path, node.at, "a path of `mask`", diagnostics);
        return path.map(SnapshotMask::Path);
    }
    let map = CheckedMap::open(node, "a mask", &["pattern"], diagnostics)?;
    let node = map.required("pattern", diagnostics)?;
    let pattern = regex(node, diagnostics)?;
    if pattern.matches_empty_text() {
        let diagnostic = Diagnostic::error(format!("`{pattern}` matches the empty text"));
        diagnostics.push(
            diagnostic
                .at(node.at, "it would match at every position")
                .hint("use `+` instead of `*`, so that at least one character is masked"),
        );
        return None;
    }
    Some(SnapshotMask::Pattern(pattern))
}

fn decode_path(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<JsonPath> {
    json_path(text(node, "a path", diagnostics)?, node.at, diagnostics)
}
