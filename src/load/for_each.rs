//! Decodes `for_each`, which sends a step once for each value of a list. What is known of the list
//! without sending anything is checked here.

use crate::diagnostic::{Diagnostic, Diagnostics, pluralize};
use crate::load::fixture_graph::uses_variable;
use crate::load::node_reader::{
    CheckedMap, check_variable_name, is_variable_name, text, wrong_kind,
};
use crate::load::request::{RequestDecoder, SNAPSHOT_KEY};
use crate::model::capture::Capture;
use crate::model::repeat::{ForEach, MAX_ROUNDS};
use crate::model::request::Step;
use crate::model::template::{TemplateTree, TemplateTreeKind};
use crate::render::RESERVED_NAMES;
use crate::value::Value;
use crate::yaml::YamlNode;

const FOR_EACH_KEYS: [&str; 3] = ["item", "in", "allow_empty"];

impl RequestDecoder<'_> {
    /// `{ item: id, in: "{{ ids }}", allow_empty: true }`
    pub(super) fn for_each(
        &mut self,
        step: &CheckedMap<'_>,
        captures: &[Capture],
    ) -> Option<Box<ForEach>> {
        let entry = step.entry("for_each")?;
        self.refuse_snapshot_beside(step);
        let map = self.open_with_example(
            &entry.value,
            "`for_each`",
            &FOR_EACH_KEYS,
            "{ item: id, in: \"{{ ids }}\" }",
        )?;
        let item = map
            .required("item", self.diagnostics)
            .and_then(|node| Some((self.item_name(node, captures)?, node.at)));
        let list = map
            .required("in", self.diagnostics)
            .map(|node| self.round_values(node));
        let allows_empty = map.optional_boolean("allow_empty", self.diagnostics);
        let (item, item_at) = item?;
        Some(Box::new(ForEach {
            at: entry.key_at,
            item,
            item_at,
            // A list that is missing was reported. Without the item, each use of it would be an
            // error, too.
            list: list.unwrap_or(TemplateTree {
                at: entry.value.at,
                kind: TemplateTreeKind::Constant(Value::List(Vec::new())),
            }),
            allows_empty: allows_empty == Some(true),
        }))
    }

    fn refuse_snapshot_beside(&mut self, step: &CheckedMap<'_>) {
        if let (Some(each), Some(snapshot)) = (step.entry("for_each"), step.entry(SNAPSHOT_KEY)) {
            let diagnostic = Diagnostic::error("a step with `for_each` cannot have a snapshot")
                .at(snapshot.key_at, "a snapshot holds one response")
                .at(each.key_at, "this step gets one response in each round");
            self.diagnostics.push(
                diagnostic.hint(
                    "use `assert` for every round, or write a separate step for the snapshot",
                ),
            );
        }
    }

    fn item_name(&mut self, node: &YamlNode, captures: &[Capture]) -> Option<String> {
        let name = text(node, "`item`", self.diagnostics)?;
        if !is_variable_name(name) {
            check_variable_name(name, node.at, "a variable", self.diagnostics);
            return None;
        }
        if RESERVED_NAMES.contains(&name) {
            let diagnostic =
                Diagnostic::error(format!("`{name}` is a reserved name")).at(node.at, "set here");
            self.diagnostics
                .push(diagnostic.hint("choose another name for the value of a round"));
            return None;
        }
        if let Some(capture) = captures.iter().find(|capture| capture.name == name) {
            let diagnostic = Diagnostic::error(format!("the step also captures `{name}`"))
                .at(node.at, "the value of a round")
                .at(capture.name_at, "the capture");
            self.diagnostics.push(diagnostic.hint("rename one of them"));
        }
        Some(name.to_owned())
    }

    /// A list, or one template that gives one.
    fn round_values(&mut self, node: &YamlNode) -> TemplateTree {
        let tree = self.value_decoder().tree(node);
        let fault = match &tree.kind {
            TemplateTreeKind::Constant(Value::List(values)) => count_fault(values.len(), node),
            TemplateTreeKind::List(values) => count_fault(values.len(), node),
            TemplateTreeKind::Template(template) if template.as_expression().is_some() => None,
            TemplateTreeKind::Template(_) => Some(
                Diagnostic::error("`in` must be a list")
                    .at(node.at, "with text around it, a template returns text")
                    .hint("write the template alone: `in: \"{{ ids }}\"`"),
            ),
            TemplateTreeKind::Constant(_) | TemplateTreeKind::Object(_) => Some(
                wrong_kind(node, "`in`", "a list, or a template that returns a list")
                    .hint("write `in: \"{{ ids }}\"`, or `in: [first, second]`"),
            ),
        };
        if let Some(diagnostic) = fault {
            self.diagnostics.push(diagnostic);
        }
        tree
    }
}

/// Warns of a value that no template of the step uses: every round would send the same request.
pub(super) fn check_item_use(step: &Step, diagnostics: &mut Diagnostics) {
    let Some(each) = &step.for_each else { return };
    let mut expressions = step.expressions().into_iter();
    if expressions.any(|expression| uses_variable(expression, &each.item)) {
        return;
    }
    let diagnostic = Diagnostic::warning(format!("`{}` is not used", each.item))
        .at(each.item_at, "all rounds send the same request");
    diagnostics.push(diagnostic.hint(format!("use `{{{{ {} }}}}` in the request", each.item)));
}

/// A written list that is empty, or too long.
fn count_fault(count: usize, node: &YamlNode) -> Option<Diagnostic> {
    if count == 0 {
        let diagnostic = Diagnostic::error("`in` needs at least one value");
        return Some(diagnostic.at(node.at, "the step would never run"));
    }
    (count > MAX_ROUNDS).then(|| {
        Diagnostic::error(format!("`for_each` has at most {MAX_ROUNDS} rounds"))
            .at(node.at, format!("here are {}", pluralize(count, "value")))
            .hint("send several values in each round: `| batch(100)`")
    })
}
