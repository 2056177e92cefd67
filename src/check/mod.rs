//! Holds an answer against what a file expects of it: every assertion is judged, and every failing predicate says where it
//! stands, what was expected, what came and how the two differ. It refuses to guess in favour of an answer: a predicate that
//! does not apply to a value fails, also under `not` and `none`. It knows no YAML, no templates and no network.

mod actual;
mod answer;
mod capture;
mod compare;
mod condition;
mod describe;
mod difference;
mod explain;
mod failure;
mod misfit;
mod outcome;
mod possible;
mod schema;
mod show;
mod verdict;

pub use answer::Answer;
pub use capture::{CaptureFailure, capture};
pub use difference::{Change, Difference, Differences, differences};
pub use failure::Failure;
pub use outcome::{Outcome, holds_all, outcome};
pub use possible::impossible;

use crate::model::assertion::Assertion;
use crate::model::template::Tree;
use crate::value::Value;
use condition::Condition;
use std::borrow::Cow;

/// Gives the value of an operand; what has no holes is given back borrowed.
pub type Resolve<'r, 'a, E> = dyn Fn(&'a Tree) -> Result<Cow<'a, Value>, E> + 'r;

/// Judges all assertions, whatever fails, and gives every failing predicate in the order written.
///
/// # Errors
/// When an operand cannot be resolved; then nothing is judged.
pub fn judge<'a, E>(assertions: &'a [Assertion], answer: &Answer<'_>, resolve: &Resolve<'_, 'a, E>) -> Result<Vec<Failure>, E> {
    let ready = prepare(assertions, resolve)?;
    Ok(ready.iter().flat_map(|(assertion, conditions)| explain::failures(assertion, conditions, answer)).collect())
}

/// Whether all assertions hold, without a word about those that do not.
///
/// # Errors
/// When an operand cannot be resolved.
pub fn holds<'a, E>(assertions: &'a [Assertion], answer: &Answer<'_>, resolve: &Resolve<'_, 'a, E>) -> Result<bool, E> {
    let ready = prepare(assertions, resolve)?;
    Ok(ready.iter().all(|(assertion, conditions)| {
        answer.look(&assertion.subject).is_ok_and(|actual| verdict::all(conditions, &actual).is_good())
    }))
}

type Ready<'a> = (&'a Assertion, Vec<Condition<'a>>);

fn prepare<'a, E>(assertions: &'a [Assertion], resolve: &Resolve<'_, 'a, E>) -> Result<Vec<Ready<'a>>, E> {
    assertions.iter().map(|assertion| Ok((assertion, condition::prepare(&assertion.predicates, resolve)?))).collect()
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
