//! Puts the elements of a list into the order of another one, where their order does not count.
//! What then still differs differs in value.

use crate::value::Value;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Which lists of two values have no order.
pub(crate) type IsUnordered<'u> = dyn Fn(&Value) -> bool + 'u;

/// `actual` with the elements of its unordered lists in the order of their equals in `expected`.
/// It equals `expected` if and only if the two differ in the order of such lists at most.
#[must_use]
pub(crate) fn arranged(expected: &Value, actual: &Value, is_unordered: &IsUnordered<'_>) -> Value {
    match (expected, actual) {
        (Value::Object(_), Value::Object(members)) => {
            let members = members.iter().map(|(name, member)| {
                let wanted = expected.get(name);
                let member = wanted.map_or_else(
                    || member.clone(),
                    |wanted| arranged(wanted, member, is_unordered),
                );
                (name.clone(), member)
            });
            Value::Object(members.collect())
        }
        (Value::List(wanted), Value::List(items)) => {
            let order = if is_unordered(expected) || is_unordered(actual) {
                partners(wanted, items, is_unordered)
            } else {
                (0..items.len()).collect()
            };
            let items = order.into_iter().enumerate().map(|(place, at)| {
                let item = &items[at];
                wanted.get(place).map_or_else(
                    || item.clone(),
                    |wanted| arranged(wanted, item, is_unordered),
                )
            });
            Value::List(items.collect())
        }
        (_, other) => other.clone(),
    }
}

/// For each place the index of the element that stands there: of one that is equal to the expected
/// element, or else of the next one that is equal to none.
fn partners(wanted: &[Value], items: &[Value], is_unordered: &IsUnordered<'_>) -> Vec<usize> {
    let mut free: HashMap<u64, Vec<usize>> = HashMap::new();
    // From behind, so that the first of several equals is taken first.
    for (at, item) in items.iter().enumerate().rev() {
        free.entry(fingerprint(item, is_unordered))
            .or_default()
            .push(at);
    }
    let places: Vec<Option<usize>> = wanted
        .iter()
        .map(|wanted| free.get_mut(&fingerprint(wanted, is_unordered))?.pop())
        .collect();
    let mut rest: Vec<usize> = free.into_values().flatten().collect();
    rest.sort_unstable();
    let mut rest = rest.into_iter();
    let mut order: Vec<usize> = Vec::with_capacity(items.len());
    for place in places {
        order.extend(place.or_else(|| rest.next()));
    }
    order.extend(rest);
    order
}

/// The same for values that differ in the order of unordered lists at most.
fn fingerprint(value: &Value, is_unordered: &IsUnordered<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.kind().hash(&mut hasher);
    match value {
        Value::Null => {}
        Value::Bool(flag) => flag.hash(&mut hasher),
        Value::Number(number) => number.hash_value(&mut hasher),
        Value::String(text) => text.as_str().hash(&mut hasher),
        Value::List(items) => {
            let items = items.iter().map(|item| fingerprint(item, is_unordered));
            let mut items: Vec<u64> = items.collect();
            if is_unordered(value) {
                items.sort_unstable();
            }
            items.hash(&mut hasher);
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, member)| (name.as_str(), fingerprint(member, is_unordered)));
            let mut members: Vec<(&str, u64)> = members.collect();
            members.sort_unstable();
            members.hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse;

    fn arranged_text(expected: &str, actual: &str) -> String {
        let (expected, actual) = (
            parse(expected.as_bytes()).unwrap(),
            parse(actual.as_bytes()).unwrap(),
        );
        arranged(&expected, &actual, &|_| true).to_json()
    }

    #[test]
    fn equal_elements_stand_where_they_are_expected() {
        for (expected, actual, result) in [
            ("[1,2,3]", "[3,1.0,2]", "[1.0,2,3]"),
            ("[1,1,2]", "[2,1,1]", "[1,1,2]"),
            ("[1,2]", "[2,1,1]", "[1,2,1]"),
            ("[1,2,3]", "[3,4,1]", "[1,4,3]"),
            ("[1,2,3]", "[3]", "[3]"),
            (
                r#"[{"id":1,"tags":["a","b"]},{"id":2,"tags":[]}]"#,
                r#"[{"tags":[],"id":2},{"tags":["b","a"],"id":1}]"#,
                r#"[{"tags":["a","b"],"id":1},{"tags":[],"id":2}]"#,
            ),
            (
                r#"["1",1,null,[[2,1]]]"#,
                r#"[[[1,2]],null,1,"1"]"#,
                r#"["1",1,null,[[2,1]]]"#,
            ),
        ] {
            assert_eq!(
                arranged_text(expected, actual),
                result,
                "{expected} {actual}"
            );
        }
    }
}
