//! The expectation of a predicate as text. It does not look at a response.

use super::actual_value::ReadMoment;
use super::condition::{ConditionKind, PreparedCondition, ResolvedBound};
use super::show::ValueFormatter;
use crate::model::assertion::JsonType;
use jiff::SignedDuration;
use std::time::Duration;

/// Several conditions in one phrase.
pub(super) fn describe_all(
    conditions: &[PreparedCondition<'_>],
    show: ValueFormatter<'_>,
) -> String {
    conditions
        .iter()
        .map(|condition| describe_kind(&condition.kind, show))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// One condition, as it reads behind "expected".
pub(super) fn describe_kind(kind: &ConditionKind<'_>, show: ValueFormatter<'_>) -> String {
    let name = kind.name();
    match kind {
        ConditionKind::Equals(value) => show.with_type(&**value),
        ConditionKind::OneOf(operand)
        | ConditionKind::Containment(_, operand)
        | ConditionKind::Includes(operand)
        | ConditionKind::Unordered(operand) => {
            format!("{name} {}", show.without_type(&**operand))
        }
        ConditionKind::UnorderedDeep(operand) => {
            format!("{name} at every depth {}", show.without_type(&**operand))
        }
        ConditionKind::Type(types) => format!("{name} {}", join_types(types)),
        ConditionKind::Exists(true) => "something".to_owned(),
        ConditionKind::Exists(false) => "nothing".to_owned(),
        ConditionKind::Order(_, limit) => format!("{name} {}", describe_bound(limit, show)),
        ConditionKind::Matches(regex) => format!("{name} `{}`", show.text(regex.as_str())),
        ConditionKind::Unique(true) => "no element twice".to_owned(),
        ConditionKind::Unique(false) => "an element twice".to_owned(),
        ConditionKind::Schema(schema) => format!("{name} {}", schema.path.display()),
        ConditionKind::Sha256(hash) => format!("{name} {}", show.without_type(&**hash)),
        ConditionKind::StartsWithBytes(bytes) => format!("{name} {} in hex", hex::encode(bytes)),
        ConditionKind::Not(inner) => format!("{name} {}", describe_all(inner, show)),
        ConditionKind::Length(inner) => format!(
            "{name} {}",
            // A length is always a number, so the type would only be noise.
            describe_all(inner, show).replace(" (number)", "")
        ),
        ConditionKind::Age(inner) => format!("{name} {}", describe_all(inner, show)),
        ConditionKind::Elements(_, inner) => format!("{name}: {}", describe_all(inner, show)),
    }
}

fn describe_bound(limit: &ResolvedBound<'_>, show: ValueFormatter<'_>) -> String {
    match limit {
        ResolvedBound::Value(value) => show.without_type(&**value),
        ResolvedBound::Duration(limit) => format_duration(*limit),
    }
}

/// A moment, and how long ago it was.
pub(super) fn format_moment(moment: &ReadMoment<'_>) -> String {
    let time = moment.time;
    match moment.age() {
        Some(age) if age.is_negative() => format!("{time}, {} ahead", format_age(age.abs())),
        Some(age) => format!("{time}, {} ago", format_age(age)),
        None => time.to_string(),
    }
}

/// In whole units, to the second: `2d 3h`.
pub(super) fn format_age(age: SignedDuration) -> String {
    let mut seconds = age.abs().as_secs();
    let mut parts = Vec::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        let count = seconds / length;
        seconds %= length;
        if count > 0 {
            parts.push(format!("{count}{unit}"));
        }
    }
    // Of four units the last two say nothing.
    parts.truncate(2);
    let sign = if age.is_negative() { "-" } else { "" };
    if parts.is_empty() {
        return "0s".to_owned();
    }
    format!("{sign}{}", parts.join(" "))
}

/// To the microsecond, because a clock is not more precise.
pub(super) fn format_duration(duration: Duration) -> String {
    if duration.is_zero() {
        return "0s".to_owned();
    }
    format!(
        "{:?}",
        Duration::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    )
}

fn join_types(types: &[JsonType]) -> String {
    types
        .iter()
        .map(|one| one.name())
        .collect::<Vec<_>>()
        .join(" or ")
}
