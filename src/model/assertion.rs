//! An expectation of an answer, as a file states it. It refuses to judge (that is `check`).

use crate::jsonpath::JsonPath;
use crate::model::template::{Expression, Tree};
use crate::span::Span;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One line of an `assert` map: a subject and what is expected of it.
#[derive(Clone, Debug)]
pub struct Assertion {
    pub subject: Subject,
    /// Where the subject is written.
    pub at: Span,
    /// All of them must hold.
    pub predicates: Vec<Predicate>,
}

/// The part of an answer that an assertion or a capture looks at.
#[derive(Clone, Debug)]
pub enum Subject {
    Status,
    /// A header by its lower-case name; of a repeated one, any.
    Header(String),
    /// Until the last byte of the answer; connecting is a part of it.
    Latency,
    /// The whole body as text.
    Body,
    Path(JsonPath),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => f.write_str("status"),
            Self::Header(name) => write!(f, "header.{name}"),
            Self::Latency => f.write_str("latency"),
            Self::Body => f.write_str("body"),
            Self::Path(path) => f.write_str(path.as_str()),
        }
    }
}

/// One condition.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// Where it is written: the predicate's name, or the plain value.
    pub at: Span,
    pub test: Test,
}

/// What a condition demands.
#[derive(Clone, Debug)]
pub enum Test {
    Equals(Tree),
    Not(Vec<Predicate>),
    /// A list, or a template that yields one.
    OneOf(Tree),
    Type(Vec<JsonType>),
    Exists(bool),
    Above(Bound),
    AtLeast(Bound),
    Below(Bound),
    AtMost(Bound),
    Matches(regex::Regex),
    Contains(Tree),
    StartsWith(Tree),
    EndsWith(Tree),
    Length(Vec<Predicate>),
    Each(Vec<Predicate>),
    Some(Vec<Predicate>),
    None(Vec<Predicate>),
    Includes(Tree),
    Unordered(Tree),
    Unique(bool),
    Schema(Schema),
}

/// What a comparison compares with: a number, or for `latency` a duration.
#[derive(Clone, Debug)]
pub enum Bound {
    Value(Tree),
    Duration(Duration),
}

/// A JSON Schema file of the workspace, ready to use.
#[derive(Clone)]
pub struct Schema {
    pub path: PathBuf,
    pub validator: Arc<jsonschema::Validator>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.path.display())
    }
}

/// The type names of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl JsonType {
    pub const ALL: [Self; 7] = [Self::Null, Self::Boolean, Self::Integer, Self::Number, Self::String, Self::Array, Self::Object];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl Assertion {
    /// Every expression of its templates.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        self.predicates.iter().flat_map(Predicate::expressions).collect()
    }
}

impl Predicate {
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        match &self.test {
            Test::Equals(tree)
            | Test::OneOf(tree)
            | Test::Contains(tree)
            | Test::StartsWith(tree)
            | Test::EndsWith(tree)
            | Test::Includes(tree)
            | Test::Unordered(tree) => tree.expressions(),
            Test::Above(bound) | Test::AtLeast(bound) | Test::Below(bound) | Test::AtMost(bound) => match bound {
                Bound::Value(tree) => tree.expressions(),
                Bound::Duration(_) => Vec::new(),
            },
            Test::Not(inner) | Test::Length(inner) | Test::Each(inner) | Test::Some(inner) | Test::None(inner) => {
                inner.iter().flat_map(Predicate::expressions).collect()
            }
            Test::Type(_) | Test::Exists(_) | Test::Matches(_) | Test::Unique(_) | Test::Schema(_) => Vec::new(),
        }
    }
}
