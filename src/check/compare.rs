//! Comparing lists and objects in the three ways that are not plain equality. It refuses to say how
//! two of them differ (that is `difference`).

use super::actual_value::ActualValue;
use crate::value::Value;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Whether an object or list is inside another; `None` unless both are of that kind.
pub(super) fn includes(actual: &ActualValue<'_>, expected: &Value) -> Option<bool> {
    match (expected, actual) {
        (Value::Object(_), ActualValue::Json(value @ Value::Object(_))) => {
            Some(is_subset(expected, value))
        }
        (Value::List(wanted), _) => Some(all_matched(wanted, &actual.items()?)),
        _ => None,
    }
}

/// Whether `expected` is a part of `actual`: of an object every member that is named, of a list
/// every element that is named, in any order and each for itself, at every depth; anything else
/// must be equal.
///
/// It is anchored: a member is looked for where it is named, not further down, because `{ id: 5 }`
/// must not be found in `{ "id": 7, "parent": { "id": 5 } }`.
pub(super) fn is_subset(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(_)) => wanted.iter().all(|(name, wanted)| {
            actual
                .get(name)
                .is_some_and(|member| is_subset(wanted, member))
        }),
        (Value::List(wanted), Value::List(items)) => {
            all_matched(wanted, &items.iter().collect::<Vec<_>>())
        }
        _ => expected == actual,
    }
}

fn all_matched(wanted: &[Value], items: &[&Value]) -> bool {
    wanted.len() <= items.len() && unmatched(wanted, items).is_empty()
}

/// The elements of `wanted` that have no partner of their own in `items`.
///
/// Equal ones are partners whatever the others do, since whatever fits one of them fits the other.
/// Among the rest, what is found first may be the only partner of a later one, so partners are
/// exchanged (Kuhn's matching) before one is missing.
pub(super) fn unmatched<'w>(wanted: &'w [Value], items: &[&Value]) -> Vec<&'w Value> {
    // Equal pairs are removed by their fingerprints first. To match a thousand equal elements with
    // each other would compare a million pairs.
    let all: Vec<&Value> = wanted.iter().collect();
    let wanted: Vec<&Value> = surplus(&all, items).into_iter().map(|at| all[at]).collect();
    let items: Vec<&Value> = surplus(items, &all)
        .into_iter()
        .map(|at| items[at])
        .collect();
    let partners: Vec<Vec<usize>> = wanted
        .iter()
        .map(|wanted| {
            (0..items.len())
                .filter(|at| is_subset(wanted, items[*at]))
                .collect()
        })
        .collect();
    let mut taken_by = vec![None; items.len()];
    let alone = (0..wanted.len()).filter(|who| {
        !find_augmenting_path(
            *who,
            &partners,
            &mut taken_by,
            &mut vec![false; items.len()],
        )
    });
    alone.map(|who| wanted[who]).collect()
}

fn find_augmenting_path(
    who: usize,
    partners: &[Vec<usize>],
    taken_by: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    if let Some(free) = partners[who].iter().find(|at| taken_by[**at].is_none()) {
        taken_by[*free] = Some(who);
        return true;
    }
    for &at in &partners[who] {
        // Without `seen` two elements that want the same partners would push each other away
        // without end.
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        if taken_by[at].is_none_or(|other| find_augmenting_path(other, partners, taken_by, seen)) {
            taken_by[at] = Some(who);
            return true;
        }
    }
    false
}

/// Whether two lists hold the same elements, each as often.
pub(super) fn is_permutation(items: &[&Value], expected: &[Value]) -> bool {
    items.len() == expected.len() && surplus(items, &expected.iter().collect::<Vec<_>>()).is_empty()
}

/// The places in `items` of what `others` does not hold, or not as often.
pub(super) fn surplus(items: &[&Value], others: &[&Value]) -> Vec<usize> {
    let mut left: HashMap<u64, Vec<&Value>> = HashMap::new();
    for other in others {
        left.entry(fingerprint(other)).or_default().push(other);
    }
    let mut is_new = |item: &Value| {
        let Some(alike) = left.get_mut(&fingerprint(item)) else {
            return true;
        };
        // Different values can have the same fingerprint, so equality decides.
        let Some(at) = alike.iter().position(|other| *other == item) else {
            return true;
        };
        alike.swap_remove(at);
        false
    };
    (0..items.len()).filter(|at| is_new(items[*at])).collect()
}

/// The places of the first two equal elements.
pub(super) fn first_duplicate(items: &[&Value]) -> Option<(usize, usize)> {
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::new();
    items.iter().enumerate().find_map(|(at, item)| {
        let alike = seen.entry(fingerprint(item)).or_default();
        if let Some(first) = alike.iter().find(|first| items[**first] == *item) {
            return Some((*first, at));
        }
        alike.push(at);
        None
    })
}

/// The same for equal values, so that a list of thousands is not compared each with each.
fn fingerprint(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.type_name().hash(&mut hasher);
    match value {
        Value::Null => {}
        Value::Bool(flag) => flag.hash(&mut hasher),
        // Equal decimals are read as the same double; adding zero makes one of the two zeros.
        Value::Number(number) => (number.as_f64() + 0.0).to_bits().hash(&mut hasher),
        Value::String(text) => text.hash(&mut hasher),
        Value::List(items) => items
            .iter()
            .for_each(|item| fingerprint(item).hash(&mut hasher)),
        // Members may stand in any order.
        Value::Object(members) => {
            members
                .iter()
                .fold(0_u64, |sum, (name, member)| {
                    sum.wrapping_add(member_fingerprint(name, member))
                })
                .hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn member_fingerprint(name: &str, member: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, fingerprint(member)).hash(&mut hasher);
    hasher.finish()
}

/// Where inside `root`, but not at its top, something has `expected` as a part.
pub(super) fn find_nested<'v>(root: &'v Value, expected: &Value) -> Option<&'v Value> {
    let below = |child: &'v Value| {
        if is_subset(expected, child) {
            Some(child)
        } else {
            find_nested(child, expected)
        }
    };
    match root {
        Value::List(items) => items.iter().find_map(below),
        Value::Object(members) => members.iter().find_map(|(_, member)| below(member)),
        _ => None,
    }
}
