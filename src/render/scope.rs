//! What a request's templates see: layered values, each with its origin.

use super::engine::{Dialect, Scope};
use super::{Moment, RenderError, tree};
use crate::model::recording::PLACEHOLDERS;
use crate::model::request::Field;
use crate::model::template::{Expression, Tree};
use crate::span::Span;
use crate::value::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// The functions of a request's templates.
pub const FUNCTIONS: [&str; 5] = ["now", "now_ms", "date", "uuid", "random"];
/// Names that nobody else can give.
pub const RESERVED: [&str; 8] = ["now", "now_ms", "date", "uuid", "random", "run_id", "env", "account"];

/// Where a value comes from; a later layer wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    BuiltIn,
    Workspace,
    Environment,
    File,
    Case,
    Option,
    Fixture,
    Capture,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuiltIn => "built in",
            Self::Workspace => "`vars` of ingam.yaml",
            Self::Environment => "`vars` of the environment",
            Self::File => "`vars` of the file",
            Self::Case => "the case",
            Self::Option => "--var",
            Self::Fixture => "a fixture",
            Self::Capture => "captured",
        })
    }
}

/// The layer of a value, and where it is written when it is written in a file.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub layer: Layer,
    pub at: Option<Span>,
}

#[derive(Clone, Debug)]
struct Variable {
    value: Value,
    /// What it is in a request that is compared with recorded ones, where the value is another one each time.
    marked: Option<Value>,
    origin: Origin,
}

/// Every name that is known, with its winning value.
#[derive(Clone, Debug)]
pub struct Variables {
    known: HashMap<String, Variable>,
    moment: Moment,
}

impl Variables {
    #[must_use]
    pub fn new(moment: Moment) -> Self {
        Self { known: HashMap::new(), moment }
    }

    /// The clock and chance that functions give from now on.
    pub fn set_moment(&mut self, moment: Moment) {
        self.moment = moment;
    }

    #[must_use]
    pub fn moment(&self) -> Moment {
        self.moment
    }

    pub fn set(&mut self, name: impl Into<String>, value: Value, origin: Origin) {
        self.set_marked(name, value, None, origin);
    }

    /// `marked` is the value with placeholders for what is another one each time.
    pub fn set_marked(&mut self, name: impl Into<String>, value: Value, marked: Option<Value>, origin: Origin) {
        self.known.insert(name.into(), Variable { value, marked, origin });
    }

    /// Renders a `vars` map over what is known; each line sees the ones above it. A name that a later layer has given
    /// already keeps that value, so that what is made of it follows.
    ///
    /// # Errors
    /// When a template of it cannot be filled in.
    pub fn define(&mut self, fields: &[Field], layer: Layer) -> Result<(), RenderError> {
        for field in fields {
            if self.origin(&field.name).is_some_and(|known| known.layer > layer) {
                continue;
            }
            let (value, marked) = self.both(&field.value)?;
            self.set_marked(field.name.as_str(), value, marked, Origin { layer, at: Some(field.name_at) });
        }
        Ok(())
    }

    /// A value, and the same with placeholders where it would be another one each time.
    ///
    /// # Errors
    /// When a template of it cannot be filled in.
    pub fn both(&self, written: &Tree) -> Result<(Value, Option<Value>), RenderError> {
        let value = tree(written, self)?.into_owned();
        let is_fresh = |expression: &&Expression| {
            Dialect::Request.names_in(expression).is_ok_and(|names| Marked(self).mark(&names).is_some())
        };
        let marked = written.expressions().iter().any(is_fresh).then(|| tree(written, &Marked(self)));
        Ok((value, marked.transpose()?.map(Cow::into_owned)))
    }

    /// Gives a name back what it was in `before`.
    pub fn restore(&mut self, name: &str, before: &Self) {
        match before.known.get(name) {
            Some(variable) => self.known.insert(name.to_owned(), variable.clone()),
            None => self.known.remove(name),
        };
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.known.get(name).map(|variable| &variable.value)
    }

    #[must_use]
    pub fn origin(&self, name: &str) -> Option<Origin> {
        self.known.get(name).map(|variable| variable.origin)
    }
}

/// The member at the end of a path of names and indices.
fn below<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| match value {
        Value::List(items) => items.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    })
}

/// The same variables as recordings see them: what comes from the clock or from chance is a placeholder.
pub struct Marked<'v>(pub &'v Variables);

impl Marked<'_> {
    fn marked(&self, name: &str) -> Option<&Value> {
        self.0.known.get(name)?.marked.as_ref()
    }

    fn mark_of(&self, name: &str) -> Option<String> {
        if FUNCTIONS.contains(&name) {
            return Some(format!("<{name}>"));
        }
        let marked = self.marked(name.split('.').next()?)?.to_text();
        PLACEHOLDERS.iter().find(|mark| marked.contains(**mark)).map(|mark| (*mark).to_owned())
    }
}

impl Scope for Marked<'_> {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        let (first, rest) = path.split_first()?;
        match self.marked(first) {
            Some(marked) => below(marked, rest).map(Cow::Borrowed),
            None => self.0.lookup(path),
        }
    }

    fn moment(&self) -> Option<Moment> {
        Some(self.0.moment())
    }

    fn mark(&self, names: &[String]) -> Option<String> {
        names.iter().find_map(|name| self.mark_of(name))
    }
}

impl Scope for Variables {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        let (first, rest) = path.split_first()?;
        below(self.get(first)?, rest).map(Cow::Borrowed)
    }

    fn moment(&self) -> Option<Moment> {
        Some(self.moment)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.known.keys().cloned().collect();
        names.sort();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::Template;
    use crate::model::template::TreeKind;

    fn written(text: &str) -> Tree {
        Tree { at: Span::default(), kind: TreeKind::Template(Template::parse(text, Span::default(), None).unwrap()) }
    }

    fn field(name: &str, text: &str) -> Field {
        Field { name: name.into(), name_at: Span::default(), value: written(text) }
    }

    #[test]
    fn what_is_fresh_each_time_is_marked_wherever_it_goes() {
        let mut variables = Variables::new(Moment { unix_ms: 1_700_000_000_000, seed: [0; 16] });
        variables.set("price", Value::from(3), Origin { layer: Layer::File, at: None });
        let vars = [
            field("since", "{{ now() - 86400 }}"),
            field("title", "ingam {{ uuid() }}"),
            field("shout", "{{ title | upper }}"),
            field("twice", "{{ price * 2 }}"),
        ];
        variables.define(&vars, Layer::File).unwrap();
        for (text, marked) in [
            ("{{ since }}", r#""<now>""#),
            ("a {{ title }} b", r#""a ingam <uuid> b""#),
            ("{{ shout }}", r#""<uuid>""#),
            ("{{ twice }}", "6"),
            ("{{ price }}", "3"),
            (r#"{{ date("%Y") }}-{{ random(4) }}"#, r#""<date>-<random>""#),
        ] {
            assert_eq!(tree(&written(text), &Marked(&variables)).unwrap().to_json(), marked, "{text}");
        }
        let (value, marked) = variables.both(&written("{{ twice }}")).unwrap();
        assert_eq!((value.to_json().as_str(), marked), ("6", None));
    }
}
