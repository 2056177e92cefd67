//! Holds an answer against what a file expects of it: every assertion is judged, and every failing
//! predicate says where it stands, what was expected, what came and how the two differ. It refuses
//! to guess in favour of an answer: a predicate that does not apply to a value fails, also under
//! `not` and `none`. It knows no YAML, no templates and no network.

mod actual_value;
mod capture;
mod compare;
mod condition;
mod describe;
mod difference;
mod explain;
mod failure;
mod outcome;
mod response_view;
mod schema;
mod show;
mod type_mismatch;
mod unsatisfiable;
mod verdict;

pub(crate) use capture::{CaptureFailure, capture};
pub(crate) use difference::{DifferenceKind, DifferenceList, ValueDifference, differences};
pub(crate) use failure::PredicateFailure;
pub(crate) use outcome::holds_without_templates;
pub use outcome::{ResponseOutcome, classify_response};
pub use response_view::ResponseView;
pub(crate) use unsatisfiable::unsatisfiable_predicates;

use crate::model::assertion::Assertion;
use crate::model::template::TemplateTree;
use crate::value::Value;
use condition::PreparedCondition;
use std::borrow::Cow;

/// Gives the value of an operand; what has no holes is given back borrowed.
pub(crate) type OperandResolver<'r, 'a, E> =
    dyn Fn(&'a TemplateTree) -> Result<Cow<'a, Value>, E> + 'r;

/// Judges all assertions, whatever fails, and gives every failing predicate in the order written.
///
/// # Errors
/// When an operand cannot be resolved; then nothing is judged.
pub fn judge<'a, E>(
    assertions: &'a [Assertion],
    answer: &ResponseView<'_>,
    resolve: &OperandResolver<'_, 'a, E>,
) -> Result<Vec<PredicateFailure>, E> {
    let ready = prepare(assertions, resolve)?;
    Ok(ready
        .iter()
        .flat_map(|(assertion, conditions)| explain::failures(assertion, conditions, answer))
        .collect())
}

/// Whether all assertions hold, without a word about those that do not.
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

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
