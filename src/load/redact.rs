//! Decodes `redact`: the rules that find personal data in responses.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::assertion::{json_path, regex};
use crate::load::node_reader::{CheckedMap, at_most_one, check_header_name, one_or_many, text};
use crate::load::value_path::node_path;
use crate::model::redact_rule::RedactRule;
use crate::xml::XPath;
use crate::yaml::{MapEntry, NodeKind, YamlNode};

/// Keys of a rule that is no `JSONPath`.
pub(super) const REDACT_KEYS: [&str; 2] = ["header", "pattern"];

/// A list of rules, or a single rule.
pub(super) fn decode_redact_rules(
    node: &YamlNode,
    diagnostics: &mut Diagnostics,
) -> Vec<RedactRule> {
    one_or_many(node)
        .iter()
        .filter_map(|node| redact_rule(node, diagnostics))
        .collect()
}

fn redact_rule(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<RedactRule> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        let path = text(node, "a rule of `redact`", diagnostics)?;
        if XPath::is_meant_by(path) {
            let path = node_path(path, node.at, "a rule of `redact`", diagnostics);
            return path.map(RedactRule::XPath);
        }
        return json_path(path, node.at, diagnostics).map(RedactRule::Path);
    }
    let map = CheckedMap::open(node, "a rule of `redact`", &REDACT_KEYS, diagnostics)?;
    at_most_one(
        &map,
        &REDACT_KEYS,
        "a rule of `redact` has exactly one kind",
        diagnostics,
    );
    if let Some(node) = map.get("header") {
        let name = text(node, "`header`", diagnostics)?;
        check_header_name(name, node.at, "this name", diagnostics);
        return Some(RedactRule::Header(name.to_ascii_lowercase()));
    }
    if let Some(pattern) = map.get("pattern") {
        return pattern_rule(pattern, diagnostics);
    }
    // A map with unknown keys only was reported when it was opened.
    if node.as_map().is_some_and(<[MapEntry]>::is_empty) {
        let diagnostic =
            Diagnostic::error("a rule of `redact` is empty").at(node.at, "it redacts nothing");
        diagnostics.push(diagnostic.hint(
            "write a JSONPath, an XPath, `{ header: x-buyer }` or `{ pattern: \"010-[0-9]{4}-[0-9]{4}\" }`",
        ));
    }
    None
}

fn pattern_rule(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<RedactRule> {
    let pattern = regex(node, diagnostics)?;
    // A match without a letter has no value to replace, and `x*` matches so in every text: the
    // user would believe that the data is hidden.
    if pattern.matches_empty_text() {
        let diagnostic = Diagnostic::error("this pattern matches empty text")
            .at(node.at, "it would match at every position");
        diagnostics.push(diagnostic.hint("use `+` instead of `*`"));
        return None;
    }
    Some(RedactRule::Pattern(pattern))
}
