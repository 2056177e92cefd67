//! Why a predicate does not apply to a value, or what makes a value look right that is not. It refuses to decide anything:
//! the verdict is known before.

use super::actual::Actual;
use super::compare;
use super::condition::{Condition, Kind, Limit, Part};
use super::show::Show;
use super::verdict::Verdict;
use crate::value::{Number, Value};

/// What a message should add, if anything.
pub(super) fn why(condition: &Condition<'_>, actual: &Actual<'_>, show: Show<'_>) -> Option<String> {
    let kind = &condition.kind;
    match (condition.verdict(actual), kind) {
        (Verdict::Unfit, _) => Some(unfit(kind, actual, show)),
        (_, Kind::Equals(expected)) => other_type(expected, actual),
        (_, Kind::OneOf(choices)) => choices.as_list()?.iter().find_map(|choice| other_type(choice, actual)),
        (_, Kind::Unique(true)) => {
            let (first, second) = compare::twice(&actual.items()?)?;
            Some(format!("elements [{first}] and [{second}] are equal"))
        }
        _ => None,
    }
}

/// `5` and `"5"` read alike and are not equal.
fn other_type(expected: &Value, actual: &Actual<'_>) -> Option<String> {
    let Actual::Json(actual) = actual else { return None };
    if expected.type_name() == actual.type_name() || expected.to_plain_text()? != actual.to_plain_text()? {
        return None;
    }
    let written = expected.to_plain_text()?;
    Some(match expected {
        Value::String(_) => format!("text is expected and a {} came: write {written} without quotes", actual.type_name()),
        _ => format!("a {} is expected and text came: write \"{written}\" in quotes", expected.type_name()),
    })
}

fn unfit(kind: &Kind<'_>, actual: &Actual<'_>, show: Show<'_>) -> String {
    let name = kind.name();
    match (kind, actual) {
        (Kind::Order(_, Limit::Duration(_)), _) => "only `latency` is compared with a duration".to_owned(),
        (_, Actual::Latency(_)) => format!("`latency` is compared with a duration such as `2s`, and `{name}` does not do that"),
        (Kind::Order(_, Limit::Number(limit)), _) if limit.as_number().is_none() => {
            format!("`{name}` compares with a number, and {} is none", show.value(limit))
        }
        (Kind::OneOf(choices), _) => format!("`one_of` chooses from a list, and {} is none", show.value(choices)),
        (Kind::Unordered(operand), _) if operand.as_list().is_none() => {
            format!("`unordered` compares with a list, and {} is none", show.value(operand))
        }
        (Kind::Includes(operand), _) => not_inside(operand, actual, show),
        (Kind::Part(_, operand), _) if actual.as_text().is_some() => {
            format!("`{name}` looks for text in a text, and {} is none", show.value(operand))
        }
        (Kind::Elements(..) | Kind::Unique(_), _) if actual.items().is_some() => {
            format!("the list is empty, so `{name}` says nothing of it; `length: 0` expects that")
        }
        _ => format!("`{name}` needs {}{}", needs(kind), instead(kind, actual)),
    }
}

fn needs(kind: &Kind<'_>) -> &'static str {
    match kind {
        Kind::Order(..) => "a number",
        Kind::Matches(_) | Kind::Part(Part::StartsWith | Part::EndsWith, _) => "a text",
        Kind::Part(Part::Contains, _) => "a text or a list",
        Kind::Length(_) => "a text, a list or an object",
        Kind::Elements(..) | Kind::Unordered(_) | Kind::Unique(_) => "a list",
        _ => "a value",
    }
}

/// What may be behind a value of the wrong type.
fn instead(kind: &Kind<'_>, actual: &Actual<'_>) -> &'static str {
    match (kind, actual) {
        (Kind::Order(..), _) if actual.as_text().is_some_and(|text| Number::parse(text.trim()).is_some()) => {
            "; did the API send it as text?"
        }
        (_, Actual::Found(_)) => "; this path finds a list, whose elements `each`, `some` and `none` look at",
        (Kind::Matches(_), Actual::Json(Value::Number(_))) => "; compare numbers with `above`, `below` or `one_of`",
        _ => "",
    }
}

fn not_inside(operand: &Value, actual: &Actual<'_>, show: Show<'_>) -> String {
    match operand {
        Value::Object(_) if actual.items().is_some() => {
            "an object is not inside a list but inside an element of it: `some: { includes: … }`".to_owned()
        }
        Value::Object(_) => "`includes` with an object needs an object".to_owned(),
        Value::List(_) => "`includes` with a list needs a list".to_owned(),
        one => format!("`includes` takes an object or a list; for {} there is `contains`", show.bare(one)),
    }
}
