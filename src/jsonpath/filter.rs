//! Judges the elements of a filter selector. It refuses to round: numbers compare by exact decimal
//! value, and values of different types are never equal.

use super::error::SearchLimitExceeded;
use super::evaluator::{self, PathEvaluator};
use super::query::{
    ComparisonOperator, FilterExpression, FilterOperand, FilterQuery, MatchExtent, QueryOrigin,
    RegexPattern,
};
use super::regex_pattern;
use crate::value::{Number, Value};
use regex::Regex;
use std::borrow::Cow;
use std::cmp::Ordering;

/// The cost of compiling an expression of the document, in visits.
const REGEX_COMPILE_COST: u32 = 1_000;

/// A value, or what RFC 9535 calls Nothing.
type OptionalValue<'x> = Option<Cow<'x, Value>>;

impl<'v> PathEvaluator<'v> {
    /// Whether a filter keeps `current`.
    pub(super) fn holds(
        &self,
        condition: &FilterExpression,
        current: &'v Value,
    ) -> Result<bool, SearchLimitExceeded> {
        match condition {
            FilterExpression::Or(parts) => any(parts, |part| self.holds(part, current)),
            FilterExpression::And(parts) => {
                any(parts, |part| self.holds(part, current).map(|holds| !holds)).map(|fails| !fails)
            }
            FilterExpression::Not(part) => self.holds(part, current).map(|holds| !holds),
            FilterExpression::Exists(reference) => Ok(!self.nodes(reference, current)?.is_empty()),
            FilterExpression::Compare(left, relation, right) => {
                let (left, right) = (self.value(left, current)?, self.value(right, current)?);
                Ok(compare(left.as_deref(), *relation, right.as_deref()))
            }
            FilterExpression::Matches(subject, pattern) => self.matches(subject, pattern, current),
        }
    }

    fn nodes(
        &self,
        reference: &FilterQuery,
        current: &'v Value,
    ) -> Result<Vec<&'v Value>, SearchLimitExceeded> {
        self.select_all(&reference.segments, self.origin(reference, current))
    }

    fn origin(&self, reference: &FilterQuery, current: &'v Value) -> &'v Value {
        match reference.origin {
            QueryOrigin::Root => self.root,
            QueryOrigin::Current => current,
        }
    }

    fn value<'x>(
        &self,
        operand: &'x FilterOperand,
        current: &'v Value,
    ) -> Result<OptionalValue<'x>, SearchLimitExceeded>
    where
        'v: 'x,
    {
        Ok(match operand {
            FilterOperand::Literal(value) => Some(Cow::Borrowed(value)),
            FilterOperand::SingularQuery(reference) => {
                self.charge(1)?;
                evaluator::select_singular(&reference.segments, self.origin(reference, current))
                    .map(Cow::Borrowed)
            }
            // RFC 9535, section 2.4.4: the length of a number, a boolean or null is Nothing.
            FilterOperand::Length(inner) => self
                .value(inner, current)?
                .as_deref()
                .and_then(length)
                .map(length_value),
            FilterOperand::Count(reference) => {
                Some(length_value(self.nodes(reference, current)?.len()))
            }
            FilterOperand::ValueFunction(reference) => {
                match self.nodes(reference, current)?.as_slice() {
                    // RFC 9535, section 2.4.8: of no node or of several nodes the value is Nothing.
                    [only] => Some(Cow::Borrowed(*only)),
                    _ => None,
                }
            }
        })
    }

    fn matches(
        &self,
        subject: &FilterOperand,
        pattern: &RegexPattern,
        current: &'v Value,
    ) -> Result<bool, SearchLimitExceeded> {
        let subject = self.value(subject, current)?;
        // RFC 9535, section 2.4.6: false unless both arguments are strings.
        let Some(text) = subject.as_deref().and_then(Value::as_str) else {
            return Ok(false);
        };
        match pattern {
            RegexPattern::Compiled(regex) => Ok(regex.is_match(text)),
            RegexPattern::Unmatchable => Ok(false),
            RegexPattern::Dynamic(extent, operand) => {
                let pattern = self.value(operand, current)?;
                let Some(pattern) = pattern.as_deref().and_then(Value::as_str) else {
                    return Ok(false);
                };
                Ok(self
                    .cached_regex(pattern, *extent)?
                    .is_some_and(|regex| regex.is_match(text)))
            }
        }
    }

    fn cached_regex(
        &self,
        pattern: &str,
        extent: MatchExtent,
    ) -> Result<Option<Regex>, SearchLimitExceeded> {
        // `match` and `search` compile the same pattern to different expressions.
        let key = format!("{extent:?}{pattern}");
        if let Some(known) = self.regex_cache.borrow().get(&key) {
            return Ok(known.clone());
        }
        // A document can bring another expression with each element. At this cost at most 100 of
        // them are compiled.
        self.charge(REGEX_COMPILE_COST)?;
        let regex = match regex_pattern::compile_regex(pattern, extent) {
            Ok(regex) => Some(regex),
            // A valid expression that is only too large: whether it matches is not known.
            Err(regex::Error::CompiledTooBig(_)) => return Err(SearchLimitExceeded::RegexSize),
            // RFC 9535, sections 2.4.6 and 2.4.7: an argument that is not an I-Regexp makes the
            // function false, it is not an error.
            Err(_) => None,
        };
        self.regex_cache.borrow_mut().insert(key, regex.clone());
        Ok(regex)
    }
}

fn any<T>(
    parts: &[T],
    holds: impl Fn(&T) -> Result<bool, SearchLimitExceeded>,
) -> Result<bool, SearchLimitExceeded> {
    for part in parts {
        if holds(part)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn length_value(len: usize) -> Cow<'static, Value> {
    Cow::Owned(Value::Number(Number::from(len as u64)))
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::List(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        _ => None,
    }
}

/// RFC 9535, section 2.3.5.2.2: Nothing equals Nothing only, and only numbers and texts have an
/// order.
fn compare(left: Option<&Value>, relation: ComparisonOperator, right: Option<&Value>) -> bool {
    let is = |wanted: Ordering| order(left, right) == Some(wanted);
    match relation {
        ComparisonOperator::Equal => left == right,
        ComparisonOperator::Unequal => left != right,
        ComparisonOperator::Less => is(Ordering::Less),
        ComparisonOperator::LessOrEqual => is(Ordering::Less) || left == right,
        ComparisonOperator::Greater => is(Ordering::Greater),
        ComparisonOperator::GreaterOrEqual => is(Ordering::Greater) || left == right,
    }
}

fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Number(left), Value::Number(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
