//! What an answer means to its scheme: success, or which kind of refusal.

use super::{Answer, holds};
use crate::method::Method;
use crate::model::assertion::Assertion;
use crate::model::outcome::ErrorKind;
use crate::model::scheme::{AnswerCondition, Remedy, Scheme};
use crate::model::template::Tree;
use crate::value::Value;
use std::borrow::Cow;
use std::convert::Infallible;

/// The meaning of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Success,
    Refused { kind: ErrorKind, hint: Option<String>, then: Option<Remedy> },
}

/// Judges an answer by the scheme's `ok` and `errors`; `path` is the one below the base path of the host.
#[must_use]
pub fn outcome(scheme: &Scheme, method: Method, path: &str, answer: &Answer<'_>) -> Outcome {
    let rule = scheme.ok.iter().find(|rule| rule.matcher.fits(method, path));
    let success = rule.map_or_else(|| (200..300).contains(&answer.status()), |rule| fits(&rule.condition, answer));
    if success {
        return Outcome::Success;
    }
    let refusal = scheme.errors.iter().find(|rule| rule.matcher.fits(method, path) && fits(&rule.condition, answer));
    match refusal {
        Some(rule) => Outcome::Refused { kind: rule.kind, hint: rule.hint.clone(), then: rule.then },
        None => Outcome::Refused { kind: unnamed(scheme, answer), hint: None, then: None },
    }
}

/// The kind of an answer that no rule names. One that is not in the form of the marketplace's own refusals, such as a redirect
/// or a page of a proxy, says nothing about the input.
fn unnamed(scheme: &Scheme, answer: &Answer<'_>) -> ErrorKind {
    let in_json = scheme.errors.iter().any(|rule| !rule.condition.assertions.is_empty());
    if answer.status() < 400 || (in_json && answer.json().is_err()) {
        return ErrorKind::Server;
    }
    ErrorKind::of_status(answer.status())
}

fn fits(condition: &AnswerCondition, answer: &Answer<'_>) -> bool {
    let status = condition.statuses.is_empty() || condition.statuses.iter().any(|pattern| pattern.fits(answer.status()));
    status && holds_all(&condition.assertions, answer)
}

/// Whether assertions without templates hold.
#[must_use]
pub fn holds_all(assertions: &[Assertion], answer: &Answer<'_>) -> bool {
    holds(assertions, answer, &constant).unwrap_or(false)
}

/// Rules of schemes hold no templates in their conditions; one that did would never hold.
fn constant(tree: &Tree) -> Result<Cow<'_, Value>, Infallible> {
    Ok(tree.as_constant().map_or(Cow::Owned(Value::Null), Cow::Borrowed))
}
