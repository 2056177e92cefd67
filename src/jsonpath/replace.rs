//! Replaces the values that some paths name in a copy of a document.

use super::error::SearchLimitExceeded;
use super::path::JsonPath;
use crate::value::{JsonRef, Value};
use std::collections::HashSet;

/// `with` gives the replacement of each value that one of the paths names. Values inside a replaced
/// value are not visited.
///
/// # Errors
/// When a path looks at too many places.
pub(crate) fn replace_matches<'p>(
    root: &Value,
    paths: impl Iterator<Item = &'p JsonPath>,
    with: &mut dyn FnMut(&Value) -> Value,
) -> Result<Value, SearchLimitExceeded> {
    // By address: two equal values stand in two places, and only one of them may be named.
    let mut named = HashSet::new();
    for path in paths {
        let found = path.find_every(root)?;
        named.extend(found.into_iter().map(JsonRef::place_id));
    }
    Ok(if named.is_empty() {
        root.clone()
    } else {
        rebuild(root, &named, with)
    })
}

fn rebuild(value: &Value, named: &HashSet<usize>, with: &mut dyn FnMut(&Value) -> Value) -> Value {
    if named.contains(&JsonRef::from(value).place_id()) {
        return with(value);
    }
    match value {
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| rebuild(item, named, with))
                .collect(),
        ),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| (name.clone(), rebuild(member, named, with)))
                .collect(),
        ),
        single => single.clone(),
    }
}
