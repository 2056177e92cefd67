//! Predicates whose operands are known. They are prepared once for a response, so that no template
//! is rendered for every element of a list. Nothing is judged here.

use crate::model::assertion::{ComparisonBound, JsonSchema, JsonType, Predicate, PredicateTest};
use crate::model::lazy_regex::LazyRegex;
use crate::model::template::TemplateTree;
use crate::span::Span;
use crate::value::Value;
use std::borrow::Cow;
use std::time::Duration;

/// Gives the value of an operand. A constant is borrowed.
pub(crate) type OperandResolver<'r, 'a, E> =
    dyn Fn(&'a TemplateTree) -> Result<Cow<'a, Value>, E> + 'r;

/// A predicate that is ready to be judged.
pub(super) struct PreparedCondition<'a> {
    pub(super) at: Span,
    pub(super) kind: ConditionKind<'a>,
}

type ResolvedOperand<'a> = Cow<'a, Value>;

pub(super) enum ConditionKind<'a> {
    Equals(ResolvedOperand<'a>),
    OneOf(ResolvedOperand<'a>),
    Type(&'a [JsonType]),
    Exists(bool),
    Order(OrderRelation, ResolvedBound<'a>),
    Matches(&'a LazyRegex),
    Containment(ContainmentKind, ResolvedOperand<'a>),
    Includes(ResolvedOperand<'a>),
    Unordered(ResolvedOperand<'a>),
    UnorderedDeep(ResolvedOperand<'a>),
    Unique(bool),
    Schema(&'a JsonSchema),
    Sha256(ResolvedOperand<'a>),
    StartsWithBytes(&'a [u8]),
    Not(Vec<PreparedCondition<'a>>),
    Length(Vec<PreparedCondition<'a>>),
    Age(Vec<PreparedCondition<'a>>),
    Elements(ElementQuantifier, Vec<PreparedCondition<'a>>),
}

#[derive(Clone, Copy)]
pub(super) enum OrderRelation {
    Above,
    AtLeast,
    Below,
    AtMost,
}

pub(super) enum ResolvedBound<'a> {
    /// A number, or beside a moment a time.
    Value(ResolvedOperand<'a>),
    Duration(Duration),
}

#[derive(Clone, Copy)]
pub(super) enum ContainmentKind {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementQuantifier {
    Each,
    Some,
    None,
}

impl ConditionKind<'_> {
    /// The name of the predicate in the language.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::OneOf(_) => "one_of",
            Self::Type(_) => "type",
            Self::Exists(_) => "exists",
            Self::Order(OrderRelation::Above, _) => "above",
            Self::Order(OrderRelation::AtLeast, _) => "at_least",
            Self::Order(OrderRelation::Below, _) => "below",
            Self::Order(OrderRelation::AtMost, _) => "at_most",
            Self::Matches(_) => "matches",
            Self::Containment(ContainmentKind::Contains, _) => "contains",
            Self::Containment(ContainmentKind::StartsWith, _) => "starts_with",
            Self::Containment(ContainmentKind::EndsWith, _) => "ends_with",
            Self::Includes(_) => "includes",
            Self::Unordered(_) | Self::UnorderedDeep(_) => "unordered",
            Self::Unique(_) => "unique",
            Self::Schema(_) => "schema",
            Self::Sha256(_) => "sha256",
            Self::StartsWithBytes(_) => "starts_with",
            Self::Not(_) => "not",
            Self::Length(_) => "length",
            Self::Age(_) => "age",
            Self::Elements(ElementQuantifier::Each, _) => "each",
            Self::Elements(ElementQuantifier::Some, _) => "some",
            Self::Elements(ElementQuantifier::None, _) => "none",
        }
    }
}

/// Resolves every operand.
pub(super) fn prepare<'a, E>(
    predicates: &'a [Predicate],
    resolve: &OperandResolver<'_, 'a, E>,
) -> Result<Vec<PreparedCondition<'a>>, E> {
    predicates
        .iter()
        .map(|predicate| {
            Ok(PreparedCondition {
                at: predicate.at,
                kind: condition_kind(&predicate.test, resolve)?,
            })
        })
        .collect()
}

fn condition_kind<'a, E>(
    test: &'a PredicateTest,
    resolve: &OperandResolver<'_, 'a, E>,
) -> Result<ConditionKind<'a>, E> {
    let order = |relation, bound: &'a ComparisonBound| {
        resolve_bound(bound, resolve).map(|limit| ConditionKind::Order(relation, limit))
    };
    let part = |part, tree| resolve(tree).map(|operand| ConditionKind::Containment(part, operand));
    let elements = |quantifier, inner| {
        prepare(inner, resolve).map(|inner| ConditionKind::Elements(quantifier, inner))
    };
    match test {
        PredicateTest::Equals(tree) => resolve(tree).map(ConditionKind::Equals),
        PredicateTest::OneOf(tree) => resolve(tree).map(ConditionKind::OneOf),
        PredicateTest::Type(types) => Ok(ConditionKind::Type(types)),
        PredicateTest::Exists(wanted) => Ok(ConditionKind::Exists(*wanted)),
        PredicateTest::Above(bound) => order(OrderRelation::Above, bound),
        PredicateTest::AtLeast(bound) => order(OrderRelation::AtLeast, bound),
        PredicateTest::Below(bound) => order(OrderRelation::Below, bound),
        PredicateTest::AtMost(bound) => order(OrderRelation::AtMost, bound),
        PredicateTest::Matches(regex) => Ok(ConditionKind::Matches(regex)),
        PredicateTest::Contains(tree) => part(ContainmentKind::Contains, tree),
        PredicateTest::StartsWith(tree) => part(ContainmentKind::StartsWith, tree),
        PredicateTest::EndsWith(tree) => part(ContainmentKind::EndsWith, tree),
        PredicateTest::Includes(tree) => resolve(tree).map(ConditionKind::Includes),
        PredicateTest::Unordered(tree) => resolve(tree).map(ConditionKind::Unordered),
        PredicateTest::UnorderedDeep(tree) => resolve(tree).map(ConditionKind::UnorderedDeep),
        PredicateTest::Unique(wanted) => Ok(ConditionKind::Unique(*wanted)),
        PredicateTest::Schema(schema) => Ok(ConditionKind::Schema(schema)),
        PredicateTest::Sha256(tree) => resolve(tree).map(ConditionKind::Sha256),
        PredicateTest::StartsWithBytes(bytes) => Ok(ConditionKind::StartsWithBytes(bytes)),
        PredicateTest::Not(inner) => prepare(inner, resolve).map(ConditionKind::Not),
        PredicateTest::Length(inner) => prepare(inner, resolve).map(ConditionKind::Length),
        PredicateTest::Age(inner) => prepare(inner, resolve).map(ConditionKind::Age),
        PredicateTest::Each(inner) => elements(ElementQuantifier::Each, inner),
        PredicateTest::Some(inner) => elements(ElementQuantifier::Some, inner),
        PredicateTest::None(inner) => elements(ElementQuantifier::None, inner),
    }
}

fn resolve_bound<'a, E>(
    bound: &'a ComparisonBound,
    resolve: &OperandResolver<'_, 'a, E>,
) -> Result<ResolvedBound<'a>, E> {
    match bound {
        ComparisonBound::Value(tree) => resolve(tree).map(ResolvedBound::Value),
        ComparisonBound::Duration(duration) => Ok(ResolvedBound::Duration(*duration)),
    }
}
