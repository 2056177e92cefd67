//! What is known of a subject before its response is received: which types and which numbers it can
//! have.

use crate::model::assertion::{JsonType, Subject};
use crate::value::Number;

/// The type of a subject, as far as it is known before the response is received.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SubjectType {
    Status,
    Length,
    Header,
    Body,
    Latency,
    /// The list of values that a path for many finds.
    NodeList,
    /// An element of a list: any value, and it is there.
    Element,
    Any,
}

impl SubjectType {
    pub(super) fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Status => Self::Status,
            Subject::Header(_) => Self::Header,
            Subject::Latency => Self::Latency,
            Subject::Body => Self::Body,
            Subject::Path(path) if path.is_singular() => Self::Any,
            Subject::Path(_) => Self::NodeList,
        }
    }

    /// Whether every response has it.
    pub(super) fn is_always_there(self) -> bool {
        matches!(
            self,
            Self::Status | Self::Latency | Self::Length | Self::Element
        )
    }

    /// Whether it can be a value of every type.
    pub(super) fn is_any_value(self) -> bool {
        matches!(self, Self::Any | Self::Element)
    }

    /// The numbers that are possible, for a subject that is always a whole number.
    pub(super) fn possible_numbers(self) -> Option<NumberRange> {
        match self {
            // RFC 9110, section 15, ends at 599, and 1xx is never the last response. Servers that
            // answer with up to 999 exist.
            Self::Status => Some(NumberRange::new(200, Some(999))),
            Self::Length => Some(NumberRange::new(0, None)),
            _ => None,
        }
    }

    /// The numbers that are to be expected: a bound that all of them meet tests nothing.
    pub(super) fn usual_numbers(self) -> Option<NumberRange> {
        match self {
            Self::Status => Some(NumberRange::new(200, Some(599))),
            other => other.possible_numbers(),
        }
    }

    /// Whether such a value can be of a type, in the sense of being equal to one.
    pub(super) fn can_equal_type(self, kind: &str) -> bool {
        match self {
            Self::Status | Self::Length => kind == "number",
            Self::Header => kind == "string" || kind == "number",
            Self::Body => kind == "string",
            Self::NodeList => kind == "array",
            Self::Latency => false,
            Self::Any | Self::Element => true,
        }
    }

    pub(super) fn has_json_type(self, kind: JsonType) -> bool {
        match self {
            Self::Status | Self::Length => matches!(kind, JsonType::Integer | JsonType::Number),
            Self::Header | Self::Body => kind == JsonType::String,
            Self::NodeList => kind == JsonType::Array,
            Self::Latency => false,
            Self::Any | Self::Element => true,
        }
    }

    pub(super) fn is_number(self) -> bool {
        matches!(
            self,
            Self::Status | Self::Length | Self::Header | Self::Any | Self::Element
        )
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Header | Self::Body | Self::Any | Self::Element)
    }

    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::NodeList | Self::Any | Self::Element)
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Status => "`status` is a number",
            Self::Length => "a length is a number",
            Self::Header => "a header is text",
            Self::Body => "`body` is text",
            Self::Latency => {
                "`latency` is a duration, compared with `above`, `at_least`, `below` or `at_most`"
            }
            Self::NodeList => {
                "this path finds a list; `each`, `some` and `none` look at its elements"
            }
            Self::Any | Self::Element => "any value may come",
        }
    }
}

/// Whole numbers, both ends included.
pub(super) struct NumberRange {
    pub(super) least: Number,
    /// `None`: without end.
    pub(super) most: Option<Number>,
}

impl NumberRange {
    fn new(least: i64, most: Option<i64>) -> Self {
        Self {
            least: Number::from(least),
            most: most.map(Number::from),
        }
    }

    pub(super) fn contains(&self, number: &Number) -> bool {
        number.is_integer()
            && *number >= self.least
            && self.most.as_ref().is_none_or(|most| number <= most)
    }
}
