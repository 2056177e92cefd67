//! What is known of a subject before its response is received: which types and which numbers it can
//! have.

use crate::model::assertion::{Assertion, JsonType, Subject};
use crate::model::conversion::ConversionKind;
use crate::value::Number;
use crate::xml::XPathForm;

/// The type of a subject, as far as it is known before the response is received.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SubjectType {
    Status,
    Length,
    Header,
    Body,
    Latency,
    Cookie,
    Bytes,
    /// The list of values that a path for many finds.
    NodeList,
    /// The text of a node of XML, or a text that is computed from nodes.
    NodeText,
    /// The texts of the nodes that an XPath for many finds.
    NodeTexts,
    /// How many nodes an XPath finds.
    NodeCount,
    /// A number that an XPath computes.
    ComputedNumber,
    /// Whether an XPath finds something.
    Finding,
    /// An element of a list: any value, and it is there.
    Element,
    /// What `as` made of a value that may be missing.
    Number,
    Text,
    Moment,
    /// The moments of a path for many, and one of them.
    Moments,
    MomentElement,
    /// The time from a moment to now.
    Age,
    Any,
}

impl SubjectType {
    pub(super) fn of(assertion: &Assertion) -> Self {
        let plain = Self::of_subject(&assertion.subject);
        let kinds = || {
            assertion
                .conversions
                .iter()
                .map(|conversion| &conversion.kind)
        };
        let many = |kind: &ConversionKind| matches!(kind, ConversionKind::Path(path) if !path.is_singular());
        let is_list = plain == Self::NodeList || kinds().any(many);
        match (kinds().next_back(), is_list) {
            (None, _) => plain,
            (Some(ConversionKind::Date(_)), true) => Self::Moments,
            (Some(_), true) => Self::NodeList,
            (Some(ConversionKind::Date(_)), false) => Self::Moment,
            (Some(ConversionKind::Number | ConversionKind::Integer), false) => Self::Number,
            (
                Some(ConversionKind::Text | ConversionKind::Base64 | ConversionKind::Base64Url),
                false,
            ) => Self::Text,
            (Some(ConversionKind::Json | ConversionKind::Jwt | ConversionKind::Path(_)), false) => {
                Self::Any
            }
        }
    }

    fn of_subject(subject: &Subject) -> Self {
        match subject {
            Subject::Status => Self::Status,
            Subject::Header(_) => Self::Header,
            Subject::Latency => Self::Latency,
            Subject::Body => Self::Body,
            Subject::Bytes => Self::Bytes,
            Subject::Cookie(_) => Self::Cookie,
            Subject::XPath(path) => match path.form() {
                XPathForm::OneNode | XPathForm::Text => Self::NodeText,
                XPathForm::NodeList => Self::NodeTexts,
                XPathForm::Count => Self::NodeCount,
                XPathForm::Number => Self::ComputedNumber,
                XPathForm::Boolean => Self::Finding,
            },
            Subject::Path(path) if path.is_singular() => Self::Any,
            Subject::Path(_) => Self::NodeList,
        }
    }

    /// What is known of an element of the list that it is.
    pub(super) fn element(self) -> Self {
        match self {
            Self::NodeTexts => Self::NodeText,
            Self::Moments => Self::MomentElement,
            _ => Self::Element,
        }
    }

    /// Whether every response has it.
    pub(super) fn is_always_there(self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::Latency
                | Self::Length
                | Self::Element
                | Self::MomentElement
                | Self::Age
        )
    }

    /// Whether it is a time, which only times are compared with.
    pub(super) fn is_moment(self) -> bool {
        matches!(self, Self::Moment | Self::MomentElement)
    }

    /// Whether it is compared with durations.
    pub(super) fn is_duration(self) -> bool {
        matches!(self, Self::Latency | Self::Age)
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
            Self::Length | Self::NodeCount => Some(NumberRange::new(0, None)),
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
            Self::Status | Self::Length | Self::NodeCount | Self::ComputedNumber | Self::Number => {
                kind == "number"
            }
            Self::Header | Self::Cookie | Self::Moment | Self::MomentElement => {
                kind == "string" || kind == "number"
            }
            Self::Body | Self::NodeText | Self::Text => kind == "string",
            Self::NodeList | Self::NodeTexts | Self::Moments => kind == "array",
            Self::Finding => kind == "boolean",
            Self::Latency | Self::Bytes | Self::Age => false,
            Self::Any | Self::Element => true,
        }
    }

    pub(super) fn has_json_type(self, kind: JsonType) -> bool {
        match self {
            Self::Status | Self::Length | Self::NodeCount | Self::ComputedNumber | Self::Number => {
                matches!(kind, JsonType::Integer | JsonType::Number)
            }
            Self::Header | Self::Cookie | Self::Body | Self::NodeText | Self::Text => {
                kind == JsonType::String
            }
            Self::NodeList | Self::NodeTexts => kind == JsonType::Array,
            Self::Finding => kind == JsonType::Boolean,
            Self::Latency | Self::Bytes | Self::Age => false,
            Self::Moment | Self::Moments | Self::MomentElement => false,
            Self::Any | Self::Element => true,
        }
    }

    pub(super) fn is_number(self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::Length
                | Self::NodeCount
                | Self::ComputedNumber
                | Self::Header
                | Self::Cookie
                | Self::Number
                | Self::Any
                | Self::Element
        )
    }

    pub(super) fn is_text(self) -> bool {
        matches!(
            self,
            Self::Header
                | Self::Cookie
                | Self::Body
                | Self::NodeText
                | Self::Text
                | Self::Any
                | Self::Element
        )
    }

    pub(super) fn is_list(self) -> bool {
        matches!(
            self,
            Self::NodeList | Self::NodeTexts | Self::Any | Self::Element
        )
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
            Self::Cookie => "a cookie is text",
            Self::Bytes => {
                "`bytes` has `length`, `sha256` and `starts_with: { hex: … }`; `body` is the text"
            }
            Self::NodeText => "this XPath returns text; `number(…)` around a path returns a number",
            Self::NodeCount => "a count is a number",
            Self::ComputedNumber => "this XPath returns a number",
            Self::Finding => "this XPath returns true or false",
            Self::NodeList | Self::NodeTexts => {
                "this path finds a list; `each`, `some` and `none` test its elements"
            }
            Self::Number => "`as` converts it to a number",
            Self::Text => "`as` converts it to text",
            Self::Moment | Self::MomentElement => {
                "`as: date` converts it to a time, which `equals`, `one_of`, `above`, `at_least`, `below`, `at_most` and `age` can test"
            }
            Self::Moments => {
                "this path finds a list of times; `each`, `some` and `none` test its elements"
            }
            Self::Age => {
                "`age` is a duration, compared with `above`, `at_least`, `below` or `at_most`"
            }
            Self::Any | Self::Element => "any value is possible",
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
