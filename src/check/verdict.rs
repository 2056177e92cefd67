//! Whether a predicate holds, in three values: it holds, it fails, or it does not apply. `not` of a
//! predicate that does not apply does not apply either.

use super::actual_value::ActualValue;
use super::arrange::arranged;
use super::compare;
use super::condition::{
    ConditionKind, ContainmentKind, ElementQuantifier, OrderRelation, PreparedCondition,
    ResolvedBound,
};
use super::schema;
use crate::value::{JsonRef, Number, Value};
use jiff::SignedDuration;
use std::cmp::Ordering;

/// The outcome of one predicate on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PredicateVerdict {
    Holds,
    Fails,
    /// The predicate does not apply to such a value.
    Inapplicable,
}

impl PredicateVerdict {
    pub(super) fn holds(self) -> bool {
        self == Self::Holds
    }

    fn from_option(applied: Option<bool>) -> Self {
        applied.map_or(Self::Inapplicable, |holds| {
            if holds { Self::Holds } else { Self::Fails }
        })
    }

    fn negate(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Inapplicable => Self::Inapplicable,
        }
    }

    /// One failure decides, whatever does not apply.
    fn and(verdicts: impl Iterator<Item = Self>) -> Self {
        verdicts.fold(Self::Holds, |all, one| match (all, one) {
            (Self::Fails, _) | (_, Self::Fails) => Self::Fails,
            (Self::Inapplicable, _) | (_, Self::Inapplicable) => Self::Inapplicable,
            _ => Self::Holds,
        })
    }

    fn or(verdicts: impl Iterator<Item = Self>) -> Self {
        // De Morgan's rule: one that holds decides, and one that does not apply counts only if none
        // holds.
        Self::and(verdicts.map(Self::negate)).negate()
    }
}

/// Whether all conditions hold. Of a repeated header one and the same value must meet them, except
/// that `not` and `exists` speak of all its values.
pub(super) fn judge_all(
    conditions: &[PreparedCondition<'_>],
    actual: &ActualValue<'_>,
) -> PredicateVerdict {
    let ActualValue::RepeatedHeader(values) = actual else {
        return PredicateVerdict::and(conditions.iter().map(|condition| condition.verdict(actual)));
    };
    let (whole, single): (Vec<_>, Vec<_>) = conditions
        .iter()
        .partition(|condition| condition.applies_to_all_values());
    let one = |value: &&str| {
        PredicateVerdict::and(
            single
                .iter()
                .map(|condition| condition.verdict(&ActualValue::Header(value))),
        )
    };
    let whole = whole.iter().map(|condition| condition.verdict(actual));
    PredicateVerdict::and(whole.chain([PredicateVerdict::or(values.iter().map(one))]))
}

impl PreparedCondition<'_> {
    fn applies_to_all_values(&self) -> bool {
        matches!(self.kind, ConditionKind::Not(_) | ConditionKind::Exists(_))
    }

    pub(super) fn verdict(&self, actual: &ActualValue<'_>) -> PredicateVerdict {
        match (&self.kind, actual) {
            (ConditionKind::Exists(wanted), _) => {
                PredicateVerdict::from_option(Some(actual.exists() == *wanted))
            }
            (ConditionKind::Not(inner), _) => judge_all(inner, actual).negate(),
            (_, ActualValue::RepeatedHeader(values)) => PredicateVerdict::or(
                values
                    .iter()
                    .map(|value| self.verdict(&ActualValue::Header(value))),
            ),
            (ConditionKind::Length(inner), _) => {
                actual.len().map_or(PredicateVerdict::Inapplicable, |len| {
                    judge_all(inner, &ActualValue::Json((&length_value(len)).into()))
                })
            }
            (ConditionKind::Age(inner), ActualValue::Moment(moment)) => {
                moment.age().map_or(PredicateVerdict::Inapplicable, |age| {
                    judge_all(inner, &ActualValue::Age(age))
                })
            }
            (ConditionKind::Age(_), _) => PredicateVerdict::Inapplicable,
            (ConditionKind::Elements(quantifier, inner), _) => {
                judge_elements(*quantifier, inner, actual)
            }
            (kind, _) => PredicateVerdict::from_option(evaluate(kind, actual)),
        }
    }
}

pub(super) fn length_value(len: usize) -> Value {
    Value::Number(Number::from(len as u64))
}

/// Of an empty list only `none` holds; `each` does not apply, and `some` fails.
fn judge_elements(
    quantifier: ElementQuantifier,
    inner: &[PreparedCondition<'_>],
    actual: &ActualValue<'_>,
) -> PredicateVerdict {
    let Some(items) = actual.elements() else {
        return PredicateVerdict::Inapplicable;
    };
    let verdicts = items.map(|item| judge_all(inner, &item));
    match quantifier {
        // `each` would hold for an empty list without a single check, and so hide that the
        // marketplace returned no data.
        ElementQuantifier::Each if actual.is_empty_list() => PredicateVerdict::Inapplicable,
        ElementQuantifier::Each => PredicateVerdict::and(verdicts),
        ElementQuantifier::Some => PredicateVerdict::or(verdicts),
        ElementQuantifier::None => PredicateVerdict::or(verdicts).negate(),
    }
}

/// The predicates that hold no others; `None` where they do not apply.
fn evaluate(kind: &ConditionKind<'_>, actual: &ActualValue<'_>) -> Option<bool> {
    match kind {
        ConditionKind::Equals(expected) => actual.equals(expected),
        // `equals` and `has_type` are None by the kind of `actual` alone, for every choice or for
        // none, so one that does not apply stands for all of them.
        ConditionKind::OneOf(choices) => choices
            .as_list()?
            .iter()
            .try_fold(false, |found, choice| Some(found || actual.equals(choice)?)),
        ConditionKind::Type(types) => types
            .iter()
            .try_fold(false, |found, one| Some(found || actual.has_type(*one)?)),
        ConditionKind::Order(relation, limit) => {
            compare_to_bound(limit, actual).map(|order| relation.accepts(order))
        }
        ConditionKind::Matches(regex) => actual.as_text().map(|text| regex.is_match(&text)),
        ConditionKind::Containment(part, operand) => is_contained(*part, operand, actual),
        // An empty operand is a part of everything. A template can give one.
        ConditionKind::Includes(expected) if is_empty_operand(expected) => None,
        ConditionKind::Includes(expected) => compare::includes(actual, expected),
        ConditionKind::Unordered(expected) => {
            let (expected, items) = (expected.as_list()?, actual.items()?);
            Some(Some(expected.len()) == actual.len() && compare::is_permutation(expected, items))
        }
        ConditionKind::UnorderedDeep(expected) => {
            expected.as_list()?;
            let items = Value::List(actual.items()?.map(JsonRef::to_value).collect());
            Some(arranged(expected, &items, &|_| true) == **expected)
        }
        ConditionKind::Unique(wanted) => {
            // As with `each`, an empty list proves nothing.
            let is_proof = actual.items().is_some() && !actual.is_empty_list();
            let items = || actual.items().into_iter().flatten();
            is_proof.then(|| compare::first_duplicate(items).is_none() == *wanted)
        }
        ConditionKind::Schema(schema) => actual
            .to_value()
            .map(|value| schema::is_valid(schema, &value)),
        ConditionKind::Sha256(expected) => {
            let ActualValue::Bytes(bytes) = actual else {
                return None;
            };
            let expected = expected.as_str()?;
            Some(bytes.sha256().eq_ignore_ascii_case(expected))
        }
        ConditionKind::StartsWithBytes(start) => {
            let ActualValue::Bytes(bytes) = actual else {
                return None;
            };
            bytes.starts_with(start)
        }
        ConditionKind::Exists(_)
        | ConditionKind::Not(_)
        | ConditionKind::Length(_)
        | ConditionKind::Age(_)
        | ConditionKind::Elements(..) => None,
    }
}

fn compare_to_bound(limit: &ResolvedBound<'_>, actual: &ActualValue<'_>) -> Option<Ordering> {
    match (limit, actual) {
        (ResolvedBound::Duration(limit), ActualValue::Latency(latency)) => Some(latency.cmp(limit)),
        (ResolvedBound::Duration(limit), ActualValue::Age(age)) => {
            // A limit beyond what a signed duration holds is beyond every age.
            Some(SignedDuration::try_from(*limit).map_or(Ordering::Less, |limit| age.cmp(&limit)))
        }
        (ResolvedBound::Value(limit), ActualValue::Moment(moment)) => moment.compare(limit).ok(),
        (ResolvedBound::Value(limit), _) => Some(actual.as_number()?.cmp(limit.as_number()?)),
        (ResolvedBound::Duration(_), _) => None,
    }
}

impl OrderRelation {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
        }
    }
}

fn is_contained(part: ContainmentKind, operand: &Value, actual: &ActualValue<'_>) -> Option<bool> {
    if let (ContainmentKind::Contains, Some(mut items)) = (part, actual.items()) {
        return Some(items.any(|item| item == *operand));
    }
    let (text, wanted) = (actual.as_text()?, operand_text(operand)?);
    if wanted.is_empty() {
        return None;
    }
    Some(match part {
        ContainmentKind::Contains => text.contains(&wanted),
        ContainmentKind::StartsWith => text.starts_with(&wanted),
        ContainmentKind::EndsWith => text.ends_with(&wanted),
    })
}

/// Whether an operand is a part of everything to which it applies.
pub(super) fn is_empty_operand(operand: &Value) -> bool {
    match operand {
        Value::List(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        other => other.as_str().is_some_and(str::is_empty),
    }
}

/// A number is looked for in a text as it is written, so that a captured id needs no quotes.
fn operand_text(operand: &Value) -> Option<String> {
    operand.to_plain_text().filter(|_| !operand.is_null())
}
