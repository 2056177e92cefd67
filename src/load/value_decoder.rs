//! Nodes to trees and templates: every expression is taken apart and compiled here, so that a fault
//! in it is a fault of its file, before anything is sent.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::node_reader::{check_variable_name, map_entries, wrong_kind};
use crate::model::request::TemplateField;
use crate::model::template::{Template, TemplateTree, TemplateTreeKind, find_expression};
use crate::render::TemplateDialect;
use crate::value::{CompactText, ObjectMember, Value};
use crate::yaml::{MapEntry, NodeKind, ScalarText, YamlNode};

/// Decodes values whose texts may be templates of one dialect.
pub(super) struct ValueDecoder<'d> {
    pub(super) dialect: TemplateDialect,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl ValueDecoder<'_> {
    pub(super) fn tree(&mut self, node: &YamlNode) -> TemplateTree {
        let kind = match &node.kind {
            NodeKind::Text(text) => {
                let template =
                    // Most texts have no `{{`, and a search for it costs much less than a parsed
                    // template.
                    find_expression(&text.value).and_then(|_| self.parse_template(text, node));
                // A broken template was reported. The text stands for it, so that the rest of the
                // file is decoded and its errors are shown in the same run.
                template.map_or_else(
                    || TemplateTreeKind::Constant(Value::from(text.value.clone())),
                    TemplateTreeKind::Template,
                )
            }
            NodeKind::List(items) => {
                list_tree_kind(items.iter().map(|item| self.tree(item)).collect())
            }
            NodeKind::Map(entries) => object_tree_kind(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), self.tree(&entry.value)))
                    .collect(),
            ),
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) => {
                TemplateTreeKind::Constant(node.to_value())
            }
        };
        TemplateTree { at: node.at, kind }
    }

    /// A text, which may have holes; a number is its spelling.
    pub(super) fn template(&mut self, node: &YamlNode, what: &str) -> Option<Template> {
        let text = match &node.kind {
            NodeKind::Text(text) => text.clone(),
            _ => {
                if let Some(value) = node.as_scalar() {
                    ScalarText {
                        value,
                        verbatim_offset: None,
                    }
                } else {
                    self.diagnostics.push(wrong_kind(node, what, "text"));
                    return None;
                }
            }
        };
        self.parse_template(&text, node)
    }

    pub(super) fn field(&mut self, entry: &MapEntry) -> TemplateField {
        TemplateField {
            name: entry.key.clone(),
            name_at: entry.key_at,
            value: self.tree(&entry.value),
        }
    }

    pub(super) fn fields(&mut self, node: &YamlNode, what: &str) -> Vec<TemplateField> {
        map_entries(node, what, self.diagnostics)
            .iter()
            .map(|entry| self.field(entry))
            .collect()
    }

    /// A `vars` map: names that templates can look up.
    pub(super) fn variables(&mut self, node: &YamlNode) -> Vec<TemplateField> {
        let fields = self.fields(node, "`vars`");
        for field in &fields {
            check_variable_name(&field.name, field.name_at, "a variable", self.diagnostics);
        }
        fields
    }

    fn parse_template(&mut self, text: &ScalarText, node: &YamlNode) -> Option<Template> {
        let template = match Template::parse(&text.value, node.at, text.verbatim_offset) {
            Ok(template) => template,
            Err(broken) => {
                let at = text
                    .verbatim_offset
                    // Folded or escaped text has other offsets than the file, so only the whole
                    // value is marked.
                    .map_or(node.at, |shift| node.at.slice(shift + broken.offset, 2));
                self.diagnostics.push(
                    Diagnostic::error(format!("a broken template: {}", broken.reason))
                        .at(at, "here"),
                );
                return None;
            }
        };
        for expression in template.expressions() {
            if let Err(diagnostic) = self.dialect.check(expression) {
                self.diagnostics.push(diagnostic);
            }
        }
        Some(template)
    }
}

fn list_tree_kind(items: Vec<TemplateTree>) -> TemplateTreeKind {
    // A list without templates is one constant: it is rendered by reference, with no copy for each
    // attempt.
    let constants: Option<Vec<Value>> = items
        .iter()
        .map(|item| item.as_constant().cloned())
        .collect();
    constants.map_or(TemplateTreeKind::List(items), |values| {
        TemplateTreeKind::Constant(Value::List(values))
    })
}

fn object_tree_kind(members: Vec<(CompactText, TemplateTree)>) -> TemplateTreeKind {
    let constants: Option<Vec<ObjectMember>> = members
        .iter()
        .map(|(name, member)| Some((name.clone(), member.as_constant()?.clone())))
        .collect();
    constants.map_or(TemplateTreeKind::Object(members), |values| {
        TemplateTreeKind::Constant(Value::Object(values))
    })
}
