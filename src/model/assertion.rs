//! An expectation of an answer, as a file states it. It refuses to judge (that is `check`).

use crate::jsonpath::JsonPath;
use crate::model::conversion::Conversion;
use crate::model::lazy_regex::LazyRegex;
use crate::model::template::{Expression, TemplateTree};
use crate::span::Span;
use crate::xml::XPath;
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
    /// What is made of the value before the predicates look at it.
    pub conversions: Vec<Conversion>,
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
    /// The body as it was received, unpacked.
    Bytes,
    /// The value of a cookie that the response sets, by its name.
    Cookie(String),
    Path(JsonPath),
    XPath(XPath),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => f.write_str("status"),
            Self::Header(name) => write!(f, "header.{name}"),
            Self::Latency => f.write_str("latency"),
            Self::Body => f.write_str("body"),
            Self::Bytes => f.write_str("bytes"),
            Self::Cookie(name) => write!(f, "cookie.{name}"),
            Self::XPath(path) => f.write_str(path.as_str()),
            Self::Path(path) => f.write_str(path.as_str()),
        }
    }
}

/// One condition.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// Where it is written: the predicate's name, or the plain value.
    pub at: Span,
    pub test: PredicateTest,
}

/// What a condition demands.
#[derive(Clone, Debug)]
pub enum PredicateTest {
    Equals(TemplateTree),
    Not(Vec<Predicate>),
    /// A list, or a template that yields one.
    OneOf(TemplateTree),
    Type(Vec<JsonType>),
    Exists(bool),
    Above(ComparisonBound),
    AtLeast(ComparisonBound),
    Below(ComparisonBound),
    AtMost(ComparisonBound),
    Matches(LazyRegex),
    Contains(TemplateTree),
    StartsWith(TemplateTree),
    EndsWith(TemplateTree),
    Length(Vec<Predicate>),
    /// The time from a moment to now.
    Age(Vec<Predicate>),
    Each(Vec<Predicate>),
    Some(Vec<Predicate>),
    None(Vec<Predicate>),
    Includes(TemplateTree),
    Unordered(TemplateTree),
    /// The lists inside of the elements have no order either.
    UnorderedDeep(TemplateTree),
    Unique(bool),
    Schema(JsonSchema),
    /// The SHA-256 of bytes, in hex.
    Sha256(TemplateTree),
    StartsWithBytes(Vec<u8>),
}

impl PredicateTest {
    /// The value that it compares with, if it compares with one.
    #[must_use]
    pub(crate) fn operand(&self) -> Option<&TemplateTree> {
        match self {
            Self::Equals(tree)
            | Self::OneOf(tree)
            | Self::Contains(tree)
            | Self::StartsWith(tree)
            | Self::EndsWith(tree)
            | Self::Includes(tree)
            | Self::Unordered(tree)
            | Self::UnorderedDeep(tree)
            | Self::Sha256(tree) => Some(tree),
            Self::Above(bound)
            | Self::AtLeast(bound)
            | Self::Below(bound)
            | Self::AtMost(bound) => match bound {
                ComparisonBound::Value(tree) => Some(tree),
                ComparisonBound::Duration(_) => None,
            },
            // Every predicate stands here: one that is forgotten would hide its names from `check`.
            Self::Not(_)
            | Self::Length(_)
            | Self::Age(_)
            | Self::Each(_)
            | Self::Some(_)
            | Self::None(_)
            | Self::Type(_)
            | Self::Exists(_)
            | Self::Matches(_)
            | Self::Unique(_)
            | Self::Schema(_)
            | Self::StartsWithBytes(_) => None,
        }
    }

    /// The predicates inside of it.
    pub(crate) fn nested(&self) -> &[Predicate] {
        match self {
            Self::Not(inner)
            | Self::Length(inner)
            | Self::Age(inner)
            | Self::Each(inner)
            | Self::Some(inner)
            | Self::None(inner) => inner,
            _ => &[],
        }
    }

    /// The name of the predicate in the language.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::Not(_) => "not",
            Self::OneOf(_) => "one_of",
            Self::Type(_) => "type",
            Self::Exists(_) => "exists",
            Self::Above(_) => "above",
            Self::AtLeast(_) => "at_least",
            Self::Below(_) => "below",
            Self::AtMost(_) => "at_most",
            Self::Matches(_) => "matches",
            Self::Contains(_) => "contains",
            Self::StartsWith(_) => "starts_with",
            Self::EndsWith(_) => "ends_with",
            Self::Length(_) => "length",
            Self::Age(_) => "age",
            Self::Each(_) => "each",
            Self::Some(_) => "some",
            Self::None(_) => "none",
            Self::Includes(_) => "includes",
            Self::Unordered(_) | Self::UnorderedDeep(_) => "unordered",
            Self::Unique(_) => "unique",
            Self::Schema(_) => "schema",
            Self::Sha256(_) => "sha256",
            Self::StartsWithBytes(_) => "starts_with",
        }
    }
}

/// What a comparison compares with: a number, or for `latency` and `age` a duration.
#[derive(Clone, Debug)]
pub enum ComparisonBound {
    Value(TemplateTree),
    Duration(Duration),
}

/// A JSON Schema file of the workspace, ready to use.
#[derive(Clone)]
pub struct JsonSchema {
    pub path: PathBuf,
    pub validator: Arc<jsonschema::Validator>,
}

impl fmt::Debug for JsonSchema {
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
    pub const ALL: [Self; 7] = [
        Self::Null,
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::String,
        Self::Array,
        Self::Object,
    ];

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
    /// The opposite: it fails exactly where this one holds.
    #[must_use]
    pub(crate) fn negated(&self) -> Self {
        Self {
            predicates: vec![Predicate {
                at: self.at,
                test: PredicateTest::Not(self.predicates.clone()),
            }],
            ..self.clone()
        }
    }

    /// Every expression of its templates.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        self.predicates
            .iter()
            .flat_map(Predicate::expressions)
            .collect()
    }
}

impl Predicate {
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let own = self.test.operand().into_iter();
        let nested = self.test.nested().iter().flat_map(Predicate::expressions);
        own.flat_map(TemplateTree::expressions)
            .chain(nested)
            .collect()
    }
}
