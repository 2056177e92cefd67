//! A JSON value where it stands: in an indexed text, or in a tree of values. Whoever only looks at
//! JSON takes this, so that nothing is copied for it.

use super::duplicate::DuplicateMember;
use super::json_value::{ObjectMember, Value};
use super::kind::JsonKind;
use super::member_name::{MemberName, NameStart};
use super::node::{JsonNode, NodeElements, NodeMembers};
use super::number::{self, Number};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::slice;

/// A JSON value where it stands. Equal means equal in value.
#[derive(Clone, Copy)]
pub(crate) enum JsonRef<'v> {
    Value(&'v Value),
    Node(JsonNode<'v>),
}

impl<'v> From<&'v Value> for JsonRef<'v> {
    fn from(value: &'v Value) -> Self {
        Self::Value(value)
    }
}

impl<'v> From<JsonNode<'v>> for JsonRef<'v> {
    fn from(node: JsonNode<'v>) -> Self {
        Self::Node(node)
    }
}

impl<'v> JsonRef<'v> {
    #[must_use]
    pub(crate) fn kind(self) -> JsonKind {
        match self {
            Self::Node(node) => node.kind(),
            Self::Value(value) => value.kind(),
        }
    }

    #[must_use]
    pub(crate) fn type_name(self) -> &'static str {
        self.kind().name()
    }

    #[must_use]
    pub(crate) fn is_null(self) -> bool {
        self.kind() == JsonKind::Null
    }

    #[must_use]
    pub(crate) fn as_bool(self) -> Option<bool> {
        match self {
            Self::Value(value) => value.as_bool(),
            Self::Node(node) => node.as_bool(),
        }
    }

    #[must_use]
    pub(crate) fn as_str(self) -> Option<Cow<'v, str>> {
        match self {
            Self::Value(value) => value.as_str().map(Cow::Borrowed),
            Self::Node(node) => node.as_str(),
        }
    }

    #[must_use]
    pub(crate) fn as_number(self) -> Option<Number> {
        match self {
            Self::Value(value) => value.as_number().cloned(),
            Self::Node(node) => {
                (node.kind() == JsonKind::Number).then(|| Number::from_lexed(node.source()))
            }
        }
    }

    /// A number as it is written; nothing of anything else.
    fn number_bytes(self) -> &'v [u8] {
        match self {
            Self::Value(Value::Number(number)) => number.as_str().as_bytes(),
            Self::Node(node) if node.kind() == JsonKind::Number => node.source_bytes(),
            _ => &[],
        }
    }

    /// The member of an object; `None` for anything else.
    #[must_use]
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        match self {
            Self::Value(value) => value.get(name).map(Self::Value),
            Self::Node(node) => node.get(name, NameStart::of(name)).map(Self::Node),
        }
    }

    /// The same, for a name that is looked up in many objects.
    #[must_use]
    pub(crate) fn member(self, name: &MemberName) -> Option<Self> {
        match self {
            Self::Value(value) => value.get(name).map(Self::Value),
            Self::Node(node) => node.get(name, name.start()).map(Self::Node),
        }
    }

    /// Gives every element of a list, or every value of an object, to `visit` until it fails.
    pub(crate) fn try_for_each_child<E>(
        self,
        mut visit: impl FnMut(Self) -> Result<(), E>,
    ) -> Result<(), E> {
        // The kind is asked for once and not for each child.
        match self.children() {
            JsonChildren::NodeElements(mut elements) => {
                elements.try_for_each(|node| visit(Self::Node(node)))
            }
            mut children => children.try_for_each(visit),
        }
    }

    /// The elements of a list, if it is one.
    #[must_use]
    pub(crate) fn as_list(self) -> Option<JsonChildren<'v>> {
        (self.kind() == JsonKind::List).then(|| self.children())
    }

    /// The elements of a list, or the values of an object; none of anything else.
    #[must_use]
    pub(crate) fn children(self) -> JsonChildren<'v> {
        match self {
            Self::Value(Value::List(items)) => JsonChildren::Items(items.iter()),
            Self::Value(Value::Object(members)) => JsonChildren::Members(members.iter()),
            Self::Value(_) => JsonChildren::Items([].iter()),
            Self::Node(node) if node.kind() == JsonKind::Object => {
                JsonChildren::NodeMembers(node.members())
            }
            Self::Node(node) => JsonChildren::NodeElements(node.elements()),
        }
    }

    /// The members of an object, also those whose name stands again; none of anything else.
    #[must_use]
    pub(crate) fn members(self) -> JsonMembers<'v> {
        match self {
            Self::Value(value) => {
                JsonMembers::Members(value.as_object().unwrap_or_default().iter())
            }
            Self::Node(node) => JsonMembers::NodeMembers(node.members()),
        }
    }

    /// How many elements or members a list or an object has; `None` for anything else.
    #[must_use]
    pub(crate) fn len(self) -> Option<usize> {
        match (self, self.kind()) {
            (Self::Value(Value::List(items)), _) => Some(items.len()),
            (Self::Value(Value::Object(members)), _) => Some(members.len()),
            (Self::Node(node), JsonKind::Object) => Some(node.members().count()),
            (Self::Node(node), JsonKind::List) => Some(node.elements().count()),
            _ => None,
        }
    }

    /// A copy as a tree. Of members with one name it holds the last (RFC 8259, section 4).
    #[must_use]
    pub(crate) fn to_value(self) -> Value {
        let node = match self {
            Self::Value(value) => return value.clone(),
            Self::Node(node) => node,
        };
        match node.kind() {
            JsonKind::Null => Value::Null,
            JsonKind::Bool => Value::Bool(node.as_bool() == Some(true)),
            JsonKind::Number => Value::Number(Number::from_lexed(node.source())),
            JsonKind::String => Value::String(node.as_str().unwrap_or_default().into()),
            JsonKind::List => Value::List(
                node.elements()
                    .map(|item| Self::Node(item).to_value())
                    .collect(),
            ),
            JsonKind::Object => {
                let members = node.members();
                let members: Vec<ObjectMember> = members
                    .map(|member| (member.name().into(), Self::Node(member.value()).to_value()))
                    .collect();
                Value::Object(if node.duplicate_names().is_empty() {
                    members
                } else {
                    keep_last_duplicates(members)
                })
            }
        }
    }

    /// The text of this value in a query, a form or a path: strings unchanged, numbers as written.
    /// Lists and objects have none.
    #[must_use]
    pub(crate) fn to_plain_text(self) -> Option<String> {
        match self.kind() {
            JsonKind::List | JsonKind::Object => None,
            _ => self.to_value().to_plain_text(),
        }
    }

    /// A number for its place that no other value of the same root has.
    #[must_use]
    pub(crate) fn place_id(self) -> usize {
        match self {
            Self::Value(value) => std::ptr::from_ref(value).addr(),
            Self::Node(node) => node.offset(),
        }
    }

    /// Whether the value with this place can be inside of this one, or be this one. Of a tree of
    /// values nobody knows before it was searched.
    #[must_use]
    pub(crate) fn may_hold(self, place_id: usize) -> bool {
        match self {
            Self::Node(node) => node.holds_offset(place_id),
            Self::Value(_) => true,
        }
    }

    /// The first member in it, at any depth, whose name stands again in the same object. A tree of
    /// values has none.
    #[must_use]
    pub(crate) fn duplicate_inside(self) -> Option<DuplicateMember> {
        self.duplicates_inside().next()
    }

    /// All of them, in the order of the text.
    pub(crate) fn duplicates_inside(self) -> impl Iterator<Item = DuplicateMember> + use<'v> {
        let node = match self {
            Self::Node(node) => Some(node),
            Self::Value(_) => None,
        };
        node.into_iter().flat_map(|node| {
            node.duplicate_names()
                .iter()
                .map(move |name| node.duplicate(name))
        })
    }

    /// Whether a name stands more than once in any object of the text that this value is in.
    #[must_use]
    pub(crate) fn is_beside_duplicates(self) -> bool {
        matches!(self, Self::Node(node) if node.has_duplicates())
    }

    /// How many names stand more than once in an object, at any depth.
    #[must_use]
    pub(crate) fn duplicate_count(self) -> usize {
        match self {
            Self::Node(node) => node.duplicate_names().len(),
            Self::Value(_) => 0,
        }
    }

    /// The members of this object that share a name: those of `name`, or without one the first of
    /// any name.
    #[must_use]
    pub(crate) fn duplicate_member(self, name: Option<&str>) -> Option<DuplicateMember> {
        let Self::Node(node) = self else { return None };
        node.own_duplicate_names()
            .find(|found| name.is_none_or(|name| node.is_duplicate_of(found, name)))
            .map(|found| node.duplicate(found))
    }
}

/// Compact JSON.
impl fmt::Debug for JsonRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl PartialEq for JsonRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Value(left), Self::Value(right)) => left == right,
            (left, right) => left.kind() == right.kind() && equal_of_kind(left, right),
        }
    }
}

impl PartialEq<Value> for JsonRef<'_> {
    fn eq(&self, other: &Value) -> bool {
        *self == JsonRef::Value(other)
    }
}

fn equal_of_kind(left: JsonRef<'_>, right: JsonRef<'_>) -> bool {
    match left.kind() {
        JsonKind::Null => true,
        JsonKind::Bool => left.as_bool() == right.as_bool(),
        JsonKind::Number => equal_numbers(left, right),
        JsonKind::String => left.as_str() == right.as_str(),
        JsonKind::List => left.children().eq(right.children()),
        JsonKind::Object => equal_objects(left, right),
    }
}

/// Nearly every number is an integer, and those are looked at where they stand.
fn equal_numbers(left: JsonRef<'_>, right: JsonRef<'_>) -> bool {
    let (left_text, right_text) = (left.number_bytes(), right.number_bytes());
    number::equal_integers(left_text, right_text)
        .unwrap_or_else(|| left.as_number() == right.as_number())
}

/// Equal order is the usual case, and spares every look-up by name.
fn equal_objects(left: JsonRef<'_>, right: JsonRef<'_>) -> bool {
    if left.members().eq(right.members()) {
        return true;
    }
    // Also where a name stands again in one of them: then the numbers differ.
    if left.len() != right.len() {
        return false;
    }
    let members: HashMap<_, _> = right.members().collect();
    Some(members.len()) == left.len()
        && left
            .members()
            .all(|(name, member)| members.get(&name) == Some(&member))
}

/// The last value of a repeated key is kept, as in most readers (RFC 8259, section 4).
fn keep_last_duplicates(mut members: Vec<ObjectMember>) -> Vec<ObjectMember> {
    // Reversed, so that `retain` sees the last of equal names first. The second `reverse` restores
    // the order of those that stay.
    let mut kept = std::collections::HashSet::new();
    members.reverse();
    members.retain(|(key, _)| kept.insert(key.clone()));
    members.reverse();
    members
}

/// The elements of a list or the values of an object.
pub(crate) enum JsonChildren<'v> {
    Items(slice::Iter<'v, Value>),
    Members(slice::Iter<'v, ObjectMember>),
    NodeElements(NodeElements<'v>),
    NodeMembers(NodeMembers<'v>),
}

impl<'v> Iterator for JsonChildren<'v> {
    type Item = JsonRef<'v>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Items(items) => items.next().map(JsonRef::Value),
            Self::Members(members) => members.next().map(|(_, value)| JsonRef::Value(value)),
            Self::NodeElements(elements) => elements.next().map(JsonRef::Node),
            Self::NodeMembers(members) => {
                members.next().map(|member| JsonRef::Node(member.value()))
            }
        }
    }
}

/// The members of an object.
pub(crate) enum JsonMembers<'v> {
    Members(slice::Iter<'v, ObjectMember>),
    NodeMembers(NodeMembers<'v>),
}

impl<'v> Iterator for JsonMembers<'v> {
    type Item = (Cow<'v, str>, JsonRef<'v>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Members(members) => members
                .next()
                .map(|(name, value)| (Cow::Borrowed(name.as_str()), JsonRef::Value(value))),
            Self::NodeMembers(members) => members
                .next()
                .map(|member| (member.name(), JsonRef::Node(member.value()))),
        }
    }
}
