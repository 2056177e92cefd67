//! What a request's templates see: layered values, each with its origin.

use super::engine::Scope;
use super::{Moment, RenderError, tree};
use crate::model::request::Field;
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
        self.known.insert(name.into(), Variable { value, origin });
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
            let value = tree(&field.value, self)?.into_owned();
            self.set(field.name.as_str(), value, Origin { layer, at: Some(field.name_at) });
        }
        Ok(())
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

impl Scope for Variables {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        let (first, rest) = path.split_first()?;
        let mut value = self.get(first)?;
        for name in rest {
            value = match value {
                Value::List(items) => items.get(name.parse::<usize>().ok()?)?,
                value => value.get(name)?,
            };
        }
        Some(Cow::Borrowed(value))
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
