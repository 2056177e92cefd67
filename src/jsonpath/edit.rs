//! Changes or removes the one value that a path names. It refuses to make the places on the way: a
//! misspelled name in the middle of a path is an error, not a new object.

use super::evaluator::normalize_index;
use super::location::push_segment;
use super::path::JsonPath;
use super::query::PathSelector;
use crate::diagnostic::similar_name_hint;
use crate::value::Value;

/// Why a value has no place for a change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {reason}")]
pub(crate) struct EditError {
    /// The path as far as it leads somewhere.
    path: String,
    reason: String,
    pub(crate) hint: Option<String>,
}

impl JsonPath {
    /// Whether it is `$`, the whole document.
    pub(crate) fn is_root(&self) -> bool {
        self.selectors().next().is_none()
    }

    /// `root` with `value` at the place of this path, which names one value. A member that is not
    /// there is added behind the others.
    ///
    /// # Errors
    /// When something on the way does not exist, or an item of a list is not.
    pub(crate) fn with_value(&self, mut root: Value, value: Value) -> Result<Value, EditError> {
        let mut parent = self.parent_mut(&mut root)?;
        match (&mut parent.node, parent.last) {
            (Value::Object(members), PathSelector::Name(name)) => {
                match members.iter_mut().find(|(key, _)| key == name) {
                    Some((_, member)) => *member = value,
                    None => members.push(((&**name).into(), value)),
                }
            }
            (Value::List(items), PathSelector::Index(index)) => {
                match item_index(*index, items.len()) {
                    Some(at) => items[at] = value,
                    None => return Err(parent.lacks()),
                }
            }
            _ => return Err(parent.lacks()),
        }
        Ok(root)
    }

    /// `root` without what this path names, which is one value or none.
    ///
    /// # Errors
    /// When something on the way does not exist.
    pub(crate) fn without_value(&self, mut root: Value) -> Result<Value, EditError> {
        let mut parent = self.parent_mut(&mut root)?;
        match (&mut parent.node, parent.last) {
            (Value::Object(members), PathSelector::Name(name)) => {
                members.retain(|(key, _)| key != name);
            }
            (Value::List(items), PathSelector::Index(index)) => {
                if let Some(at) = item_index(*index, items.len()) {
                    items.remove(at);
                }
            }
            _ => return Err(parent.lacks()),
        }
        Ok(root)
    }

    fn parent_mut<'v>(&'v self, root: &'v mut Value) -> Result<EditPlace<'v>, EditError> {
        let mut place = EditPlace {
            path: "$".to_owned(),
            node: root,
            last: &PathSelector::Wildcard,
        };
        let mut selectors = self.selectors().peekable();
        while let Some(selector) = selectors.next() {
            place.last = selector;
            if selectors.peek().is_some() {
                place = place.child()?;
            }
        }
        Ok(place)
    }
}

/// The value that is changed, and what of it.
struct EditPlace<'v> {
    path: String,
    node: &'v mut Value,
    last: &'v PathSelector,
}

impl EditPlace<'_> {
    fn child(self) -> Result<Self, EditError> {
        // Asked before the borrow of the child, which lives as long as the result.
        let is_there = match (&*self.node, self.last) {
            (Value::Object(_), PathSelector::Name(name)) => self.node.get(name).is_some(),
            (Value::List(items), PathSelector::Index(index)) => {
                item_index(*index, items.len()).is_some()
            }
            _ => false,
        };
        if !is_there {
            return Err(self.lacks());
        }
        let mut path = self.path;
        push_segment(&mut path, self.last);
        let found = match (self.node, self.last) {
            (Value::Object(members), PathSelector::Name(name)) => members
                .iter_mut()
                .find(|(key, _)| key == name)
                .map(|(_, member)| member),
            (Value::List(items), PathSelector::Index(index)) => {
                item_index(*index, items.len()).and_then(|at| items.get_mut(at))
            }
            _ => None,
        };
        let missing = || EditError {
            path: path.clone(),
            reason: "does not exist".to_owned(),
            hint: None,
        };
        let node = found.ok_or_else(missing)?;
        Ok(Self {
            path,
            node,
            last: self.last,
        })
    }

    fn lacks(&self) -> EditError {
        let (reason, hint) = match (&*self.node, self.last) {
            (Value::Object(members), PathSelector::Name(name)) => {
                let names = members.iter().map(|(name, _)| name.as_str());
                (
                    format!("has no member `{name}`"),
                    similar_name_hint(name, names),
                )
            }
            (Value::List(items), PathSelector::Index(index)) => (
                format!("has {} items, and no item {index}", items.len()),
                None,
            ),
            (node, PathSelector::Name(name)) => (
                format!(
                    "is {}, and has no members such as `{name}`",
                    node.kind().with_article()
                ),
                None,
            ),
            (node, _) => (
                format!("is {}, and has no items", node.kind().with_article()),
                None,
            ),
        };
        EditError {
            path: self.path.clone(),
            reason,
            hint,
        }
    }
}

/// The item that an index names; a negative one counts from the end (RFC 9535, section 2.3.3).
fn item_index(index: i64, len: usize) -> Option<usize> {
    usize::try_from(normalize_index(index, len))
        .ok()
        .filter(|at| *at < len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse;

    const PRODUCT: &str =
        r#"{"id":12345678901234567890123,"price":12.90,"a":{"b":[1.0,2.00,{"c":1e3}]}}"#;

    fn edit(path: &str, value: Option<&str>) -> Result<String, String> {
        let path = JsonPath::parse(path).unwrap();
        let root = parse(PRODUCT.as_bytes()).unwrap();
        let edited = match value {
            Some(value) => path.with_value(root, parse(value.as_bytes()).unwrap()),
            None => path.without_value(root),
        };
        edited
            .map(|value| value.to_json())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_value_changes_and_all_else_keeps_its_spelling() {
        for (path, value, old, new) in [
            ("$.price", Some("7.10"), "12.90", "7.10"),
            ("$.a.b[1]", Some("null"), "2.00", "null"),
            ("$.a.b[-1].c", Some("5"), "1e3", "5"),
            ("$.a.b[2].d", Some("5"), r#""c":1e3"#, r#""c":1e3,"d":5"#),
            ("$['new one']", Some("{}"), "]}}", r#"]},"new one":{}}"#),
            ("$.price", None, r#""price":12.90,"#, ""),
            ("$.a.b[0]", None, "1.0,", ""),
            ("$.a.b[2].c", None, r#""c":1e3"#, ""),
            ("$.absent", None, "", ""),
            ("$.a.b[9]", None, "", ""),
        ] {
            let expected = if old.is_empty() {
                PRODUCT.to_owned()
            } else {
                PRODUCT.replacen(old, new, 1)
            };
            assert_eq!(edit(path, value), Ok(expected), "{path}");
        }
    }

    #[test]
    fn what_is_missing_on_the_way_is_an_error() {
        for (path, value, reason) in [
            ("$.b.c", Some("1"), "`$` has no member `b`"),
            ("$.b.c", None, "`$` has no member `b`"),
            (
                "$.price.x",
                Some("1"),
                "`$.price` is a number, and has no members such as `x`",
            ),
            (
                "$.price[0]",
                None,
                "`$.price` is a number, and has no items",
            ),
            ("$.a.b[3]", Some("1"), "`$.a.b` has 3 items, and no item 3"),
            ("$.a.b[-4].c", None, "`$.a.b` has 3 items, and no item -4"),
            (
                "$.a.b.c",
                Some("1"),
                "`$.a.b` is a list, and has no members such as `c`",
            ),
            ("$.a[0]", Some("1"), "`$.a` is an object, and has no items"),
        ] {
            assert_eq!(edit(path, value), Err(reason.to_owned()), "{path}");
        }
    }
}
