//! How two values differ, place by place. It refuses to list more than a person reads.

use super::compare;
use super::show::Show;
use crate::jsonpath::Trail;
use crate::value::Value;
use std::fmt;

/// More differences than this are counted only.
const SHOWN: usize = 20;

/// One place where two values differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// A path such as `$.a[2].b`; in what a path for many found, `[2].b`, or nothing for that list itself.
    pub path: String,
    pub change: Change,
}

/// What is wrong there; texts are short, plain and with the type of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Other {
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
    Breaks {
        rule: String,
        actual: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match &self.change {
            Change::Other { expected, actual } => write!(f, "expected {expected}, got {actual}"),
            Change::Missing { expected } => write!(f, "missing, expected {expected}"),
            Change::Unexpected { actual } => write!(f, "unexpected {actual}"),
            Change::Breaks { rule, actual } => write!(f, "{rule}, got {actual}"),
        }
    }
}

/// The first differences, and how many more there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    pub shown: Vec<Difference>,
    pub more: usize,
}

/// Every place where two values are not equal, from `$` on; none if and only if they are.
#[must_use]
pub fn differences(expected: &Value, actual: &Value) -> Differences {
    let mut differ = Differ::new(Show::default());
    differ.equal(&Trail::Start("$"), expected, actual);
    differ.finish()
}

/// Collects differences.
pub(super) struct Differ<'s> {
    show: Show<'s>,
    found: Differences,
}

impl<'s> Differ<'s> {
    pub fn new(show: Show<'s>) -> Self {
        Self { show, found: Differences::default() }
    }

    pub fn finish(self) -> Differences {
        self.found
    }

    pub fn add(&mut self, trail: &Trail<'_>, change: impl FnOnce(Show<'s>) -> Change) {
        if self.found.shown.len() == SHOWN {
            self.found.more += 1;
            return;
        }
        let path = self.show.text(&trail.to_string());
        self.found.shown.push(Difference { path, change: change(self.show) });
    }

    fn missing(&mut self, trail: &Trail<'_>, expected: &Value) {
        self.add(trail, |show| Change::Missing { expected: show.value(expected) });
    }

    fn unexpected(&mut self, trail: &Trail<'_>, actual: &Value) {
        self.add(trail, |show| Change::Unexpected { actual: show.value(actual) });
    }

    fn other(&mut self, trail: &Trail<'_>, expected: &Value, actual: &Value) {
        self.add(trail, |show| {
            let (expected, actual) = show.pair(expected, actual);
            Change::Other { expected, actual }
        });
    }

    /// Every place where the two are not equal; none if and only if they are.
    pub fn equal(&mut self, trail: &Trail<'_>, expected: &Value, actual: &Value) {
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(members)) => {
                for (name, wanted) in wanted {
                    match actual.get(name) {
                        Some(member) => self.equal(&Trail::Name(trail, name), wanted, member),
                        None => self.missing(&Trail::Name(trail, name), wanted),
                    }
                }
                for (name, member) in members.iter().filter(|(name, _)| expected.get(name).is_none()) {
                    self.unexpected(&Trail::Name(trail, name), member);
                }
            }
            (Value::List(wanted), Value::List(items)) => self.lists(trail, wanted, items),
            _ if expected == actual => {}
            _ => self.other(trail, expected, actual),
        }
    }

    /// What two lists have in common at both ends is passed over, so that one element more is one difference.
    fn lists(&mut self, trail: &Trail<'_>, wanted: &[Value], items: &[Value]) {
        let shorter = wanted.len().min(items.len());
        let head = wanted.iter().zip(items).take_while(|(wanted, item)| wanted == item).count();
        let ends = wanted.iter().rev().zip(items.iter().rev()).take_while(|(wanted, item)| wanted == item).count();
        // In lists of one length every place stands for itself.
        let foot = if wanted.len() == items.len() { 0 } else { ends.min(shorter - head) };
        let (wanted, items) = (&wanted[head..wanted.len() - foot], &items[head..items.len() - foot]);
        for at in 0..wanted.len().max(items.len()) {
            let trail = Trail::Index(trail, head + at);
            match (wanted.get(at), items.get(at)) {
                (Some(wanted), Some(item)) => self.equal(&trail, wanted, item),
                (Some(wanted), None) => self.missing(&trail, wanted),
                (None, Some(item)) => self.unexpected(&trail, item),
                (None, None) => {}
            }
        }
    }

    /// Every place where `expected` is not a part of `actual`.
    pub fn part(&mut self, trail: &Trail<'_>, expected: &Value, actual: &Value) {
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(_)) => {
                for (name, wanted) in wanted {
                    match actual.get(name) {
                        Some(member) => self.part(&Trail::Name(trail, name), wanted, member),
                        None => self.missing(&Trail::Name(trail, name), wanted),
                    }
                }
            }
            (Value::List(wanted), Value::List(items)) => {
                for wanted in compare::left_over(wanted, &items.iter().collect::<Vec<_>>()) {
                    self.missing(trail, wanted);
                }
            }
            _ if expected == actual => {}
            _ => self.other(trail, expected, actual),
        }
    }

    /// What one list has and the other has not, whatever the order.
    pub fn unordered(&mut self, trail: &Trail<'_>, expected: &[Value], actual: &[Value]) {
        let (wanted, items): (Vec<_>, Vec<_>) = (expected.iter().collect(), actual.iter().collect());
        for at in compare::surplus(&wanted, &items) {
            self.missing(trail, wanted[at]);
        }
        for at in compare::surplus(&items, &wanted) {
            self.unexpected(&Trail::Index(trail, at), items[at]);
        }
    }
}
