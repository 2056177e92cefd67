//! Judges the elements of a filter selector. It refuses to round: numbers compare by exact decimal value, and values of
//! different types are never equal.

use super::Overrun;
use super::pattern::{self, Extent, Pattern};
use super::query::{Condition, Operand, Origin, Reference, Relation};
use super::walk::{self, Walk};
use crate::value::{Number, Value};
use regex::Regex;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What an expression out of a document costs, in visits.
const COMPILE_COST: u32 = 1_000;

/// A value, or what RFC 9535 calls Nothing.
type Maybe<'x> = Option<Cow<'x, Value>>;

impl<'v> Walk<'v> {
    /// Whether a filter keeps `current`.
    pub fn holds(&self, condition: &Condition, current: &'v Value) -> Result<bool, Overrun> {
        match condition {
            Condition::Any(parts) => any(parts, |part| self.holds(part, current)),
            Condition::All(parts) => any(parts, |part| self.holds(part, current).map(|holds| !holds)).map(|fails| !fails),
            Condition::Not(part) => self.holds(part, current).map(|holds| !holds),
            Condition::Exists(reference) => Ok(!self.nodes(reference, current)?.is_empty()),
            Condition::Compare(left, relation, right) => {
                let (left, right) = (self.value(left, current)?, self.value(right, current)?);
                Ok(compare(left.as_deref(), *relation, right.as_deref()))
            }
            Condition::Matches(subject, pattern) => self.matches(subject, pattern, current),
        }
    }

    fn nodes(&self, reference: &Reference, current: &'v Value) -> Result<Vec<&'v Value>, Overrun> {
        self.all(&reference.segments, self.origin(reference, current))
    }

    fn origin(&self, reference: &Reference, current: &'v Value) -> &'v Value {
        match reference.origin {
            Origin::Root => self.root,
            Origin::Current => current,
        }
    }

    fn value<'x>(&self, operand: &'x Operand, current: &'v Value) -> Result<Maybe<'x>, Overrun>
    where
        'v: 'x,
    {
        Ok(match operand {
            Operand::Literal(value) => Some(Cow::Borrowed(value)),
            Operand::Single(reference) => {
                self.pay(1)?;
                walk::single(&reference.segments, self.origin(reference, current)).map(Cow::Borrowed)
            }
            Operand::Length(inner) => self.value(inner, current)?.as_deref().and_then(length).map(count),
            Operand::Count(reference) => Some(count(self.nodes(reference, current)?.len())),
            Operand::Only(reference) => match self.nodes(reference, current)?.as_slice() {
                [only] => Some(Cow::Borrowed(*only)),
                _ => None,
            },
        })
    }

    fn matches(&self, subject: &Operand, pattern: &Pattern, current: &'v Value) -> Result<bool, Overrun> {
        let subject = self.value(subject, current)?;
        let Some(text) = subject.as_deref().and_then(Value::as_str) else { return Ok(false) };
        match pattern {
            Pattern::Ready(regex) => Ok(regex.is_match(text)),
            Pattern::Never => Ok(false),
            Pattern::Later(extent, operand) => {
                let pattern = self.value(operand, current)?;
                let Some(pattern) = pattern.as_deref().and_then(Value::as_str) else { return Ok(false) };
                Ok(self.compiled(pattern, *extent)?.is_some_and(|regex| regex.is_match(text)))
            }
        }
    }

    fn compiled(&self, pattern: &str, extent: Extent) -> Result<Option<Regex>, Overrun> {
        let key = format!("{extent:?}{pattern}");
        if let Some(known) = self.patterns.borrow().get(&key) {
            return Ok(known.clone());
        }
        self.pay(COMPILE_COST)?;
        let regex = pattern::compile(pattern, extent).ok();
        self.patterns.borrow_mut().insert(key, regex.clone());
        Ok(regex)
    }
}

fn any<T>(parts: &[T], holds: impl Fn(&T) -> Result<bool, Overrun>) -> Result<bool, Overrun> {
    for part in parts {
        if holds(part)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn count(len: usize) -> Cow<'static, Value> {
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

/// RFC 9535, section 2.3.5.2.2: Nothing equals Nothing only, and only numbers and texts have an order.
fn compare(left: Option<&Value>, relation: Relation, right: Option<&Value>) -> bool {
    let is = |wanted: Ordering| order(left, right) == Some(wanted);
    match relation {
        Relation::Equal => left == right,
        Relation::Unequal => left != right,
        Relation::Less => is(Ordering::Less),
        Relation::LessOrEqual => is(Ordering::Less) || left == right,
        Relation::Greater => is(Ordering::Greater),
        Relation::GreaterOrEqual => is(Ordering::Greater) || left == right,
    }
}

fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Number(left), Value::Number(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
