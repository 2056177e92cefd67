//! Comparing lists and objects in the three ways that are not plain equality. It refuses to say how
//! two of them differ (that is `difference`).
//!
//! Lists of a response are read as often as needed and never held as a whole: what is held is as
//! long as the list that was expected.

use super::actual_value::ActualValue;
use crate::value::{JsonKind, JsonRef, Value};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Whether an object or list is inside another; `None` unless both are of that kind.
pub(super) fn includes(actual: &ActualValue<'_>, expected: &Value) -> Option<bool> {
    match (expected, actual) {
        (Value::Object(_), ActualValue::Json(value)) if value.kind() == JsonKind::Object => {
            Some(is_subset(expected.into(), *value))
        }
        (Value::List(wanted), _) => {
            actual.items().is_some().then_some(())?;
            let wanted: Vec<JsonRef<'_>> = wanted.iter().map(JsonRef::from).collect();
            let items = || actual.items().into_iter().flatten();
            Some(unmatched(&wanted, items).is_empty())
        }
        _ => None,
    }
}

/// Whether `expected` is a part of `actual`: of an object every member that is named, of a list
/// every element that is named, in any order and each for itself, at every depth; anything else
/// must be equal.
///
/// It is anchored: a member is looked for where it is named, not further down, because `{ id: 5 }`
/// must not be found in `{ "id": 7, "parent": { "id": 5 } }`.
pub(super) fn is_subset(expected: JsonRef<'_>, actual: JsonRef<'_>) -> bool {
    match (expected.kind(), actual.kind()) {
        (JsonKind::Object, JsonKind::Object) => {
            let actual = ObjectIndex::of(actual);
            expected.members().all(|(name, wanted)| {
                let member = actual.get(&name);
                member.is_some_and(|member| is_subset(wanted, member))
            })
        }
        (JsonKind::List, JsonKind::List) => {
            let wanted: Vec<JsonRef<'_>> = expected.children().collect();
            unmatched(&wanted, || actual.children()).is_empty()
        }
        _ => expected == actual,
    }
}

/// An object whose members are looked up by name, so that two wide objects are not compared each
/// member with each.
pub(super) enum ObjectIndex<'v> {
    Few(JsonRef<'v>),
    Many(HashMap<Cow<'v, str>, JsonRef<'v>>),
}

impl<'v> ObjectIndex<'v> {
    pub(super) fn of(object: JsonRef<'v>) -> Self {
        const FEW: usize = 32;
        if object.members().nth(FEW).is_none() {
            Self::Few(object)
        } else {
            Self::Many(object.members().collect())
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<JsonRef<'v>> {
        match self {
            Self::Few(object) => object.get(name),
            Self::Many(members) => members.get(name).copied(),
        }
    }
}

/// The elements of `wanted` that have no partner of their own in `items`.
///
/// Equal ones are partners whatever the others do, since whatever fits one of them fits the other.
/// Among the rest, what is found first may be the only partner of a later one, so partners are
/// exchanged (Kuhn's matching) before one is missing.
pub(super) fn unmatched<'w, 'v, I: Iterator<Item = JsonRef<'v>>>(
    wanted: &[JsonRef<'w>],
    items: impl Fn() -> I,
) -> Vec<JsonRef<'w>> {
    // Equal pairs are removed by their fingerprints first. To match a thousand equal elements with
    // each other would compare a million pairs.
    let equal = EqualPairs::of(wanted, items());
    let wanted: Vec<JsonRef<'w>> = equal.missing.iter().map(|at| wanted[*at]).collect();
    if wanted.is_empty() {
        return wanted;
    }
    let rest = items()
        .enumerate()
        .filter(|(at, _)| !equal.paired.contains(at));
    let mut partners = vec![Vec::new(); wanted.len()];
    let mut partner_count = 0;
    for (_, item) in rest {
        let mut is_partner = false;
        for (wanted, partners) in wanted.iter().zip(&mut partners) {
            // With as many partners as there are elements, one is always left for it.
            if partners.len() < equal.missing.len() && is_subset(*wanted, item) {
                partners.push(partner_count);
                is_partner = true;
            }
        }
        partner_count += usize::from(is_partner);
    }
    let mut taken_by = vec![None; partner_count];
    let alone = (0..wanted.len()).filter(|who| {
        !find_augmenting_path(
            *who,
            &partners,
            &mut taken_by,
            &mut vec![false; partner_count],
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

/// Whether two lists of one length hold the same elements, each as often.
pub(super) fn is_permutation<'v>(
    expected: &[Value],
    items: impl Iterator<Item = JsonRef<'v>>,
) -> bool {
    let expected: Vec<JsonRef<'_>> = expected.iter().map(JsonRef::from).collect();
    EqualPairs::of(&expected, items).missing.is_empty()
}

/// Which elements of two lists are equal, each to one other.
pub(super) struct EqualPairs {
    /// The places of what `wanted` has and `items` does not, or not as often.
    pub(super) missing: Vec<usize>,
    /// The places in `items` of what `wanted` has as well.
    pub(super) paired: HashSet<usize>,
}

impl EqualPairs {
    pub(super) fn of<'v>(wanted: &[JsonRef<'_>], items: impl Iterator<Item = JsonRef<'v>>) -> Self {
        let mut left: HashMap<u64, Vec<usize>> = HashMap::new();
        // Backwards, so that of equal ones the first is at the end and is taken first.
        for (at, wanted) in wanted.iter().enumerate().rev() {
            left.entry(fingerprint(*wanted)).or_default().push(at);
        }
        let mut paired = HashSet::new();
        for (at, item) in items.enumerate() {
            if paired.len() == wanted.len() {
                break;
            }
            let Some(alike) = left.get_mut(&fingerprint(item)) else {
                continue;
            };
            // Different values can have the same fingerprint, so equality decides.
            if let Some(found) = alike.iter().rposition(|other| wanted[*other] == item) {
                alike.remove(found);
                paired.insert(at);
            }
        }
        let mut missing: Vec<usize> = left.into_values().flatten().collect();
        missing.sort_unstable();
        Self { missing, paired }
    }
}

/// The places of the first two equal elements.
pub(super) fn first_duplicate<'v, I: Iterator<Item = JsonRef<'v>>>(
    items: impl Fn() -> I,
) -> Option<(usize, usize)> {
    // Only fingerprints: places beside them would take more memory than a list of short numbers.
    let mut seen = HashSet::new();
    for (at, item) in items().enumerate() {
        if seen.insert(fingerprint(item)) {
            continue;
        }
        let first = items().take(at).position(|earlier| earlier == item);
        // Different values can have the same fingerprint.
        if let Some(first) = first {
            return Some((first, at));
        }
    }
    None
}

/// The same for equal values, so that a list of thousands is not compared each with each.
fn fingerprint(value: JsonRef<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.kind().hash(&mut hasher);
    match value.kind() {
        JsonKind::Null => {}
        JsonKind::Bool => value.as_bool().hash(&mut hasher),
        // By its exact value: long ids that follow each other are one and the same double.
        JsonKind::Number => {
            if let Some(number) = value.as_number() {
                number.hash_value(&mut hasher);
            }
        }
        JsonKind::String => value.as_str().hash(&mut hasher),
        JsonKind::List => value
            .children()
            .for_each(|item| fingerprint(item).hash(&mut hasher)),
        // Members may stand in any order.
        JsonKind::Object => {
            value
                .members()
                .fold(0_u64, |sum, (name, member)| {
                    sum.wrapping_add(member_fingerprint(&name, member))
                })
                .hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn member_fingerprint(name: &str, member: JsonRef<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, fingerprint(member)).hash(&mut hasher);
    hasher.finish()
}

/// Where inside `root`, but not at its top, something has `expected` as a part.
pub(super) fn find_nested<'v>(root: JsonRef<'v>, expected: JsonRef<'_>) -> Option<JsonRef<'v>> {
    root.children().find_map(|child| {
        if is_subset(expected, child) {
            Some(child)
        } else {
            find_nested(child, expected)
        }
    })
}
