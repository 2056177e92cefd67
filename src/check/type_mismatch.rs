//! Why a predicate does not apply to a value, or why a wrong value looks right. It decides nothing:
//! the verdict is known before.

use super::actual_value::{ActualValue, ReadMoment};
use super::compare;
use super::condition::{ConditionKind, ContainmentKind, PreparedCondition, ResolvedBound};
use super::show::ValueFormatter;
use super::verdict::{self, PredicateVerdict};
use crate::value::{Number, Value};

/// The reason that a message should add, if there is one.
pub(super) fn mismatch_reason(
    condition: &PreparedCondition<'_>,
    actual: &ActualValue<'_>,
    show: ValueFormatter<'_>,
) -> Option<String> {
    let kind = &condition.kind;
    match (condition.verdict(actual), kind) {
        (PredicateVerdict::Inapplicable, _) => Some(inapplicable_reason(kind, actual, show)),
        (_, ConditionKind::Equals(expected)) => similar_value_hint(expected, actual),
        (_, ConditionKind::OneOf(choices)) => choices
            .as_list()?
            .iter()
            .find_map(|choice| similar_value_hint(choice, actual)),
        (_, ConditionKind::Unique(true)) => {
            let items = || actual.items().into_iter().flatten();
            let (first, second) = compare::first_duplicate(items)?;
            Some(format!("elements [{first}] and [{second}] are equal"))
        }
        _ => None,
    }
}

/// `5` and `"5"` read alike and are not equal.
fn similar_value_hint(expected: &Value, actual: &ActualValue<'_>) -> Option<String> {
    let ActualValue::Json(actual) = actual else {
        return None;
    };
    if expected.type_name() == actual.type_name()
        || expected.to_plain_text()? != actual.to_plain_text()?
    {
        return None;
    }
    let written = expected.to_plain_text()?;
    Some(match expected {
        Value::String(_) => format!(
            "text is expected, but the value is a {}: write {written} without quotes",
            actual.type_name()
        ),
        _ => format!(
            "a {} is expected, but the value is text: write \"{written}\" in quotes",
            expected.type_name()
        ),
    })
}

fn inapplicable_reason(
    kind: &ConditionKind<'_>,
    actual: &ActualValue<'_>,
    show: ValueFormatter<'_>,
) -> String {
    let name = kind.name();
    // Operands come before the actual value: a wrong operand is a fault of the file, whatever was
    // received.
    match (kind, actual) {
        (_, ActualValue::Moment(moment)) => moment_reason(kind, moment, show),
        (ConditionKind::Age(_), _) => "`age` needs `as: date`".to_owned(),
        (_, ActualValue::Age(_)) => {
            format!(
                "`age` is compared with a duration such as `1d`, but `{name}` does not compare durations"
            )
        }
        (ConditionKind::Order(_, ResolvedBound::Duration(_)), _) => {
            "a duration can be compared only with `latency` and `age`".to_owned()
        }
        (_, ActualValue::Latency(_)) => {
            format!(
                "`latency` is compared with a duration such as `2s`, but `{name}` does not compare durations"
            )
        }
        (ConditionKind::Order(_, ResolvedBound::Value(limit)), _)
            if limit.as_number().is_none() =>
        {
            operand_reason(&format!("`{name}` needs a number"), limit, show)
        }
        (ConditionKind::OneOf(choices), _) => {
            operand_reason("`one_of` needs a list", choices, show)
        }
        (ConditionKind::Unordered(operand) | ConditionKind::UnorderedDeep(operand), _)
            if operand.as_list().is_none() =>
        {
            operand_reason("`unordered` needs a list", operand, show)
        }
        (ConditionKind::Includes(operand) | ConditionKind::Containment(_, operand), _)
            if verdict::is_empty_operand(operand) =>
        {
            format!(
                "`{name}` of {} always passes, so it tests nothing",
                show.without_type(&**operand)
            )
        }
        (ConditionKind::Includes(operand), _) => includes_reason(operand, actual, show),
        (ConditionKind::Containment(_, operand), _) if actual.as_text().is_some() => {
            let rule = format!("`{name}` needs text");
            operand_reason(&rule, operand, show)
        }
        (ConditionKind::Elements(..) | ConditionKind::Unique(_), _) if actual.items().is_some() => {
            format!(
                "the list is empty, so `{name}` tests nothing; to expect an empty list, write `length: 0`"
            )
        }
        _ => format!(
            "`{name}` needs {}{}",
            required_type(kind),
            likely_cause(kind, actual)
        ),
    }
}

/// Why a predicate does not apply to a moment: its operand is no time, or it is none of times.
fn moment_reason(
    kind: &ConditionKind<'_>,
    moment: &ReadMoment<'_>,
    show: ValueFormatter<'_>,
) -> String {
    let name = kind.name();
    let operand = match kind {
        ConditionKind::Age(_) => return "the time of this response is unknown".to_owned(),
        ConditionKind::Equals(operand) | ConditionKind::Order(_, ResolvedBound::Value(operand)) => {
            Some(&**operand)
        }
        ConditionKind::OneOf(choices) => {
            let mut choices = choices.as_list().unwrap_or_default().iter();
            choices.find(|choice| moment.compare(choice).is_err())
        }
        _ => None,
    };
    match operand.map(|operand| (operand, moment.compare(operand))) {
        Some((operand, Err(error))) => {
            let hint = error
                .hint
                .map(|hint| format!("; {hint}"))
                .unwrap_or_default();
            let shown = show.with_type(operand);
            format!(
                "`{name}` needs a time, but {shown} is not a time: {}{hint}",
                error.reason
            )
        }
        _ => format!("`{name}` does not apply to a time; `age` and the order predicates do"),
    }
}

/// The rule of a predicate for its operand, and the operand that breaks it.
fn operand_reason(rule: &str, operand: &Value, show: ValueFormatter<'_>) -> String {
    format!("{rule}, but {} is not", show.with_type(operand))
}

fn required_type(kind: &ConditionKind<'_>) -> &'static str {
    match kind {
        ConditionKind::Order(..) => "a number",
        ConditionKind::Matches(_)
        | ConditionKind::Containment(ContainmentKind::StartsWith | ContainmentKind::EndsWith, _) => {
            "a text"
        }
        ConditionKind::Containment(ContainmentKind::Contains, _) => "a text or a list",
        ConditionKind::Length(_) => "a text, a list or an object",
        ConditionKind::Sha256(_) | ConditionKind::StartsWithBytes(_) => "`bytes`",
        ConditionKind::Age(_) => "a time",
        ConditionKind::Elements(..)
        | ConditionKind::Unordered(_)
        | ConditionKind::UnorderedDeep(_)
        | ConditionKind::Unique(_) => "a list",
        _ => "a value",
    }
}

/// The likely cause of a value of the wrong type.
fn likely_cause(kind: &ConditionKind<'_>, actual: &ActualValue<'_>) -> &'static str {
    match (kind, actual) {
        (ConditionKind::Order(..), _)
            if actual
                .as_text()
                .is_some_and(|text| Number::parse(text.trim()).is_some()) =>
        {
            "; did the API send it as text?"
        }
        (_, ActualValue::NodeList(_)) => {
            "; this path finds a list: test its elements with `each`, `some` or `none`"
        }
        (ConditionKind::Matches(_), ActualValue::Json(value)) if value.as_number().is_some() => {
            "; compare numbers with `above`, `below` or `one_of`"
        }
        _ => "",
    }
}

fn includes_reason(operand: &Value, actual: &ActualValue<'_>, show: ValueFormatter<'_>) -> String {
    match operand {
        Value::Object(_) if actual.items().is_some() => {
            "a list cannot include an object; to test its elements, write `some: { includes: … }`"
                .to_owned()
        }
        Value::Object(_) => "`includes` with an object needs an object".to_owned(),
        Value::List(_) => "`includes` with a list needs a list".to_owned(),
        one => format!(
            "`includes` needs an object or a list; for {}, use `contains`",
            show.without_type(one)
        ),
    }
}
