//! Texts of a scheme that are no templates. A `{{` in one would be taken as it is written, and a
//! value that its author expects would never get there, so it is an error.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::node_reader;
use crate::model::template::find_expression;
use crate::yaml::{NodeKind, YamlNode};

pub(super) fn text<'n>(
    node: &'n YamlNode,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<&'n str> {
    refuse_templates(node, what, diagnostics);
    node_reader::text(node, what, diagnostics)
}

/// Text, or the spelling of a number.
pub(super) fn scalar(node: &YamlNode, what: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    refuse_templates(node, what, diagnostics);
    node_reader::scalar(node, what, diagnostics)
}

pub(super) fn text_list(node: &YamlNode, what: &str, diagnostics: &mut Diagnostics) -> Vec<String> {
    refuse_templates(node, what, diagnostics);
    node_reader::text_list(node, what, diagnostics)
}

/// Reports every text below a node that holds a template.
pub(in crate::load) fn refuse_templates(
    node: &YamlNode,
    what: &str,
    diagnostics: &mut Diagnostics,
) {
    match &node.kind {
        NodeKind::Text(text) if find_expression(&text.value).is_some() => {
            let diagnostic = Diagnostic::error(format!("{what} cannot contain a template"))
                .at(node.at, "`{{` would be sent literally");
            diagnostics.push(diagnostic.hint("write a literal value"));
        }
        NodeKind::List(items) => items
            .iter()
            .for_each(|item| refuse_templates(item, what, diagnostics)),
        NodeKind::Map(entries) => entries
            .iter()
            .for_each(|entry| refuse_templates(&entry.value, what, diagnostics)),
        _ => {}
    }
}
