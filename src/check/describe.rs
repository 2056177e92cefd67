//! What a predicate expects, in the words of the language. It refuses to look at an answer.

use super::condition::{Condition, Kind, Limit};
use super::show::Show;
use crate::model::assertion::JsonType;
use std::time::Duration;

/// Several conditions in one phrase.
pub(super) fn all(conditions: &[Condition<'_>], show: Show<'_>) -> String {
    conditions.iter().map(|condition| one(&condition.kind, show)).collect::<Vec<_>>().join(" and ")
}

/// One condition, as it reads behind "expected".
pub(super) fn one(kind: &Kind<'_>, show: Show<'_>) -> String {
    let name = kind.name();
    match kind {
        Kind::Equals(value) => show.value(value),
        Kind::OneOf(operand) | Kind::Part(_, operand) | Kind::Includes(operand) | Kind::Unordered(operand) => {
            format!("{name} {}", show.bare(operand))
        }
        Kind::Type(types) => format!("{name} {}", either(types)),
        Kind::Exists(true) => "something".to_owned(),
        Kind::Exists(false) => "nothing".to_owned(),
        Kind::Order(_, limit) => format!("{name} {}", bound(limit, show)),
        Kind::Matches(regex) => format!("{name} `{}`", show.text(regex.as_str())),
        Kind::Unique(true) => "no element twice".to_owned(),
        Kind::Unique(false) => "an element twice".to_owned(),
        Kind::Schema(schema) => format!("{name} {}", schema.path.display()),
        Kind::Not(inner) => format!("{name} {}", all(inner, show)),
        Kind::Length(inner) => format!("{name} {}", all(inner, show).replace(" (number)", "")),
        Kind::Elements(_, inner) => format!("{name}: {}", all(inner, show)),
    }
}

fn bound(limit: &Limit<'_>, show: Show<'_>) -> String {
    match limit {
        Limit::Number(value) => show.bare(value),
        Limit::Duration(limit) => duration(*limit),
    }
}

/// To the microsecond: what lies below is noise of the clock.
pub(super) fn duration(duration: Duration) -> String {
    format!("{:?}", Duration::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
}

fn either(types: &[JsonType]) -> String {
    types.iter().map(|one| one.name()).collect::<Vec<_>>().join(" or ")
}
