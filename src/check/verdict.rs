//! Whether a predicate holds, in three values: it holds, it fails, or it does not apply. It refuses to turn the third into
//! either of the others: `not` of what does not apply does not apply.

use super::actual::Actual;
use super::compare;
use super::condition::{Condition, Kind, Limit, Part, Quantifier, Relation};
use super::schema;
use crate::value::{Number, Value};
use std::cmp::Ordering;

/// The outcome of one predicate on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    /// The predicate does not apply to such a value.
    Unfit,
}

impl Verdict {
    pub fn is_good(self) -> bool {
        self == Self::Holds
    }

    fn of(applied: Option<bool>) -> Self {
        applied.map_or(Self::Unfit, |holds| if holds { Self::Holds } else { Self::Fails })
    }

    fn negate(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Unfit => Self::Unfit,
        }
    }

    /// One failure decides, whatever does not apply.
    fn and(verdicts: impl Iterator<Item = Self>) -> Self {
        verdicts.fold(Self::Holds, |all, one| match (all, one) {
            (Self::Fails, _) | (_, Self::Fails) => Self::Fails,
            (Self::Unfit, _) | (_, Self::Unfit) => Self::Unfit,
            _ => Self::Holds,
        })
    }

    fn or(verdicts: impl Iterator<Item = Self>) -> Self {
        Self::and(verdicts.map(Self::negate)).negate()
    }
}

/// Whether all conditions hold. Of a repeated header one and the same value must meet them, except that `not` and `exists`
/// speak of all its values.
pub(super) fn all(conditions: &[Condition<'_>], actual: &Actual<'_>) -> Verdict {
    let Actual::Headers(values) = actual else {
        return Verdict::and(conditions.iter().map(|condition| condition.verdict(actual)));
    };
    let (whole, single): (Vec<_>, Vec<_>) = conditions.iter().partition(|condition| condition.speaks_of_all());
    let one = |value: &&str| Verdict::and(single.iter().map(|condition| condition.verdict(&Actual::Header(value))));
    let whole = whole.iter().map(|condition| condition.verdict(actual));
    Verdict::and(whole.chain([Verdict::or(values.iter().map(one))]))
}

impl Condition<'_> {
    fn speaks_of_all(&self) -> bool {
        matches!(self.kind, Kind::Not(_) | Kind::Exists(_))
    }

    pub fn verdict(&self, actual: &Actual<'_>) -> Verdict {
        match (&self.kind, actual) {
            (Kind::Exists(wanted), _) => Verdict::of(Some(actual.is_there() == *wanted)),
            (Kind::Not(inner), _) => all(inner, actual).negate(),
            (_, Actual::Headers(values)) => Verdict::or(values.iter().map(|value| self.verdict(&Actual::Header(value)))),
            (Kind::Length(inner), _) => actual.len().map_or(Verdict::Unfit, |len| all(inner, &Actual::Json(&number(len)))),
            (Kind::Elements(quantifier, inner), _) => elements(*quantifier, inner, actual),
            (kind, _) => Verdict::of(applied(kind, actual)),
        }
    }
}

pub(super) fn number(len: usize) -> Value {
    Value::Number(Number::from(len as u64))
}

/// Nothing can be said of the elements of an empty list but that there is none.
fn elements(quantifier: Quantifier, inner: &[Condition<'_>], actual: &Actual<'_>) -> Verdict {
    let Some(items) = actual.items() else { return Verdict::Unfit };
    let verdicts = items.iter().map(|item| all(inner, &Actual::Json(item)));
    match quantifier {
        Quantifier::Each if items.is_empty() => Verdict::Unfit,
        Quantifier::Each => Verdict::and(verdicts),
        Quantifier::Some => Verdict::or(verdicts),
        Quantifier::None => Verdict::or(verdicts).negate(),
    }
}

/// The predicates that hold no others; `None` where they do not apply.
fn applied(kind: &Kind<'_>, actual: &Actual<'_>) -> Option<bool> {
    match kind {
        Kind::Equals(expected) => actual.equals(expected),
        Kind::OneOf(choices) => choices.as_list()?.iter().try_fold(false, |found, choice| Some(found || actual.equals(choice)?)),
        Kind::Type(types) => types.iter().try_fold(false, |found, one| Some(found || actual.is_type(*one)?)),
        Kind::Order(relation, limit) => order(limit, actual).map(|order| relation.accepts(order)),
        Kind::Matches(regex) => actual.as_text().map(|text| regex.is_match(text)),
        Kind::Part(part, operand) => has_part(*part, operand, actual),
        Kind::Includes(expected) => compare::includes(actual, expected),
        Kind::Unordered(expected) => Some(compare::unordered(&actual.items()?, expected.as_list()?)),
        Kind::Unique(wanted) => {
            let items = actual.items().filter(|items| !items.is_empty())?;
            Some(compare::twice(&items).is_none() == *wanted)
        }
        Kind::Schema(schema) => actual.to_value().map(|value| schema::is_valid(schema, &value)),
        Kind::Exists(_) | Kind::Not(_) | Kind::Length(_) | Kind::Elements(..) => None,
    }
}

fn order(limit: &Limit<'_>, actual: &Actual<'_>) -> Option<Ordering> {
    match (limit, actual) {
        (Limit::Duration(limit), Actual::Latency(latency)) => Some(latency.cmp(limit)),
        (Limit::Number(limit), _) => Some(actual.as_number()?.as_ref().cmp(limit.as_number()?)),
        (Limit::Duration(_), _) => None,
    }
}

impl Relation {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
        }
    }
}

fn has_part(part: Part, operand: &Value, actual: &Actual<'_>) -> Option<bool> {
    if let (Part::Contains, Some(items)) = (part, actual.items()) {
        return Some(items.contains(&operand));
    }
    let (text, wanted) = (actual.as_text()?, text_of(operand)?);
    Some(match part {
        Part::Contains => text.contains(&wanted),
        Part::StartsWith => text.starts_with(&wanted),
        Part::EndsWith => text.ends_with(&wanted),
    })
}

/// A number stands in a text as it is written, so a captured id may be looked for in a text without being quoted.
fn text_of(operand: &Value) -> Option<String> {
    operand.to_plain_text().filter(|_| !operand.is_null())
}
