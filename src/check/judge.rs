//! Judges assertions: operands first, so that nothing is judged when one of them cannot be
//! resolved.

use super::actual_value::ActualValue;
use super::condition::{self, OperandResolver, PreparedCondition};
use super::converted::ConvertedSubject;
use super::failure::PredicateFailure;
use super::response_view::{MadeValue, ResponseView};
use super::verdict::PredicateVerdict;
use super::{explain, verdict};
use crate::model::assertion::Assertion;
use crate::value::Value;
use std::borrow::Cow;

/// Judges all assertions, whatever fails, and gives every failing predicate in the order written.
///
/// # Errors
/// When an operand cannot be resolved; then nothing is judged.
pub fn judge<'a, E>(
    assertions: &'a [Assertion],
    answer: &ResponseView<'_>,
    resolve: &OperandResolver<'_, 'a, E>,
) -> Result<Vec<PredicateFailure>, E> {
    // All operands first, so that an error of a template never comes with half of the verdicts.
    let ready = prepare(assertions, resolve)?;
    Ok(ready
        .iter()
        .flat_map(|(assertion, conditions)| explain::failures(assertion, conditions, answer))
        .collect())
}

/// Whether all assertions hold. Failures are not described.
///
/// # Errors
/// When an operand cannot be resolved.
pub(crate) fn holds<'a, E>(
    assertions: &'a [Assertion],
    answer: &ResponseView<'_>,
    resolve: &OperandResolver<'_, 'a, E>,
) -> Result<bool, E> {
    let ready = prepare(assertions, resolve)?;
    Ok(ready.iter().all(|(assertion, conditions)| {
        let made = MadeValue::default();
        let Ok(actual) = answer.select(&assertion.subject, &made) else {
            return false;
        };
        if assertion.conversions.is_empty() {
            return verdict::judge_all(conditions, &actual).holds();
        }
        ConvertedSubject::new(&actual, &assertion.conversions, answer)
            .is_ok_and(|converted| verdict::judge_all(conditions, &converted.actual()).holds())
    }))
}

/// Whether all assertions hold, for a condition that decides how a step goes on. A subject that
/// cannot be read, or to which a predicate does not apply, decides nothing: the failures are inside.
/// What is not there, `null` or an empty list does not meet a predicate that does not apply to it.
///
/// # Errors
/// When an operand cannot be resolved.
pub(crate) fn decide<'a, E>(
    assertions: &'a [Assertion],
    answer: &ResponseView<'_>,
    resolve: &OperandResolver<'_, 'a, E>,
) -> Result<Result<bool, Vec<PredicateFailure>>, E> {
    let ready = prepare(assertions, resolve)?;
    let mut holds = true;
    let mut undecided = Vec::new();
    for (assertion, conditions) in &ready {
        let made = MadeValue::default();
        let verdict =
            answer.select(&assertion.subject, &made).map(|actual| {
                match verdict::judge_all(conditions, &actual) {
                    PredicateVerdict::Inapplicable if is_nothing(&actual) => {
                        PredicateVerdict::Fails
                    }
                    verdict => verdict,
                }
            });
        match verdict {
            Ok(PredicateVerdict::Holds) => {}
            Ok(PredicateVerdict::Fails) => holds = false,
            Ok(PredicateVerdict::Inapplicable) | Err(_) => {
                undecided.extend(explain::failures(assertion, conditions, answer));
            }
        }
    }
    Ok(if undecided.is_empty() {
        Ok(holds)
    } else {
        Err(undecided)
    })
}

fn is_nothing(actual: &ActualValue<'_>) -> bool {
    match actual {
        ActualValue::Absent => true,
        ActualValue::Json(value) => value.is_null() || actual.is_empty_list(),
        other => other.is_empty_list(),
    }
}

/// Whether an assertion without templates holds for `null`.
#[must_use]
pub(crate) fn holds_for_null(assertion: &Assertion) -> bool {
    constant_conditions(assertion).is_some_and(|conditions| {
        // Without a predicate it is faulty.
        !conditions.is_empty()
            && verdict::judge_all(&conditions, &ActualValue::Json((&Value::Null).into())).holds()
    })
}

/// The final statuses for which an assertion of the status holds; `None` if an operand is a
/// template.
pub(crate) fn statuses(assertion: &Assertion) -> Option<impl Iterator<Item = u16>> {
    let conditions = constant_conditions(assertion)?;
    // The usual ones first: most assertions are of these, and whoever asks wants the first.
    Some((200..600).filter(move |status| {
        let value = Value::from(i64::from(*status));
        verdict::judge_all(&conditions, &ActualValue::Json((&value).into())).holds()
    }))
}

fn constant_conditions(assertion: &Assertion) -> Option<Vec<PreparedCondition<'_>>> {
    let ready: Result<_, ()> = condition::prepare(&assertion.predicates, &|tree| {
        tree.as_constant().map(Cow::Borrowed).ok_or(())
    });
    ready.ok()
}

type PreparedAssertion<'a> = (&'a Assertion, Vec<PreparedCondition<'a>>);

fn prepare<'a, E>(
    assertions: &'a [Assertion],
    resolve: &OperandResolver<'_, 'a, E>,
) -> Result<Vec<PreparedAssertion<'a>>, E> {
    assertions
        .iter()
        .map(|assertion| {
            Ok((
                assertion,
                condition::prepare(&assertion.predicates, resolve)?,
            ))
        })
        .collect()
}
