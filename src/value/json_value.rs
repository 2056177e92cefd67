//! Any JSON value, and the ways to look into it. It refuses to know how JSON is spelled: that is
//! `json`'s.

use super::kind::JsonKind;
use super::number::Number;
use super::text::CompactText;
use zeroize::Zeroize;

/// A value and its name.
pub type ObjectMember = (CompactText, Value);

/// Any JSON value. Objects keep their order, and hold each key once.
#[derive(Clone, Debug, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(CompactText),
    List(Vec<Value>),
    Object(Vec<ObjectMember>),
}

impl Value {
    /// The member of an object; `None` for anything else.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    #[must_use]
    pub fn as_object(&self) -> Option<&[ObjectMember]> {
        if let Self::Object(members) = self {
            Some(members)
        } else {
            None
        }
    }

    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(items) = self {
            Some(items)
        } else {
            None
        }
    }

    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self {
            Some(number)
        } else {
            None
        }
    }

    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self {
            Some(*flag)
        } else {
            None
        }
    }

    #[must_use]
    pub(crate) fn kind(&self) -> JsonKind {
        match self {
            Self::Null => JsonKind::Null,
            Self::Bool(_) => JsonKind::Bool,
            Self::Number(_) => JsonKind::Number,
            Self::String(_) => JsonKind::String,
            Self::List(_) => JsonKind::List,
            Self::Object(_) => JsonKind::Object,
        }
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The name that JSON Schema gives its type; an integer is a `number` here, since both are.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.kind().name()
    }

    /// The text of this value in a query, a form or a path: strings unchanged, numbers as written.
    /// Lists and objects have none.
    #[must_use]
    pub fn to_plain_text(&self) -> Option<String> {
        match self {
            Self::Null => Some("null".to_owned()),
            Self::Bool(flag) => Some(flag.to_string()),
            Self::Number(number) => Some(number.as_str().to_owned()),
            Self::String(text) => Some(text.to_string()),
            Self::List(_) | Self::Object(_) => None,
        }
    }

    /// About how many bytes of memory it takes, its texts and members included.
    #[must_use]
    pub(crate) fn estimated_bytes(&self) -> usize {
        let inside = match self {
            Self::Null | Self::Bool(_) => 0,
            Self::Number(number) => heap_bytes(number.as_str()),
            Self::String(text) => heap_bytes(text),
            Self::List(items) => items.iter().map(Self::estimated_bytes).sum(),
            Self::Object(members) => members
                .iter()
                .map(|(name, value)| {
                    size_of::<CompactText>() + heap_bytes(name) + value.estimated_bytes()
                })
                .sum(),
        };
        size_of::<Self>() + inside
    }

    /// Reads a text of a table or of the command line: a number, `true`, `false` and `null` as in
    /// JSON, and all else as a string.
    #[must_use]
    pub fn from_scalar_text(text: &str) -> Self {
        match text {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            "null" => Self::Null,
            // `007` is no JSON number, so it stays text and an id keeps its zeros.
            text => Number::parse(text).map_or_else(|| Self::from(text), Self::Number),
        }
    }
}

/// What a text takes beside its place in a value: a short one is kept in that place.
fn heap_bytes(text: &str) -> usize {
    if text.len() > size_of::<CompactText>() {
        text.len()
    } else {
        0
    }
}

/// Overwrites every text in it, names of members among them, and leaves `null`.
impl Zeroize for Value {
    fn zeroize(&mut self) {
        match self {
            Self::Null => {}
            Self::Bool(flag) => flag.zeroize(),
            Self::Number(number) => number.zeroize(),
            Self::String(text) => text.zeroize(),
            Self::List(items) => items.zeroize(),
            Self::Object(members) => members.zeroize(),
        }
        *self = Self::Null;
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::String(left), Self::String(right)) => left == right,
            (Self::List(left), Self::List(right)) => left == right,
            (Self::Object(left), Self::Object(right)) => {
                // Equal order is the usual case, and the look-up by name is slow for wide objects.
                // Keys are unique on both sides, so one direction is enough if the lengths are
                // equal.
                left.len() == right.len()
                    && (left.iter().zip(right).all(|(left, right)| left == right)
                        || left
                            .iter()
                            .all(|(key, value)| other.get(key) == Some(value)))
            }
            _ => false,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<CompactText> for Value {
    fn from(text: CompactText) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::List(items)
    }
}
