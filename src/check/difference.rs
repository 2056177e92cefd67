//! How two values differ, place by place. It refuses to list more than a person reads.

use super::compare;
use super::show::ValueFormatter;
use crate::jsonpath::NodePath;
use crate::value::Value;
use std::fmt;

/// More differences than this are counted only.
const MAX_SHOWN: usize = 20;

/// One place where two values differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueDifference {
    /// A path such as `$.a[2].b`. In the list that a path for many values found, it is `[2].b`, or
    /// empty for that list itself.
    pub path: String,
    pub kind: DifferenceKind,
}

/// The kind of difference. Texts are short, plain and with the type of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    Mismatch {
        expected: String,
        actual: String,
    },
    Missing {
        expected: String,
    },
    Unexpected {
        actual: String,
    },
    /// It breaks a rule of a JSON Schema.
    SchemaViolation {
        rule: String,
        actual: String,
    },
}

impl fmt::Display for ValueDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match &self.kind {
            DifferenceKind::Mismatch { expected, actual } => {
                write!(f, "expected {expected}, got {actual}")
            }
            DifferenceKind::Missing { expected } => write!(f, "missing, expected {expected}"),
            DifferenceKind::Unexpected { actual } => write!(f, "unexpected {actual}"),
            DifferenceKind::SchemaViolation { rule, actual } => write!(f, "{rule}, got {actual}"),
        }
    }
}

/// The first differences, and how many more there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DifferenceList {
    pub shown: Vec<ValueDifference>,
    pub omitted: usize,
}

/// Every place where two values are not equal, from `$` on; none if and only if they are.
#[must_use]
pub(crate) fn differences(expected: &Value, actual: &Value) -> DifferenceList {
    let mut differ = DifferenceCollector::new(ValueFormatter::default());
    differ.compare_equal(&NodePath::Prefix("$"), expected, actual);
    differ.finish()
}

/// Collects differences.
pub(super) struct DifferenceCollector<'s> {
    formatter: ValueFormatter<'s>,
    differences: DifferenceList,
}

impl<'s> DifferenceCollector<'s> {
    pub(super) fn new(show: ValueFormatter<'s>) -> Self {
        Self {
            formatter: show,
            differences: DifferenceList::default(),
        }
    }

    pub(super) fn finish(self) -> DifferenceList {
        self.differences
    }

    pub(super) fn add(
        &mut self,
        trail: &NodePath<'_>,
        change: impl FnOnce(ValueFormatter<'s>) -> DifferenceKind,
    ) {
        if self.differences.shown.len() == MAX_SHOWN {
            self.differences.omitted += 1;
            return;
        }
        // Only what is shown is formatted: a large response can differ in thousands of places.
        let path = self.formatter.text(&trail.to_string());
        self.differences.shown.push(ValueDifference {
            path,
            kind: change(self.formatter),
        });
    }

    fn missing(&mut self, trail: &NodePath<'_>, expected: &Value) {
        self.add(trail, |show| DifferenceKind::Missing {
            expected: show.with_type(expected),
        });
    }

    fn unexpected(&mut self, trail: &NodePath<'_>, actual: &Value) {
        self.add(trail, |show| DifferenceKind::Unexpected {
            actual: show.with_type(actual),
        });
    }

    fn mismatch(&mut self, trail: &NodePath<'_>, expected: &Value, actual: &Value) {
        self.add(trail, |show| {
            let (expected, actual) = show.pair(expected, actual);
            DifferenceKind::Mismatch { expected, actual }
        });
    }

    /// Every place where the two are not equal; none if and only if they are.
    pub(super) fn compare_equal(&mut self, trail: &NodePath<'_>, expected: &Value, actual: &Value) {
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(members)) => {
                for (name, wanted) in wanted {
                    match actual.get(name) {
                        Some(member) => {
                            self.compare_equal(&NodePath::Name(trail, name), wanted, member);
                        }
                        None => self.missing(&NodePath::Name(trail, name), wanted),
                    }
                }
                for (name, member) in members
                    .iter()
                    .filter(|(name, _)| expected.get(name).is_none())
                {
                    self.unexpected(&NodePath::Name(trail, name), member);
                }
            }
            (Value::List(wanted), Value::List(items)) => self.compare_lists(trail, wanted, items),
            _ if expected == actual => {}
            _ => self.mismatch(trail, expected, actual),
        }
    }

    /// Equal elements at both ends are skipped, so that one more element is one difference.
    fn compare_lists(&mut self, trail: &NodePath<'_>, wanted: &[Value], items: &[Value]) {
        let (head, foot) = common_ends(wanted, items);
        let (wanted, items) = (
            &wanted[head..wanted.len() - foot],
            &items[head..items.len() - foot],
        );
        for at in 0..wanted.len().max(items.len()) {
            let trail = NodePath::Index(trail, head + at);
            match (wanted.get(at), items.get(at)) {
                (Some(wanted), Some(item)) => self.compare_equal(&trail, wanted, item),
                (Some(wanted), None) => self.missing(&trail, wanted),
                (None, Some(item)) => self.unexpected(&trail, item),
                (None, None) => {}
            }
        }
    }

    /// Every place where `expected` is not a part of `actual`.
    pub(super) fn compare_subset(
        &mut self,
        trail: &NodePath<'_>,
        expected: &Value,
        actual: &Value,
    ) {
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(_)) => {
                for (name, wanted) in wanted {
                    match actual.get(name) {
                        Some(member) => {
                            self.compare_subset(&NodePath::Name(trail, name), wanted, member);
                        }
                        None => self.missing(&NodePath::Name(trail, name), wanted),
                    }
                }
            }
            (Value::List(wanted), Value::List(items)) => {
                // Which element was meant to match is not known, so the whole expected element is
                // reported.
                for wanted in compare::unmatched(wanted, &items.iter().collect::<Vec<_>>()) {
                    self.missing(trail, wanted);
                }
            }
            _ if expected == actual => {}
            _ => self.mismatch(trail, expected, actual),
        }
    }

    /// Elements that only one of the lists has, in any order.
    pub(super) fn compare_unordered(
        &mut self,
        trail: &NodePath<'_>,
        expected: &[Value],
        actual: &[Value],
    ) {
        let (wanted, items): (Vec<_>, Vec<_>) =
            (expected.iter().collect(), actual.iter().collect());
        for at in compare::surplus(&wanted, &items) {
            self.missing(trail, wanted[at]);
        }
        for at in compare::surplus(&items, &wanted) {
            self.unexpected(&NodePath::Index(trail, at), items[at]);
        }
    }
}

/// How many elements two lists have in common at the beginning and at the end.
fn common_ends(wanted: &[Value], items: &[Value]) -> (usize, usize) {
    let is_equal = |(wanted, item): &(&Value, &Value)| wanted == item;
    let head = wanted.iter().zip(items).take_while(is_equal).count();
    if wanted.len() == items.len() {
        // Nothing was inserted or removed, so every index stands for itself.
        return (head, 0);
    }
    let from_end = wanted.iter().rev().zip(items.iter().rev());
    // An element must not count at both ends: of `[1, 1]` and `[1]` the head takes the only `1`.
    let most = wanted.len().min(items.len()) - head;
    (head, from_end.take_while(is_equal).count().min(most))
}
