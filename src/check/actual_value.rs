//! The actual value of a subject or an element. It copies no body: everything borrows from the
//! response.

use crate::calendar::{self, CalendarError, Zone};
use crate::model::assertion::JsonType;
use crate::value::{JsonRef, Number, Value};
use crate::wire::BodyBytes;
use jiff::{SignedDuration, Timestamp};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::time::Duration;

/// The actual value, as predicates see it.
#[derive(Clone, Debug)]
pub(super) enum ActualValue<'v> {
    /// A path for one value, or a header, that is not there.
    Absent,
    /// A JSON value: the status, or a part of the body.
    Json(JsonRef<'v>),
    /// The values that a path for many found, in order.
    NodeList(Vec<JsonRef<'v>>),
    /// The body.
    Text(&'v str),
    /// A header: text that is read as a number where it is compared with one.
    Header(&'v str),
    /// A header that came more than once.
    RepeatedHeader(Vec<&'v str>),
    Latency(Duration),
    /// The body as it was received.
    Bytes(BodyBytes<'v>),
    /// What `as: date` read.
    Moment(ReadMoment<'v>),
    /// The moments of a path for many, in order.
    Moments(Vec<ReadMoment<'v>>),
    /// From a moment to now; below zero for one in the future.
    Age(SignedDuration),
}

/// A moment that a response names.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadMoment<'v> {
    pub(super) time: Timestamp,
    /// The zone of a time beside it that names none.
    pub(super) zone: Option<&'v Zone>,
    /// When the response was made, as far as it is known.
    pub(super) now: Option<Timestamp>,
}

impl ReadMoment<'_> {
    /// How it stands to an operand.
    ///
    /// # Errors
    /// When the operand is no time, or names no zone where none is known.
    pub(super) fn compare(&self, operand: &Value) -> Result<Ordering, CalendarError> {
        let other = calendar::read_moment(operand)?.in_zone(self.zone)?;
        Ok(self.time.cmp(&other))
    }

    pub(super) fn age(&self) -> Option<SignedDuration> {
        Some(self.now?.duration_since(self.time))
    }
}

impl<'v> ActualValue<'v> {
    pub(super) fn exists(&self) -> bool {
        match self {
            Self::Absent => false,
            Self::NodeList(items) => !items.is_empty(),
            Self::Moments(items) => !items.is_empty(),
            // Every response has a body, so an empty one counts as missing. Otherwise `exists`
            // would hold for all of them.
            Self::Text(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            _ => true,
        }
    }

    pub(super) fn as_text(&self) -> Option<Cow<'v, str>> {
        match self {
            Self::Json(value) => value.as_str(),
            Self::Text(text) | Self::Header(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    pub(super) fn as_number(&self) -> Option<Number> {
        match self {
            Self::Json(value) => value.as_number(),
            // A header is always text. A JSON string is not read as a number, because `"5"` and `5`
            // are different values for the API.
            Self::Header(text) => Number::parse(text.trim()),
            _ => None,
        }
    }

    /// The elements of a list. They are read while they are looked at: a list of millions is never
    /// held as a whole.
    pub(super) fn items(&self) -> Option<impl Iterator<Item = JsonRef<'v>> + use<'_, 'v>> {
        let (list, nodes) = match self {
            Self::Json(value) => (Some(value.as_list()?), [].as_slice()),
            Self::NodeList(items) => (None, items.as_slice()),
            _ => return None,
        };
        Some(list.into_iter().flatten().chain(nodes.iter().copied()))
    }

    /// The same, each as a value of its own.
    pub(super) fn elements(&self) -> Option<impl Iterator<Item = ActualValue<'v>> + use<'_, 'v>> {
        let (items, moments) = match self {
            Self::Moments(moments) => (None, moments.as_slice()),
            _ => (Some(self.items()?), [].as_slice()),
        };
        let items = items.into_iter().flatten().map(ActualValue::Json);
        let moments = moments.iter().map(|moment| ActualValue::Moment(*moment));
        Some(items.chain(moments))
    }

    /// Whether it is a list that holds nothing.
    pub(super) fn is_empty_list(&self) -> bool {
        self.elements()
            .is_some_and(|mut items| items.next().is_none())
    }

    /// Letters of a text, elements of a list, members of an object.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::NodeList(items) => Some(items.len()),
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::Moments(items) => Some(items.len()),
            Self::Json(value) if value.as_str().is_none() => value.len(),
            // Characters, not bytes: a Korean letter has three bytes in UTF-8.
            _ => self.as_text().map(|text| text.chars().count()),
        }
    }

    /// Equal in value and type; `None` where there is nothing to compare.
    pub(super) fn equals(&self, expected: &Value) -> Option<bool> {
        match self {
            Self::Absent | Self::Latency(_) | Self::Bytes(_) | Self::Moments(_) | Self::Age(_) => {
                None
            }
            Self::Moment(moment) => Some(moment.compare(expected).ok()?.is_eq()),
            Self::Json(value) => Some(*value == *expected),
            Self::NodeList(items) => Some(expected.as_list().is_some_and(|expected| {
                expected.len() == items.len()
                    && expected
                        .iter()
                        .zip(items)
                        .all(|(expected, item)| *item == *expected)
            })),
            Self::Text(text) => Some(expected.as_str() == Some(text)),
            Self::Header(text) => Some(match expected {
                Value::Number(expected) => {
                    self.as_number().is_some_and(|number| number == *expected)
                }
                _ => expected.as_str() == Some(text),
            }),
            // One of them is enough: the order of fields such as `set-cookie` is not fixed.
            Self::RepeatedHeader(texts) => Some(
                texts
                    .iter()
                    .any(|text| Self::Header(text).equals(expected) == Some(true)),
            ),
        }
    }

    pub(super) fn has_type(&self, wanted: JsonType) -> Option<bool> {
        match self {
            Self::Absent | Self::Latency(_) | Self::Bytes(_) => None,
            Self::Moment(_) | Self::Moments(_) | Self::Age(_) => None,
            Self::Json(value) if wanted == JsonType::Integer => {
                Some(value.as_number().is_some_and(|number| number.is_integer()))
            }
            Self::Json(value) => Some(value.type_name() == wanted.name()),
            Self::NodeList(_) => Some(wanted == JsonType::Array),
            Self::Text(_) | Self::Header(_) | Self::RepeatedHeader(_) => {
                Some(wanted == JsonType::String)
            }
        }
    }

    /// A copy of the whole as one JSON value. `None` if there is none.
    pub(super) fn to_value(&self) -> Option<Value> {
        let text = |text: &str| Value::from(text.to_owned());
        Some(match self {
            Self::Absent | Self::Latency(_) | Self::Bytes(_) => return None,
            Self::Moment(_) | Self::Moments(_) | Self::Age(_) => return None,
            Self::Json(value) => value.to_value(),
            Self::NodeList(items) => {
                Value::List(items.iter().map(|item| item.to_value()).collect())
            }
            Self::Text(body) | Self::Header(body) => text(body),
            Self::RepeatedHeader(texts) => Value::List(texts.iter().map(|one| text(one)).collect()),
        })
    }
}
