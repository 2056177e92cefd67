//! The place of a value inside a document, as a path. It refuses to look for a value by its
//! content: two equal values stand in two places.

use super::query::PathSelector;
use crate::value::{JsonKind, JsonRef};
use std::fmt::{self, Write};

/// A place on the way down a document; written out only when someone asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NodePath<'a> {
    /// The prefix of all paths below.
    Prefix(&'a str),
    Name(&'a NodePath<'a>, &'a str),
    Index(&'a NodePath<'a>, usize),
}

impl fmt::Display for NodePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(text) => f.write_str(text),
            Self::Name(parent, name) => {
                parent.fmt(f)?;
                write_name(f, name)
            }
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// The path to `node`, which must be a part of `root` itself and not a copy.
#[must_use]
pub(crate) fn locate(root: JsonRef<'_>, node: JsonRef<'_>) -> Option<String> {
    locate_place(root, node.place_id())
}

/// The path to the value with that place.
pub(super) fn locate_place(root: JsonRef<'_>, place_id: usize) -> Option<String> {
    locate_below(&NodePath::Prefix("$"), root, place_id)
}

fn locate_below(trail: &NodePath<'_>, here: JsonRef<'_>, place_id: usize) -> Option<String> {
    if here.place_id() == place_id {
        return Some(trail.to_string());
    }
    if !here.may_hold(place_id) {
        return None;
    }
    if here.kind() == JsonKind::List {
        return here.children().enumerate().find_map(|(index, item)| {
            locate_below(&NodePath::Index(trail, index), item, place_id)
        });
    }
    here.members()
        .find_map(|(name, member)| locate_below(&NodePath::Name(trail, &name), member, place_id))
}

/// Writes a step behind a path.
pub(super) fn push_segment(path: &mut String, selector: &PathSelector) {
    // Writing to a `String` cannot fail.
    let _ = match selector {
        PathSelector::Name(name) => write_name(path, name),
        PathSelector::Index(index) => write!(path, "[{index}]"),
        _ => Ok(()),
    };
}

fn write_name(out: &mut impl Write, name: &str) -> fmt::Result {
    if is_shorthand(name) {
        return write!(out, ".{name}");
    }
    out.write_str("['")?;
    for letter in name.chars() {
        match letter {
            // RFC 9535, section 2.3.1.1: in single quotes only these and control characters need an
            // escape.
            '\'' | '\\' => write!(out, "\\{letter}")?,
            '\0'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(letter))?,
            _ => out.write_char(letter)?,
        }
    }
    out.write_str("']")
}

/// Whether a name can be written behind a `.` (RFC 9535, section 2.5.1.1).
pub(super) fn is_shorthand(name: &str) -> bool {
    name.chars()
        .next()
        .is_some_and(|first| !first.is_ascii_digit())
        && name.chars().all(is_name_char)
}

pub(super) fn is_name_char(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || !letter.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Value, parse};

    #[test]
    fn equal_values_stand_in_their_own_places() {
        let root = parse("{\"a\":[1,1,{\"b c\":1,\"it's\\n\":1,\"한\":1}]}".as_bytes()).unwrap();
        let items = root.get("a").and_then(Value::as_list).unwrap();
        let last = items[2].as_object().unwrap();
        let place = |node: &Value| locate((&root).into(), node.into()).unwrap();
        assert_eq!(place(&items[1]), "$.a[1]");
        assert_eq!(place(&last[0].1), "$.a[2]['b c']");
        assert_eq!(place(&last[1].1), r"$.a[2]['it\'s\u000a']");
        assert_eq!(place(&last[2].1), "$.a[2].한");
        assert_eq!(locate((&root).into(), (&items[1].clone()).into()), None);
    }
}
