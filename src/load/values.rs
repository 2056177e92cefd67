//! Nodes to trees and templates: every expression is taken apart and compiled here, so that a fault in it is a fault of
//! its file, before anything is sent.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::fields::{check_variable, entries, wrong_kind};
use crate::model::request::Field;
use crate::model::template::{Template, Tree, TreeKind, hole_in};
use crate::render::Dialect;
use crate::value::{CompactText, ObjectMember, Value};
use crate::yaml::{Entry, Kind, Node, Text};

/// Decodes values whose texts may be templates of one dialect.
pub struct Values<'d> {
    pub dialect: Dialect,
    pub faults: &'d mut Diagnostics,
}

impl Values<'_> {
    pub fn tree(&mut self, node: &Node) -> Tree {
        let kind = match &node.kind {
            Kind::Text(text) => {
                let template = hole_in(&text.value).and_then(|_| self.template_of(text, node));
                template.map_or_else(|| TreeKind::Constant(Value::from(text.value.clone())), TreeKind::Template)
            }
            Kind::List(items) => list(items.iter().map(|item| self.tree(item)).collect()),
            Kind::Map(entries) => object(entries.iter().map(|entry| (entry.key.clone(), self.tree(&entry.value))).collect()),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => TreeKind::Constant(node.to_value()),
        };
        Tree { at: node.at, kind }
    }

    /// A text, which may have holes; a number is its spelling.
    pub fn template(&mut self, node: &Node, what: &str) -> Option<Template> {
        let text = match &node.kind {
            Kind::Text(text) => text.clone(),
            _ => match node.as_scalar() {
                Some(value) => Text { value, verbatim: None },
                None => {
                    self.faults.push(wrong_kind(node, what, "text"));
                    return None;
                }
            },
        };
        self.template_of(&text, node)
    }

    pub fn field(&mut self, entry: &Entry) -> Field {
        Field { name: entry.key.clone(), name_at: entry.key_at, value: self.tree(&entry.value) }
    }

    pub fn fields(&mut self, node: &Node, what: &str) -> Vec<Field> {
        entries(node, what, self.faults).iter().map(|entry| self.field(entry)).collect()
    }

    /// A `vars` map: names that templates can look up.
    pub fn variables(&mut self, node: &Node) -> Vec<Field> {
        let fields = self.fields(node, "`vars`");
        for field in &fields {
            check_variable(&field.name, field.name_at, "a variable", self.faults);
        }
        fields
    }

    fn template_of(&mut self, text: &Text, node: &Node) -> Option<Template> {
        let template = match Template::parse(&text.value, node.at, text.verbatim) {
            Ok(template) => template,
            Err(broken) => {
                let at = text.verbatim.map_or(node.at, |shift| node.at.slice(shift + broken.offset, 2));
                self.faults.push(Diagnostic::error(format!("a broken template: {}", broken.reason)).at(at, "here"));
                return None;
            }
        };
        for expression in template.expressions() {
            if let Err(fault) = self.dialect.check(expression) {
                self.faults.push(fault);
            }
        }
        Some(template)
    }
}

fn list(items: Vec<Tree>) -> TreeKind {
    let constants: Option<Vec<Value>> = items.iter().map(|item| item.as_constant().cloned()).collect();
    constants.map_or(TreeKind::List(items), |values| TreeKind::Constant(Value::List(values)))
}

fn object(members: Vec<(CompactText, Tree)>) -> TreeKind {
    let constants: Option<Vec<ObjectMember>> =
        members.iter().map(|(name, member)| Some((name.clone(), member.as_constant()?.clone()))).collect();
    constants.map_or(TreeKind::Object(members), |values| TreeKind::Constant(Value::Object(values)))
}
