//! Judges assertions: operands first, so that nothing is judged when one of them cannot be
//! resolved.

use super::condition::{self, OperandResolver, PreparedCondition};
use super::failure::PredicateFailure;
use super::response_view::ResponseView;
use super::{explain, verdict};
use crate::model::assertion::Assertion;

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
        answer
            .select(&assertion.subject)
            .is_ok_and(|actual| verdict::judge_all(conditions, &actual).holds())
    }))
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
