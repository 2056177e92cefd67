//! Finds predicates that contradict each other, or that say what another one says already. All of
//! them look at the same value.

use super::actual_value::ActualValue;
use super::condition;
use super::predicate_fault::{
    PredicateFault, PredicateFaultKind, constant_bound, constant_operand,
};
use super::subject_type::SubjectType;
use super::verdict::{self, PredicateVerdict};
use crate::model::assertion::{JsonType, Predicate, PredicateTest};
use crate::model::template::TemplateTree;
use crate::value::{JsonRef, Number, Value};
use std::borrow::Cow;

type CombinationCheck = fn(&[Predicate], SubjectType) -> Vec<PredicateFault>;

pub(super) fn combination_faults(
    predicates: &[Predicate],
    sort: SubjectType,
) -> Vec<PredicateFault> {
    if predicates.len() < 2 {
        return Vec::new();
    }
    let checks: [CombinationCheck; 5] = [
        absence_faults,
        equality_faults,
        negation_faults,
        type_faults,
        bound_faults,
    ];
    let found = checks
        .into_iter()
        .map(|check| check(predicates, sort))
        .find(|faults| !faults.is_empty());
    found.unwrap_or_else(|| length_faults(predicates))
}

/// `exists: false` beside something that needs a value, and `exists: true` beside it.
fn absence_faults(predicates: &[Predicate], sort: SubjectType) -> Vec<PredicateFault> {
    if !matches!(
        sort,
        SubjectType::Any | SubjectType::Header | SubjectType::Number | SubjectType::Text
    ) {
        return Vec::new();
    }
    // `not` of a predicate can hold for a missing value.
    let needs_value = |predicate: &&Predicate| {
        !matches!(
            predicate.test,
            PredicateTest::Exists(_) | PredicateTest::Not(_)
        )
    };
    let exists = predicates
        .iter()
        .find_map(|predicate| match predicate.test {
            PredicateTest::Exists(wanted) => Some((predicate, wanted)),
            _ => None,
        });
    match exists {
        Some((_, false)) => predicates
            .iter()
            .filter(needs_value)
            .map(|predicate| {
                PredicateFault::new(
                    predicate,
                    PredicateFaultKind::NeverHolds,
                    "with `exists: false`, there is no value that could meet this",
                )
            })
            .collect(),
        Some((exists, true)) => predicates
            .iter()
            .find(needs_value)
            .map(|other| {
                let reason = format!("`{}` already needs a value", other.test.name());
                PredicateFault::new(exists, PredicateFaultKind::Redundant, reason)
                    .with_hint("remove `exists: true`")
            })
            .into_iter()
            .collect(),
        None => Vec::new(),
    }
}

/// Beside `equals` everything else is decided.
fn equality_faults(predicates: &[Predicate], sort: SubjectType) -> Vec<PredicateFault> {
    if matches!(
        sort,
        SubjectType::Header | SubjectType::Body | SubjectType::Latency
    ) {
        return Vec::new();
    }
    let Some((equals, value)) = predicates
        .iter()
        .find_map(|predicate| match &predicate.test {
            PredicateTest::Equals(tree) => Some((predicate, tree.as_constant()?)),
            _ => None,
        })
    else {
        return Vec::new();
    };
    let others = predicates
        .iter()
        .filter(|other| !std::ptr::eq(*other, equals));
    others
        .filter_map(|other| {
            let verdict = verdict_on(other, value, sort)?;
            Some(if verdict == PredicateVerdict::Holds {
                PredicateFault::new(
                    other,
                    PredicateFaultKind::Redundant,
                    "`equals` already decides this",
                )
                .with_hint(format!("remove `{}`", other.test.name()))
            } else {
                PredicateFault::new(
                    other,
                    PredicateFaultKind::NeverHolds,
                    "the value of `equals` does not meet this",
                )
            })
        })
        .collect()
}

/// What a predicate without templates says of a value.
fn verdict_on(predicate: &Predicate, value: &Value, sort: SubjectType) -> Option<PredicateVerdict> {
    let constant = |tree: &TemplateTree| tree.as_constant().cloned().map(Cow::Owned).ok_or(());
    let conditions = condition::prepare(std::slice::from_ref(predicate), &constant).ok()?;
    let actual = match value {
        // An empty list that a path finds does not exist.
        Value::List(items) if sort == SubjectType::NodeList => {
            ActualValue::NodeList(items.iter().map(JsonRef::from).collect())
        }
        other => ActualValue::Json(JsonRef::from(other)),
    };
    Some(verdict::judge_all(&conditions, &actual))
}

/// A predicate and `not` of the same.
fn negation_faults(predicates: &[Predicate], _sort: SubjectType) -> Vec<PredicateFault> {
    let denied = predicates
        .iter()
        .filter_map(|predicate| match &predicate.test {
            PredicateTest::Not(inner) => Some((predicate, inner)),
            _ => None,
        });
    denied
        .filter(|(_, inner)| {
            !inner.is_empty()
                && inner
                    .iter()
                    .all(|inner| predicates.iter().any(|other| is_same(inner, other)))
        })
        .map(|(not, _)| {
            PredicateFault::new(
                not,
                PredicateFaultKind::NeverHolds,
                "the same predicate is here without `not`",
            )
        })
        .collect()
}

fn is_same(left: &Predicate, right: &Predicate) -> bool {
    match (&left.test, &right.test) {
        (PredicateTest::Matches(left), PredicateTest::Matches(right)) => {
            left.as_str() == right.as_str()
        }
        (PredicateTest::Type(left), PredicateTest::Type(right)) => left == right,
        (PredicateTest::Unique(left), PredicateTest::Unique(right)) => left == right,
        (PredicateTest::Exists(left), PredicateTest::Exists(right)) => left == right,
        (PredicateTest::Schema(left), PredicateTest::Schema(right)) => left.path == right.path,
        (PredicateTest::StartsWithBytes(left), PredicateTest::StartsWithBytes(right)) => {
            left == right
        }
        (left, right) => {
            std::mem::discriminant(left) == std::mem::discriminant(right)
                && constant_operand(left)
                    .zip(constant_operand(right))
                    .is_some_and(|(left, right)| left == right)
        }
    }
}

/// Predicates that apply to different types: `above` to numbers, `matches` to texts.
fn type_faults(predicates: &[Predicate], sort: SubjectType) -> Vec<PredicateFault> {
    if !sort.is_any_value() {
        return Vec::new();
    }
    let mut possible: Vec<JsonType> = JsonType::ALL.to_vec();
    let mut before: Vec<&Predicate> = Vec::new();
    for predicate in predicates {
        let Some(types) = types_of(&predicate.test) else {
            continue;
        };
        let left: Vec<JsonType> = possible
            .iter()
            .copied()
            .filter(|kind| types.contains(kind))
            .collect();
        if left.is_empty() {
            let others: Vec<&str> = before.iter().map(|other| other.test.name()).collect();
            let reason = format!(
                "no value has a type that meets both this and {}",
                crate::diagnostic::join_names(others, "and")
            );
            return vec![PredicateFault::new(
                predicate,
                PredicateFaultKind::NeverHolds,
                reason,
            )];
        }
        possible = left;
        before.push(predicate);
    }
    Vec::new()
}

const NUMBERS: [JsonType; 2] = [JsonType::Integer, JsonType::Number];

/// The types of values that can meet a predicate; `None` where any can.
fn types_of(test: &PredicateTest) -> Option<Vec<JsonType>> {
    Some(match test {
        PredicateTest::Above(_)
        | PredicateTest::AtLeast(_)
        | PredicateTest::Below(_)
        | PredicateTest::AtMost(_) => NUMBERS.to_vec(),
        PredicateTest::Matches(_) | PredicateTest::StartsWith(_) | PredicateTest::EndsWith(_) => {
            vec![JsonType::String]
        }
        PredicateTest::Contains(tree) => match tree.as_constant() {
            Some(Value::List(_) | Value::Object(_) | Value::Null) => vec![JsonType::Array],
            _ => vec![JsonType::String, JsonType::Array],
        },
        PredicateTest::Length(_) => vec![JsonType::String, JsonType::Array, JsonType::Object],
        PredicateTest::Each(_)
        | PredicateTest::Some(_)
        | PredicateTest::None(_)
        | PredicateTest::Unordered(_)
        | PredicateTest::UnorderedDeep(_)
        | PredicateTest::Unique(_) => vec![JsonType::Array],
        PredicateTest::Includes(tree) => value_types(tree.as_constant()?),
        PredicateTest::OneOf(tree) => tree
            .as_constant()?
            .as_list()?
            .iter()
            .flat_map(value_types)
            .collect(),
        // An integer is a number, so `number` leaves both.
        PredicateTest::Type(types) if types.contains(&JsonType::Number) => {
            [types.as_slice(), &NUMBERS].concat()
        }
        PredicateTest::Type(types) => types.clone(),
        _ => return None,
    })
}

fn value_types(value: &Value) -> Vec<JsonType> {
    match value {
        Value::Number(number) if number.is_integer() => NUMBERS.to_vec(),
        Value::Number(_) => vec![JsonType::Number],
        other => JsonType::ALL
            .into_iter()
            .filter(|kind| kind.name() == other.type_name())
            .collect(),
    }
}

/// One end of a range.
struct RangeEnd<'p> {
    predicate: &'p Predicate,
    bound: &'p Number,
    is_included: bool,
}

/// `at_least` above `at_most`, and two bounds of one end.
fn bound_faults(predicates: &[Predicate], sort: SubjectType) -> Vec<PredicateFault> {
    let (mut lower, mut upper) = (Vec::new(), Vec::new());
    for predicate in predicates {
        let ends = bound_of(&predicate.test).and_then(|(bound, is_lower, is_included)| {
            Some((constant_bound(bound)?, is_lower, is_included))
        });
        let Some((bound, is_lower, is_included)) = ends else {
            continue;
        };
        let end = RangeEnd {
            predicate,
            bound,
            is_included,
        };
        if is_lower {
            lower.push(end);
        } else {
            upper.push(end);
        }
    }
    if let (Some(low), Some(high)) = (lower.first(), upper.first())
        && is_empty_range(low, high, sort)
    {
        let reason = format!(
            "no number meets both this and `{}`",
            low.predicate.test.name()
        );
        return vec![PredicateFault::new(
            high.predicate,
            PredicateFaultKind::NeverHolds,
            reason,
        )];
    }
    [lower, upper]
        .iter()
        .filter_map(|ends| match ends.as_slice() {
            [first, second, ..] => Some(
                PredicateFault::new(
                    second.predicate,
                    PredicateFaultKind::Redundant,
                    format!(
                        "`{}` sets the same bound, and only one of them takes effect",
                        first.predicate.test.name()
                    ),
                )
                .with_hint("remove the looser of the two"),
            ),
            _ => None,
        })
        .collect()
}

/// The bound of a comparison, whether it is a lower one, and whether the bound itself is included.
fn bound_of(
    test: &PredicateTest,
) -> Option<(&crate::model::assertion::ComparisonBound, bool, bool)> {
    Some(match test {
        PredicateTest::Above(bound) => (bound, true, false),
        PredicateTest::AtLeast(bound) => (bound, true, true),
        PredicateTest::Below(bound) => (bound, false, false),
        PredicateTest::AtMost(bound) => (bound, false, true),
        PredicateTest::Not(inner) => match inner.as_slice() {
            [one] => {
                let (bound, is_lower, is_included) = match &one.test {
                    PredicateTest::Not(_) => return None,
                    test => bound_of(test)?,
                };
                (bound, !is_lower, !is_included)
            }
            _ => return None,
        },
        _ => return None,
    })
}

fn is_empty_range(low: &RangeEnd<'_>, high: &RangeEnd<'_>, sort: SubjectType) -> bool {
    if low.bound > high.bound {
        return true;
    }
    if low.bound == high.bound {
        return !(low.is_included && high.is_included);
    }
    // Between 1 and 2 there is no length.
    let is_whole = matches!(sort, SubjectType::Length | SubjectType::Status);
    let next = low.bound.as_i128().and_then(|low| low.checked_add(1));
    is_whole
        && !low.is_included
        && !high.is_included
        && next.is_some_and(|next| Number::from(next) >= *high.bound)
}

/// A length that is too short for what stands beside it.
fn length_faults(predicates: &[Predicate]) -> Vec<PredicateFault> {
    let Some((length, most)) = predicates
        .iter()
        .find_map(|predicate| match &predicate.test {
            PredicateTest::Length(inner) => Some((predicate, most_of(inner)?)),
            _ => None,
        })
    else {
        return Vec::new();
    };
    predicates
        .iter()
        .find(|other| least_length(&other.test) > most)
        .map(|other| {
            PredicateFault::new(
                length,
                PredicateFaultKind::NeverHolds,
                format!("`{}` needs more than that", other.test.name()),
            )
        })
        .into_iter()
        .collect()
}

/// The greatest length that conditions of a length allow.
fn most_of(inner: &[Predicate]) -> Option<i128> {
    let limits = inner.iter().filter_map(|predicate| match &predicate.test {
        PredicateTest::Equals(tree) => tree.as_constant()?.as_number()?.as_i128(),
        PredicateTest::AtMost(bound) => constant_bound(bound)?.as_i128(),
        PredicateTest::Below(bound) => constant_bound(bound)?.as_i128()?.checked_sub(1),
        _ => None,
    });
    limits.min()
}

/// How many elements, members or letters a predicate needs at least.
fn least_length(test: &PredicateTest) -> i128 {
    let size = |value: &Value| match value {
        Value::List(items) => items.len(),
        Value::Object(members) => members.len(),
        other => other.as_str().map_or(0, |text| text.chars().count()),
    };
    let least = match test {
        PredicateTest::Each(_) | PredicateTest::Some(_) => 1,
        PredicateTest::Unique(true) => 1,
        PredicateTest::Unique(false) => 2,
        PredicateTest::StartsWithBytes(bytes) => bytes.len(),
        PredicateTest::Contains(_) => 1,
        PredicateTest::StartsWith(_)
        | PredicateTest::EndsWith(_)
        | PredicateTest::Includes(_)
        | PredicateTest::Unordered(_)
        | PredicateTest::UnorderedDeep(_) => constant_operand(test).map_or(0, size),
        _ => 0,
    };
    i128::try_from(least).unwrap_or(i128::MAX)
}
