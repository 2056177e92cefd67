//! Judges the elements of a filter selector. It refuses to round: numbers compare by exact decimal
//! value, and values of different types are never equal.

use super::error::SearchLimitExceeded;
use super::evaluator::PathEvaluator;
use super::query::{
    ComparisonOperator, FilterExpression, FilterOperand, FilterQuery, MatchExtent, QueryOrigin,
    RegexPattern,
};
use super::regex_pattern;
use crate::value::{JsonRef, Number, Value};
use regex::Regex;
use std::borrow::Cow;
use std::cmp::Ordering;

/// The cost of compiling an expression of the document, in visits.
const REGEX_COMPILE_COST: u32 = 1_000;

/// The value of an operand.
enum OperandValue<'x> {
    At(JsonRef<'x>),
    Computed(Value),
}

/// A value, or what RFC 9535 calls Nothing.
type OptionalValue<'x> = Option<OperandValue<'x>>;

impl OperandValue<'_> {
    fn of_length(len: usize) -> Self {
        Self::Computed(Value::Number(Number::from(len as u64)))
    }

    fn json(&self) -> JsonRef<'_> {
        match self {
            Self::At(value) => *value,
            Self::Computed(value) => value.into(),
        }
    }
}

fn text_of<'x>(value: &'x OptionalValue<'_>) -> Option<Cow<'x, str>> {
    value.as_ref()?.json().as_str()
}

impl<'v> PathEvaluator<'v> {
    /// Whether a filter keeps `current`.
    pub(super) fn holds(
        &self,
        condition: &FilterExpression,
        current: JsonRef<'v>,
    ) -> Result<bool, SearchLimitExceeded> {
        match condition {
            FilterExpression::Or(parts) => any(parts, |part| self.holds(part, current)),
            FilterExpression::And(parts) => {
                any(parts, |part| self.holds(part, current).map(|holds| !holds)).map(|fails| !fails)
            }
            FilterExpression::Not(part) => self.holds(part, current).map(|holds| !holds),
            FilterExpression::Exists(reference) => Ok(!self.nodes(reference, current)?.is_empty()),
            FilterExpression::Compare(left, relation, right)
                if left.is_in_place() && right.is_in_place() =>
            {
                self.charge(left.queries() + right.queries())?;
                let left = self.value_in_place(left, current);
                let right = self.value_in_place(right, current);
                Ok(compare(left, *relation, right))
            }
            FilterExpression::Compare(left, relation, right) => {
                let (left, right) = (self.value(left, current)?, self.value(right, current)?);
                let (left, right) = (left.as_ref(), right.as_ref());
                Ok(compare(
                    left.map(OperandValue::json),
                    *relation,
                    right.map(OperandValue::json),
                ))
            }
            FilterExpression::Matches(subject, pattern) => self.matches(subject, pattern, current),
        }
    }

    fn nodes(
        &self,
        reference: &FilterQuery,
        current: JsonRef<'v>,
    ) -> Result<Vec<JsonRef<'v>>, SearchLimitExceeded> {
        self.select_all(&reference.segments, self.origin(reference, current))
    }

    fn origin(&self, reference: &FilterQuery, current: JsonRef<'v>) -> JsonRef<'v> {
        match reference.origin {
            QueryOrigin::Root => self.root,
            QueryOrigin::Current => current,
        }
    }

    /// The value of an operand that is in place. It is paid for by the caller.
    fn value_in_place<'x>(
        &self,
        operand: &'x FilterOperand,
        current: JsonRef<'v>,
    ) -> Option<JsonRef<'x>>
    where
        'v: 'x,
    {
        match operand {
            FilterOperand::Literal(value) => Some(value.into()),
            FilterOperand::SingularQuery(reference) => {
                self.select_singular(&reference.segments, self.origin(reference, current))
            }
            FilterOperand::Length(_)
            | FilterOperand::Count(_)
            | FilterOperand::ValueFunction(_) => None,
        }
    }

    fn value<'x>(
        &self,
        operand: &'x FilterOperand,
        current: JsonRef<'v>,
    ) -> Result<OptionalValue<'x>, SearchLimitExceeded>
    where
        'v: 'x,
    {
        Ok(match operand {
            FilterOperand::Literal(_) | FilterOperand::SingularQuery(_) => {
                self.charge(operand.queries())?;
                let value = self.value_in_place(operand, current);
                value.map(OperandValue::At)
            }
            // RFC 9535, section 2.4.4: the length of a number, a boolean or null is Nothing.
            FilterOperand::Length(inner) => self
                .value(inner, current)?
                .as_ref()
                .and_then(|value| length(value.json()))
                .map(OperandValue::of_length),
            FilterOperand::Count(reference) => Some(OperandValue::of_length(
                self.nodes(reference, current)?.len(),
            )),
            FilterOperand::ValueFunction(reference) => {
                match self.nodes(reference, current)?.as_slice() {
                    // RFC 9535, section 2.4.8: of no node or of several nodes the value is Nothing.
                    [only] => Some(OperandValue::At(*only)),
                    _ => None,
                }
            }
        })
    }

    fn matches(
        &self,
        subject: &FilterOperand,
        pattern: &RegexPattern,
        current: JsonRef<'v>,
    ) -> Result<bool, SearchLimitExceeded> {
        let subject = self.value(subject, current)?;
        // RFC 9535, section 2.4.6: false unless both arguments are strings.
        let Some(text) = text_of(&subject) else {
            return Ok(false);
        };
        match pattern {
            RegexPattern::Compiled(regex) => Ok(regex.is_match(&text)),
            RegexPattern::Unmatchable => Ok(false),
            RegexPattern::Dynamic(extent, operand) => {
                let pattern = self.value(operand, current)?;
                let Some(pattern) = text_of(&pattern) else {
                    return Ok(false);
                };
                Ok(self
                    .cached_regex(&pattern, *extent)?
                    .is_some_and(|regex| regex.is_match(&text)))
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

fn length(value: JsonRef<'_>) -> Option<usize> {
    value
        .len()
        .or_else(|| value.as_str().map(|text| text.chars().count()))
}

/// RFC 9535, section 2.3.5.2.2: Nothing equals Nothing only, and only numbers and texts have an
/// order.
fn compare(
    left: Option<JsonRef<'_>>,
    relation: ComparisonOperator,
    right: Option<JsonRef<'_>>,
) -> bool {
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

fn order(left: Option<JsonRef<'_>>, right: Option<JsonRef<'_>>) -> Option<Ordering> {
    let (left, right) = (left?, right?);
    match (left.as_number(), right.as_number()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => Some(left.as_str()?.cmp(&right.as_str()?)),
    }
}
