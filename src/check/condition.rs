//! Predicates whose operands are known. Made once for an answer, so that no template is rendered for every element of a
//! list. It refuses to judge.

use super::Resolve;
use crate::model::assertion::{Bound, JsonType, Predicate, Schema, Test};
use crate::span::Span;
use crate::value::Value;
use regex::Regex;
use std::borrow::Cow;
use std::time::Duration;

/// A predicate that is ready to be judged.
pub(super) struct Condition<'a> {
    pub at: Span,
    pub kind: Kind<'a>,
}

type Operand<'a> = Cow<'a, Value>;

pub(super) enum Kind<'a> {
    Equals(Operand<'a>),
    OneOf(Operand<'a>),
    Type(&'a [JsonType]),
    Exists(bool),
    Order(Relation, Limit<'a>),
    Matches(&'a Regex),
    Part(Part, Operand<'a>),
    Includes(Operand<'a>),
    Unordered(Operand<'a>),
    Unique(bool),
    Schema(&'a Schema),
    Not(Vec<Condition<'a>>),
    Length(Vec<Condition<'a>>),
    Elements(Quantifier, Vec<Condition<'a>>),
}

#[derive(Clone, Copy)]
pub(super) enum Relation {
    Above,
    AtLeast,
    Below,
    AtMost,
}

pub(super) enum Limit<'a> {
    Number(Operand<'a>),
    Duration(Duration),
}

#[derive(Clone, Copy)]
pub(super) enum Part {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    Each,
    Some,
    None,
}

impl Kind<'_> {
    /// The name of the predicate in the language.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::OneOf(_) => "one_of",
            Self::Type(_) => "type",
            Self::Exists(_) => "exists",
            Self::Order(Relation::Above, _) => "above",
            Self::Order(Relation::AtLeast, _) => "at_least",
            Self::Order(Relation::Below, _) => "below",
            Self::Order(Relation::AtMost, _) => "at_most",
            Self::Matches(_) => "matches",
            Self::Part(Part::Contains, _) => "contains",
            Self::Part(Part::StartsWith, _) => "starts_with",
            Self::Part(Part::EndsWith, _) => "ends_with",
            Self::Includes(_) => "includes",
            Self::Unordered(_) => "unordered",
            Self::Unique(_) => "unique",
            Self::Schema(_) => "schema",
            Self::Not(_) => "not",
            Self::Length(_) => "length",
            Self::Elements(Quantifier::Each, _) => "each",
            Self::Elements(Quantifier::Some, _) => "some",
            Self::Elements(Quantifier::None, _) => "none",
        }
    }
}

/// Resolves every operand.
pub(super) fn prepare<'a, E>(predicates: &'a [Predicate], resolve: &Resolve<'_, 'a, E>) -> Result<Vec<Condition<'a>>, E> {
    predicates.iter().map(|predicate| Ok(Condition { at: predicate.at, kind: kind(&predicate.test, resolve)? })).collect()
}

fn kind<'a, E>(test: &'a Test, resolve: &Resolve<'_, 'a, E>) -> Result<Kind<'a>, E> {
    let order = |relation, bound: &'a Bound| limit(bound, resolve).map(|limit| Kind::Order(relation, limit));
    let part = |part, tree| resolve(tree).map(|operand| Kind::Part(part, operand));
    let elements = |quantifier, inner| prepare(inner, resolve).map(|inner| Kind::Elements(quantifier, inner));
    match test {
        Test::Equals(tree) => resolve(tree).map(Kind::Equals),
        Test::OneOf(tree) => resolve(tree).map(Kind::OneOf),
        Test::Type(types) => Ok(Kind::Type(types)),
        Test::Exists(wanted) => Ok(Kind::Exists(*wanted)),
        Test::Above(bound) => order(Relation::Above, bound),
        Test::AtLeast(bound) => order(Relation::AtLeast, bound),
        Test::Below(bound) => order(Relation::Below, bound),
        Test::AtMost(bound) => order(Relation::AtMost, bound),
        Test::Matches(regex) => Ok(Kind::Matches(regex)),
        Test::Contains(tree) => part(Part::Contains, tree),
        Test::StartsWith(tree) => part(Part::StartsWith, tree),
        Test::EndsWith(tree) => part(Part::EndsWith, tree),
        Test::Includes(tree) => resolve(tree).map(Kind::Includes),
        Test::Unordered(tree) => resolve(tree).map(Kind::Unordered),
        Test::Unique(wanted) => Ok(Kind::Unique(*wanted)),
        Test::Schema(schema) => Ok(Kind::Schema(schema)),
        Test::Not(inner) => prepare(inner, resolve).map(Kind::Not),
        Test::Length(inner) => prepare(inner, resolve).map(Kind::Length),
        Test::Each(inner) => elements(Quantifier::Each, inner),
        Test::Some(inner) => elements(Quantifier::Some, inner),
        Test::None(inner) => elements(Quantifier::None, inner),
    }
}

fn limit<'a, E>(bound: &'a Bound, resolve: &Resolve<'_, 'a, E>) -> Result<Limit<'a>, E> {
    match bound {
        Bound::Value(tree) => resolve(tree).map(Limit::Number),
        Bound::Duration(duration) => Ok(Limit::Duration(*duration)),
    }
}
