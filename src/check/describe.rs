//! The expectation of a predicate as text. It does not look at a response.

use super::condition::{ConditionKind, PreparedCondition, ResolvedBound};
use super::show::ValueFormatter;
use crate::model::assertion::JsonType;
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
        ConditionKind::Elements(_, inner) => format!("{name}: {}", describe_all(inner, show)),
    }
}

fn describe_bound(limit: &ResolvedBound<'_>, show: ValueFormatter<'_>) -> String {
    match limit {
        ResolvedBound::Number(value) => show.without_type(&**value),
        ResolvedBound::Duration(limit) => format_duration(*limit),
    }
}

/// To the microsecond, because a clock is not more precise.
pub(super) fn format_duration(duration: Duration) -> String {
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
