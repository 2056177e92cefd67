//! What a request's templates see: layered values, each with its origin.

use super::engine::render_tree;
use super::error::RenderError;
use super::fresh_values::FreshValues;
use super::functions::{FUNCTION_NAMES, called_function};
use super::placeholders::placeholder_in;
use super::template_scope::{TemplateDialect, TemplateScope};
use crate::model::request::TemplateField;
use crate::model::template::{Expression, TemplateTree};
use crate::span::Span;
use crate::value::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Names that no file and no option can define.
pub(crate) const RESERVED_NAMES: [&str; 9] = [
    "now",
    "now_ms",
    "date",
    "uuid",
    "random",
    "run_id",
    "env",
    "account",
    SECRET_ROOT,
];

/// The name whose members are the user's own secrets: `secret.buyer_password`.
pub(crate) const SECRET_ROOT: &str = "secret";

/// Where a value comes from; a later layer wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VariableLayer {
    BuiltIn,
    Workspace,
    Environment,
    File,
    Case,
    ProcessEnvironment,
    VarsFile,
    CommandLine,
    Fixture,
    Capture,
    Round,
    Given,
}

impl fmt::Display for VariableLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuiltIn => "built in",
            Self::Workspace => "`vars` of ingam.yaml",
            Self::Environment => "`vars` of the environment",
            Self::File => "`vars` of the file",
            Self::Case => "the case",
            Self::ProcessEnvironment => "INGAM_VAR_…",
            Self::VarsFile => "--vars",
            Self::CommandLine => "--var",
            Self::Fixture => "a fixture",
            Self::Capture => "captured",
            Self::Round => "a round of `for_each`",
            Self::Given => "`vars` next to `use`",
        })
    }
}

/// The layer of a value, and where it is written when it is written in a file.
#[derive(Clone, Copy, Debug)]
pub struct VariableOrigin {
    pub layer: VariableLayer,
    pub at: Option<Span>,
}

#[derive(Clone, Debug)]
struct LayeredVariable {
    value: Value,
    /// What it is in a request that is compared with recorded ones, where the value is another one
    /// each time.
    placeholder_value: Option<Value>,
    origin: VariableOrigin,
}

impl LayeredVariable {
    fn estimated_bytes(&self) -> usize {
        let marked = self.placeholder_value.as_ref();
        self.value.estimated_bytes() + marked.map_or(0, Value::estimated_bytes)
    }
}

/// The most memory that the variables of a unit or a fixture may take, in bytes, captures included.
/// Each of a chain of variables could otherwise be ten times the one before it, and captures grow
/// with every page.
const MAX_VARIABLE_BYTES: usize = 16 << 20;

/// # Errors
/// When variables of so many bytes take more memory than they may.
pub(crate) fn check_variable_bytes(bytes: usize, at: Span) -> Result<(), RenderError> {
    if bytes <= MAX_VARIABLE_BYTES {
        return Ok(());
    }
    let limit = MAX_VARIABLE_BYTES >> 20;
    let error = RenderError::new(
        at,
        format!("with this one, the variables use more than {limit} MiB"),
    );
    Err(error.hint("define or capture only values that later steps use"))
}

/// Every name that is known, with its winning value.
#[derive(Clone, Debug)]
pub struct VariableScope {
    variables: HashMap<String, LayeredVariable>,
    fresh_values: FreshValues,
    /// The memory that all values take.
    bytes: usize,
}

impl VariableScope {
    #[must_use]
    pub fn new(moment: FreshValues) -> Self {
        Self {
            variables: HashMap::new(),
            fresh_values: moment,
            bytes: 0,
        }
    }

    /// The clock and chance that functions give from now on.
    pub fn set_fresh_values(&mut self, moment: FreshValues) {
        self.fresh_values = moment;
    }

    #[must_use]
    pub fn fresh_values(&self) -> FreshValues {
        self.fresh_values
    }

    pub fn set(&mut self, name: impl Into<String>, value: Value, origin: VariableOrigin) {
        self.set_with_placeholders(name, value, None, origin);
    }

    /// `marked` is the value with placeholders in the place of fresh values.
    pub fn set_with_placeholders(
        &mut self,
        name: impl Into<String>,
        value: Value,
        marked: Option<Value>,
        origin: VariableOrigin,
    ) {
        let variable = LayeredVariable {
            value,
            placeholder_value: marked,
            origin,
        };
        self.bytes += variable.estimated_bytes();
        if let Some(before) = self.variables.insert(name.into(), variable) {
            self.bytes -= before.estimated_bytes();
        }
    }

    /// # Errors
    /// When the variables take more memory than they may; `at` is what set the last of them.
    pub(crate) fn check_size(&self, at: Span) -> Result<(), RenderError> {
        check_variable_bytes(self.bytes, at)
    }

    /// Renders a `vars` map; each line can use the ones above it. A name that a later layer has
    /// defined already keeps its value, so that other variables are computed from that value.
    ///
    /// # Errors
    /// When a template of it cannot be filled in.
    pub fn define(
        &mut self,
        fields: &[TemplateField],
        layer: VariableLayer,
    ) -> Result<(), RenderError> {
        for field in fields {
            if self
                .origin(&field.name)
                .is_some_and(|known| known.layer > layer)
            {
                continue;
            }
            let (value, marked) = self
                .render_with_placeholders(&field.value)
                .map_err(|error| error.of_variable(&field.name))?;
            self.set_with_placeholders(
                field.name.as_str(),
                value,
                marked,
                VariableOrigin {
                    layer,
                    at: Some(field.name_at),
                },
            );
            self.check_size(field.name_at)
                .map_err(|error| error.of_variable(&field.name))?;
        }
        Ok(())
    }

    /// A value, and the same with placeholders where it would be another one each time.
    ///
    /// # Errors
    /// When a template of it cannot be filled in.
    pub fn render_with_placeholders(
        &self,
        written: &TemplateTree,
    ) -> Result<(Value, Option<Value>), RenderError> {
        let value = render_tree(written, self)?.into_owned();
        let is_fresh = |expression: &&Expression| {
            TemplateDialect::Request
                .names_in(expression)
                .is_ok_and(|names| names.iter().any(|name| self.has_placeholder(name)))
        };
        let marked = written
            .expressions()
            .iter()
            .any(is_fresh)
            // Rendered twice only where a fresh value is used; most templates use none.
            .then(|| render_tree(written, &PlaceholderScope(self)));
        Ok((value, marked.transpose()?.map(Cow::into_owned)))
    }

    /// Whether recordings hold something else in the place of what a name gives.
    fn has_placeholder(&self, name: &str) -> bool {
        let root = name.split('.').next().unwrap_or_default();
        let variable = self.variables.get(root);
        FUNCTION_NAMES.contains(&name)
            || variable.is_some_and(|variable| variable.placeholder_value.is_some())
    }

    /// Takes over the variables of one layer.
    pub(crate) fn copy_layer(&mut self, other: &Self, layer: VariableLayer) {
        let of_layer = other.variables.iter();
        let of_layer = of_layer.filter(|(_, variable)| variable.origin.layer == layer);
        for (name, variable) in of_layer {
            let LayeredVariable {
                value,
                placeholder_value,
                origin,
            } = variable.clone();
            self.set_with_placeholders(name.as_str(), value, placeholder_value, origin);
        }
    }

    /// Gives a name back what it was in `before`.
    pub fn restore(&mut self, name: &str, before: &Self) {
        let replaced = match before.variables.get(name) {
            Some(variable) => {
                self.bytes += variable.estimated_bytes();
                self.variables.insert(name.to_owned(), variable.clone())
            }
            None => self.variables.remove(name),
        };
        self.bytes -= replaced.map_or(0, |variable| variable.estimated_bytes());
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).map(|variable| &variable.value)
    }

    #[must_use]
    pub fn origin(&self, name: &str) -> Option<VariableOrigin> {
        self.variables.get(name).map(|variable| variable.origin)
    }
}

/// The member at the end of a path of names and indices.
fn value_at_path<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| match value {
        Value::List(items) => items.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    })
}

/// The same variables as recordings see them: what comes from the clock or from chance is a
/// placeholder.
pub(crate) struct PlaceholderScope<'v>(pub(crate) &'v VariableScope);

impl PlaceholderScope<'_> {
    fn placeholder_value(&self, name: &str) -> Option<&Value> {
        self.0.variables.get(name)?.placeholder_value.as_ref()
    }

    fn placeholder_of(&self, name: &str) -> Option<String> {
        if FUNCTION_NAMES.contains(&name) {
            return Some(format!("<{name}>"));
        }
        if let Some(function) = called_function(name) {
            return Some(format!("<{function}>"));
        }
        // A computation on a placeholder cannot be evaluated, so its result is replaced by the
        // first placeholder in it.
        let marked = self.placeholder_value(name.split('.').next()?)?;
        placeholder_in(marked).map(str::to_owned)
    }
}

impl TemplateScope for PlaceholderScope<'_> {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        let (first, rest) = path.split_first()?;
        match self.placeholder_value(first) {
            Some(marked) => value_at_path(marked, rest).map(Cow::Borrowed),
            None => self.0.lookup(path),
        }
    }

    fn fresh_values(&self) -> Option<FreshValues> {
        Some(self.0.fresh_values())
    }

    fn placeholder_for(&self, names: &[String]) -> Option<String> {
        names.iter().find_map(|name| self.placeholder_of(name))
    }

    fn has_placeholders(&self) -> bool {
        true
    }

    fn without_placeholders(&self) -> Option<&dyn TemplateScope> {
        Some(self.0)
    }
}

impl TemplateScope for VariableScope {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        let (first, rest) = path.split_first()?;
        value_at_path(self.get(first)?, rest).map(Cow::Borrowed)
    }

    fn fresh_values(&self) -> Option<FreshValues> {
        Some(self.fresh_values)
    }

    fn is_received(&self, name: &str) -> bool {
        let root = name.split('.').next().unwrap_or_default();
        let origin = self.origin(root);
        origin.is_some_and(|origin| origin.layer > VariableLayer::CommandLine)
    }

    fn root_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.variables.keys().cloned().collect();
        // A map has no order, and a hint must be the same on each run.
        names.sort();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::Template;
    use crate::model::template::TemplateTreeKind;

    fn written(text: &str) -> TemplateTree {
        TemplateTree {
            at: Span::default(),
            kind: TemplateTreeKind::Template(Template::parse(text, Span::default(), None).unwrap()),
        }
    }

    fn field(name: &str, text: &str) -> TemplateField {
        TemplateField {
            name: name.into(),
            name_at: Span::default(),
            value: written(text),
        }
    }

    #[test]
    fn what_is_fresh_each_time_is_marked_wherever_it_goes() {
        let mut variables = VariableScope::new(FreshValues {
            unix_ms: 1_700_000_000_000,
            seed: [0; 16],
        });
        variables.set(
            "price",
            Value::from(3),
            VariableOrigin {
                layer: VariableLayer::File,
                at: None,
            },
        );
        let vars = [
            field("since", "{{ now() - 86400 }}"),
            field("title", "ingam {{ uuid() }}"),
            field("shout", "{{ title | upper }}"),
            field("twice", "{{ price * 2 }}"),
        ];
        variables.define(&vars, VariableLayer::File).unwrap();
        for (text, marked) in [
            ("{{ since }}", r#""<now>""#),
            ("a {{ title }} b", r#""a ingam <uuid> b""#),
            ("{{ shout }}", r#""<uuid>""#),
            ("{{ twice }}", "6"),
            ("{{ price }}", "3"),
            (
                r#"{{ date("%Y") }}-{{ random(4) }}"#,
                r#""<date>-<random>""#,
            ),
        ] {
            assert_eq!(
                render_tree(&written(text), &PlaceholderScope(&variables))
                    .unwrap()
                    .to_json(),
                marked,
                "{text}"
            );
        }
        let (value, marked) = variables
            .render_with_placeholders(&written("{{ twice }}"))
            .unwrap();
        assert_eq!((value.to_json().as_str(), marked), ("6", None));
    }
}
