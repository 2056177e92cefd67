//! Keys of nested JSON as HTTPie writes them: `a[b]=1` is a member of the object `a`, `a[]=1` one
//! more element of the list `a`. Other forms are errors that name them.

use super::item::{ItemLetter, RequestItem};
use crate::value::Value;

/// A place in JSON, one level deeper.
#[derive(Clone, Debug, PartialEq, Eq)]
enum KeyPart {
    Member(String),
    /// A new element at the end of a list.
    Append,
    /// The element of that number: one that is there, or the next one.
    Element(usize),
}

/// Why a member cannot be set; the text follows the item.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NestedKeyError {
    #[error("begins with a bracket: the body of a call is an object, and its members have names")]
    NoName,
    #[error("has a `[` without a `]`")]
    Unclosed,
    #[error("has a `]` without a `[`, or text after a `]`")]
    Stray,
    #[error("appears twice")]
    Twice,
    #[error("needs {expected} at `{at}`, but another item sets a different type there")]
    OtherKind { at: String, expected: &'static str },
    #[error("skips an index of the list `{at}`, which has {len} elements so far")]
    Hole { at: String, len: usize },
}

/// Puts the value of an item into the object of the body.
///
/// # Errors
/// When the key is malformed, or another item has set the place already.
pub(super) fn insert(
    body: &mut Value,
    item: &RequestItem,
    value: Value,
) -> Result<(), NestedKeyError> {
    let parts = key_parts(&item.key)?;
    insert_at(body, &parts, &mut String::new(), value)
}

fn key_parts(key: &[ItemLetter]) -> Result<Vec<KeyPart>, NestedKeyError> {
    let is_open = |letter: &ItemLetter| !letter.is_escaped && letter.letter == '[';
    let is_close = |letter: &ItemLetter| !letter.is_escaped && letter.letter == ']';
    let text =
        |letters: &[ItemLetter]| -> String { letters.iter().map(|letter| letter.letter).collect() };
    let end = key.iter().position(is_open).unwrap_or(key.len());
    if end == 0 {
        return Err(NestedKeyError::NoName);
    }
    if key[..end].iter().any(is_close) {
        return Err(NestedKeyError::Stray);
    }
    let mut parts = vec![KeyPart::Member(text(&key[..end]))];
    let mut rest = &key[end..];
    while let Some(first) = rest.first() {
        if !is_open(first) {
            return Err(NestedKeyError::Stray);
        }
        let close = rest
            .iter()
            .position(is_close)
            .ok_or(NestedKeyError::Unclosed)?;
        let inside = &rest[1..close];
        if inside.iter().any(is_open) {
            return Err(NestedKeyError::Unclosed);
        }
        parts.push(part_of(&text(inside), inside));
        rest = &rest[close + 1..];
    }
    Ok(parts)
}

fn part_of(text: &str, letters: &[ItemLetter]) -> KeyPart {
    if text.is_empty() {
        return KeyPart::Append;
    }
    let is_number = letters
        .iter()
        .all(|letter| !letter.is_escaped && letter.letter.is_ascii_digit());
    match text.parse() {
        Ok(number) if is_number => KeyPart::Element(number),
        _ => KeyPart::Member(text.to_owned()),
    }
}

/// `place` is null where nothing has been put yet.
fn insert_at(
    place: &mut Value,
    parts: &[KeyPart],
    path: &mut String,
    value: Value,
) -> Result<(), NestedKeyError> {
    let Some((part, rest)) = parts.split_first() else {
        *place = value;
        return Ok(());
    };
    let is_last = rest.is_empty();
    match part {
        KeyPart::Member(name) => {
            let members = object_at(place, path)?;
            push_member_path(path, name);
            let at = members.iter().position(|(key, _)| key == name.as_str());
            if let Some(at) = at {
                if is_last {
                    return Err(NestedKeyError::Twice);
                }
                return insert_at(&mut members[at].1, rest, path, value);
            }
            let mut inner = Value::Null;
            insert_at(&mut inner, rest, path, value)?;
            members.push((name.as_str().into(), inner));
        }
        KeyPart::Append | KeyPart::Element(_) => {
            let items = list_at(place, path)?;
            let at = match part {
                KeyPart::Element(number) => *number,
                _ => items.len(),
            };
            if at > items.len() {
                return Err(NestedKeyError::Hole {
                    at: path.clone(),
                    len: items.len(),
                });
            }
            path.push_str(&format!("[{at}]"));
            if let Some(item) = items.get_mut(at) {
                if is_last {
                    return Err(NestedKeyError::Twice);
                }
                return insert_at(item, rest, path, value);
            }
            let mut inner = Value::Null;
            insert_at(&mut inner, rest, path, value)?;
            items.push(inner);
        }
    }
    Ok(())
}

fn object_at<'v>(
    place: &'v mut Value,
    path: &str,
) -> Result<&'v mut Vec<crate::value::ObjectMember>, NestedKeyError> {
    if place.is_null() {
        *place = Value::Object(Vec::new());
    }
    match place {
        Value::Object(members) => Ok(members),
        _ => Err(other_kind(path, "an object")),
    }
}

fn list_at<'v>(place: &'v mut Value, path: &str) -> Result<&'v mut Vec<Value>, NestedKeyError> {
    if place.is_null() {
        *place = Value::List(Vec::new());
    }
    match place {
        Value::List(items) => Ok(items),
        _ => Err(other_kind(path, "a list")),
    }
}

fn other_kind(path: &str, expected: &'static str) -> NestedKeyError {
    NestedKeyError::OtherKind {
        at: path.to_owned(),
        expected,
    }
}

fn push_member_path(path: &mut String, name: &str) {
    if path.is_empty() {
        path.push_str(name);
    } else {
        path.push_str(&format!("[{name}]"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(items: &[&str]) -> Result<String, NestedKeyError> {
        let mut body = Value::Object(Vec::new());
        for item in items {
            let item = RequestItem::parse(item).unwrap();
            let value = Value::from(item.value.as_str());
            insert(&mut body, &item, value)?;
        }
        Ok(body.to_json())
    }

    /// The first is an example of HTTPie's documentation, "Nested JSON".
    #[test]
    fn brackets_make_objects_and_lists() {
        assert_eq!(
            body(&[
                "platform[name]=HTTPie",
                "platform[about][mission]=Make APIs simple and intuitive",
                "platform[apps][]=Terminal",
                "platform[apps][]=Desktop",
            ])
            .unwrap(),
            r#"{"platform":{"name":"HTTPie","about":{"mission":"Make APIs simple and intuitive"},"apps":["Terminal","Desktop"]}}"#
        );
        assert_eq!(
            body(&["a[0][b]=1", "a[0][c]=2", "a[1][b]=3"]).unwrap(),
            r#"{"a":[{"b":"1","c":"2"},{"b":"3"}]}"#
        );
        assert_eq!(body(&[r"a\[b\]=1"]).unwrap(), r#"{"a[b]":"1"}"#);
        assert_eq!(body(&[r"a[b\]c]=1"]).unwrap(), r#"{"a":{"b]c":"1"}}"#);
    }

    #[test]
    fn what_is_not_simple_is_an_error() {
        assert_eq!(body(&["[a]=1"]), Err(NestedKeyError::NoName));
        assert_eq!(body(&["a[b=1"]), Err(NestedKeyError::Unclosed));
        assert_eq!(body(&["a[[b]]=1"]), Err(NestedKeyError::Unclosed));
        assert_eq!(body(&["a]=1"]), Err(NestedKeyError::Stray));
        assert_eq!(body(&["a[b]c=1"]), Err(NestedKeyError::Stray));
        assert_eq!(body(&["a=1", "a=2"]), Err(NestedKeyError::Twice));
        assert_eq!(body(&["a[0]=1", "a[0]=2"]), Err(NestedKeyError::Twice));
        let (at, expected) = ("a".to_owned(), "an object");
        assert_eq!(
            body(&["a=1", "a[b]=2"]),
            Err(NestedKeyError::OtherKind { at, expected })
        );
        let at = "a".to_owned();
        assert_eq!(
            body(&["a[]=1", "a[3]=2"]),
            Err(NestedKeyError::Hole { at, len: 1 })
        );
    }
}
