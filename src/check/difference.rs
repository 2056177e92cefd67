//! How two values differ, place by place. It refuses to list more than a person reads.

use super::compare::{self, EqualPairs, ObjectIndex};
use super::show::ValueFormatter;
use crate::jsonpath::NodePath;
use crate::value::{JsonKind, JsonRef, Value};
use std::fmt;

/// More differences than this are counted only.
const MAX_SHOWN: usize = 20;
/// Of a longer list the elements after this many are compared place by place and counted only.
const MAX_HELD: usize = 100_000;

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
    differ.compare_equal(&NodePath::Prefix("$"), expected.into(), actual.into());
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

    fn missing(&mut self, trail: &NodePath<'_>, expected: JsonRef<'_>) {
        self.add(trail, |show| DifferenceKind::Missing {
            expected: show.with_type(expected),
        });
    }

    fn unexpected(&mut self, trail: &NodePath<'_>, actual: JsonRef<'_>) {
        self.add(trail, |show| DifferenceKind::Unexpected {
            actual: show.with_type(actual),
        });
    }

    fn mismatch(&mut self, trail: &NodePath<'_>, expected: JsonRef<'_>, actual: JsonRef<'_>) {
        self.add(trail, |show| {
            let (expected, actual) = show.pair(expected, actual);
            DifferenceKind::Mismatch { expected, actual }
        });
    }

    /// Every place where the two are not equal; none if and only if they are.
    pub(super) fn compare_equal(
        &mut self,
        trail: &NodePath<'_>,
        expected: JsonRef<'_>,
        actual: JsonRef<'_>,
    ) {
        match (expected.kind(), actual.kind()) {
            (JsonKind::Object, JsonKind::Object) => self.compare_objects(trail, expected, actual),
            (JsonKind::List, JsonKind::List) => {
                self.compare_lists(trail, expected.children(), actual.children());
            }
            _ if expected == actual => {}
            _ => self.mismatch(trail, expected, actual),
        }
    }

    fn compare_objects(
        &mut self,
        trail: &NodePath<'_>,
        expected: JsonRef<'_>,
        actual: JsonRef<'_>,
    ) {
        let (wanted, members) = (ObjectIndex::of(expected), ObjectIndex::of(actual));
        for (name, wanted) in expected.members() {
            let trail = NodePath::Name(trail, &name);
            match members.get(&name) {
                Some(member) => self.compare_equal(&trail, wanted, member),
                None => self.missing(&trail, wanted),
            }
        }
        for (name, member) in actual.members() {
            if wanted.get(&name).is_none() {
                self.unexpected(&NodePath::Name(trail, &name), member);
            }
        }
    }

    /// Equal elements at both ends are skipped, so that one more element is one difference.
    pub(super) fn compare_lists<'w, 'v>(
        &mut self,
        trail: &NodePath<'_>,
        mut wanted_rest: impl Iterator<Item = JsonRef<'w>>,
        mut items_rest: impl Iterator<Item = JsonRef<'v>>,
    ) {
        let wanted: Vec<_> = wanted_rest.by_ref().take(MAX_HELD).collect();
        let items: Vec<_> = items_rest.by_ref().take(MAX_HELD).collect();
        let is_held = wanted.len() < MAX_HELD && items.len() < MAX_HELD;
        let (head, foot) = common_ends(&wanted, &items, is_held);
        let (wanted, items) = (
            &wanted[head..wanted.len() - foot],
            &items[head..items.len() - foot],
        );
        for at in 0..wanted.len().max(items.len()) {
            let trail = NodePath::Index(trail, head + at);
            match (wanted.get(at), items.get(at)) {
                (Some(wanted), Some(item)) => self.compare_equal(&trail, *wanted, *item),
                (Some(wanted), None) => self.missing(&trail, *wanted),
                (None, Some(item)) => self.unexpected(&trail, *item),
                (None, None) => {}
            }
        }
        self.differences.omitted += count_unequal(wanted_rest, items_rest);
    }

    /// Every place where `expected` is not a part of `actual`.
    pub(super) fn compare_subset(
        &mut self,
        trail: &NodePath<'_>,
        expected: JsonRef<'_>,
        actual: JsonRef<'_>,
    ) {
        match (expected.kind(), actual.kind()) {
            (JsonKind::Object, JsonKind::Object) => {
                let members = ObjectIndex::of(actual);
                for (name, wanted) in expected.members() {
                    let trail = NodePath::Name(trail, &name);
                    match members.get(&name) {
                        Some(member) => self.compare_subset(&trail, wanted, member),
                        None => self.missing(&trail, wanted),
                    }
                }
            }
            (JsonKind::List, JsonKind::List) => {
                let wanted: Vec<_> = expected.children().collect();
                self.compare_included(trail, &wanted, || actual.children());
            }
            _ if expected == actual => {}
            _ => self.mismatch(trail, expected, actual),
        }
    }

    /// Elements of `wanted` that no element of the list has as a part.
    pub(super) fn compare_included<'v, I: Iterator<Item = JsonRef<'v>>>(
        &mut self,
        trail: &NodePath<'_>,
        wanted: &[JsonRef<'_>],
        items: impl Fn() -> I,
    ) {
        // Which element was meant to match is not known, so the whole expected element is reported.
        for wanted in compare::unmatched(wanted, items) {
            self.missing(trail, wanted);
        }
    }

    /// Elements that only one of the lists has, in any order.
    pub(super) fn compare_unordered<'v, I: Iterator<Item = JsonRef<'v>>>(
        &mut self,
        trail: &NodePath<'_>,
        expected: &[JsonRef<'_>],
        items: impl Fn() -> I,
    ) {
        let equal = EqualPairs::of(expected, items());
        for at in equal.missing {
            self.missing(trail, expected[at]);
        }
        for (at, item) in items().enumerate() {
            if !equal.paired.contains(&at) {
                self.unexpected(&NodePath::Index(trail, at), item);
            }
        }
    }
}

/// How many elements two lists have in common at the beginning and at the end, which is only looked
/// at if `is_whole`.
fn common_ends(wanted: &[JsonRef<'_>], items: &[JsonRef<'_>], is_whole: bool) -> (usize, usize) {
    let is_equal = |(wanted, item): &(&JsonRef<'_>, &JsonRef<'_>)| wanted == item;
    let head = wanted.iter().zip(items).take_while(is_equal).count();
    if wanted.len() == items.len() || !is_whole {
        // Nothing was inserted or removed, so every index stands for itself.
        return (head, 0);
    }
    let from_end = wanted.iter().rev().zip(items.iter().rev());
    // An element must not count at both ends: of `[1, 1]` and `[1]` the head takes the only `1`.
    let most = wanted.len().min(items.len()) - head;
    (head, from_end.take_while(is_equal).count().min(most))
}

/// How many places are not equal in two lists.
fn count_unequal<'w, 'v>(
    mut wanted: impl Iterator<Item = JsonRef<'w>>,
    mut items: impl Iterator<Item = JsonRef<'v>>,
) -> usize {
    let mut unequal = 0;
    loop {
        match (wanted.next(), items.next()) {
            (None, None) => return unequal,
            (Some(wanted), Some(item)) if wanted == item => {}
            _ => unequal += 1,
        }
    }
}
