//! Whether two values are spelled alike: `1.0` and `1` are the same number and other bytes. The
//! order of the members of an object does not count.

use super::json_value::{ObjectMember, Value};
use std::hash::{Hash, Hasher};

impl Value {
    /// Whether both are the same text as JSON, but for the order of members.
    #[must_use]
    pub(crate) fn is_spelled_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.as_str() == right.as_str(),
            (Self::List(left), Self::List(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .zip(right)
                        .all(|(left, right)| left.is_spelled_like(right))
            }
            (Self::Object(left), Self::Object(right)) => {
                left.len() == right.len() && are_members_spelled_alike(left, right)
            }
            (left, right) => left == right,
        }
    }

    /// Adds a value to a hash. Values that are spelled alike have the same hash.
    pub(crate) fn hash_spelling(&self, hasher: &mut impl Hasher) {
        std::mem::discriminant(self).hash(hasher);
        match self {
            Self::Null => {}
            Self::Bool(flag) => flag.hash(hasher),
            Self::Number(number) => number.as_str().hash(hasher),
            Self::String(text) => text.as_str().hash(hasher),
            Self::List(items) => {
                items.len().hash(hasher);
                items.iter().for_each(|item| item.hash_spelling(hasher));
            }
            Self::Object(members) => {
                members.len().hash(hasher);
                for (name, member) in in_order(members) {
                    name.as_str().hash(hasher);
                    member.hash_spelling(hasher);
                }
            }
        }
    }
}

fn are_members_spelled_alike(left: &[ObjectMember], right: &[ObjectMember]) -> bool {
    let is_alike = |((left_name, left), (right_name, right)): (&ObjectMember, &ObjectMember)| {
        left_name == right_name && left.is_spelled_like(right)
    };
    // Two requests of one file have their members in one order; only others need to be sorted.
    left.iter().zip(right).all(is_alike)
        || in_order(left)
            .into_iter()
            .zip(in_order(right))
            .all(is_alike)
}

fn in_order(members: &[ObjectMember]) -> Vec<&ObjectMember> {
    let mut sorted: Vec<&ObjectMember> = members.iter().collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    sorted
}

#[cfg(test)]
mod tests {
    use crate::value::parse;
    use std::hash::{DefaultHasher, Hasher};

    fn is_alike(left: &str, right: &str) -> bool {
        let (left, right) = (
            parse(left.as_bytes()).unwrap(),
            parse(right.as_bytes()).unwrap(),
        );
        let mut hashers = [DefaultHasher::new(), DefaultHasher::new()];
        left.hash_spelling(&mut hashers[0]);
        right.hash_spelling(&mut hashers[1]);
        let same_hash = hashers[0].finish() == hashers[1].finish();
        let is_alike = left.is_spelled_like(&right);
        assert_eq!(is_alike, same_hash, "{left} {right}");
        is_alike
    }

    #[test]
    fn numbers_are_alike_by_their_text_and_members_in_any_order() {
        assert!(is_alike(r#"{"a":1,"b":[2]}"#, r#"{"b":[2],"a":1}"#));
        for (left, right) in [
            ("1", "1.0"),
            ("1e2", "100"),
            ("0", "-0"),
            ("9007199254740993", "9007199254740993.0"),
            (r#""1""#, "1"),
            ("[1,2]", "[2,1]"),
            (r#"{"a":null}"#, "{}"),
            (r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#),
            ("true", r#""true""#),
            ("[[1],[]]", "[[],[1]]"),
        ] {
            assert!(!is_alike(left, right), "{left} {right}");
        }
    }
}
