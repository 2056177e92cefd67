//! The value of a subject after `as`. What it made is kept here, so that predicates can borrow it.

use super::actual_value::{ActualValue, ReadMoment};
use super::response_view::{ResponseView, SubjectError};
use crate::calendar::Zone;
use crate::conversion::{ConvertedValue, convert};
use crate::model::conversion::{Conversion, ConversionKind};
use crate::value::{JsonRef, Value};
use jiff::Timestamp;

/// What conversions made of the value of one subject.
pub(super) struct ConvertedSubject<'c> {
    value: ConvertedValue,
    zone: Option<&'c Zone>,
    now: Option<Timestamp>,
    is_of_token: bool,
}

impl<'c> ConvertedSubject<'c> {
    /// # Errors
    /// When the value cannot be converted; that fails an assertion whatever it expects.
    pub(super) fn new(
        actual: &ActualValue<'_>,
        conversions: &'c [Conversion],
        response: &ResponseView<'_>,
    ) -> Result<Self, SubjectError> {
        let failed = |reason: String| SubjectError {
            reason,
            actual: response.describe_unconverted(actual, conversions),
        };
        let converted = |value: Value| convert(value, conversions).map_err(|error| failed(error.0));
        let value = match actual {
            ActualValue::Absent => ConvertedValue::Absent,
            ActualValue::NodeList(nodes) => ConvertedValue::Many(
                nodes
                    .iter()
                    .map(|node| converted(node.to_value()))
                    .collect::<Result<_, _>>()?,
            ),
            ActualValue::RepeatedHeader(values) => {
                return Err(failed(format!(
                    "the response has {} values of this header, but `as` converts only one",
                    values.len()
                )));
            }
            // An empty body counts as missing.
            actual if !actual.exists() => ConvertedValue::Absent,
            actual => match actual.to_value() {
                Some(value) => converted(value)?,
                None => return Err(failed("it cannot be converted".to_owned())),
            },
        };
        if let ConvertedValue::Many(values) = &value
            && values.contains(&ConvertedValue::Absent)
        {
            return Err(failed("one of the values has no such member".to_owned()));
        }
        Ok(Self {
            value,
            zone: conversions.iter().find_map(zone_of),
            now: response.made_at(),
            is_of_token: conversions.iter().any(Conversion::reads_token),
        })
    }

    pub(super) fn actual(&self) -> ActualValue<'_> {
        match &self.value {
            ConvertedValue::Absent => ActualValue::Absent,
            ConvertedValue::Value(value) => ActualValue::Json(value.into()),
            ConvertedValue::Moment(time) => ActualValue::Moment(self.moment(*time)),
            ConvertedValue::Many(values) => self.many(values),
        }
    }

    fn moment(&self, time: Timestamp) -> ReadMoment<'_> {
        ReadMoment {
            time,
            zone: self.zone,
            now: self.now,
        }
    }

    fn many<'s>(&'s self, values: &'s [ConvertedValue]) -> ActualValue<'s> {
        let moments: Vec<ReadMoment<'s>> = values
            .iter()
            .filter_map(|value| match value {
                ConvertedValue::Moment(time) => Some(self.moment(*time)),
                _ => None,
            })
            .collect();
        if !moments.is_empty() {
            return ActualValue::Moments(moments);
        }
        let mut nodes: Vec<JsonRef<'s>> = Vec::new();
        collect_values(values, &mut nodes);
        ActualValue::NodeList(nodes)
    }

    /// Whether it is text of a JWT, or holds some.
    pub(super) fn holds_token_text(&self) -> bool {
        self.is_of_token && has_text(&self.value)
    }

    /// The value as one that later steps can use: a moment in Unix seconds.
    pub(super) fn into_value(self) -> Option<Value> {
        plain_value(self.value)
    }
}

/// A path for many inside of each of many values gives one list.
fn collect_values<'s>(values: &'s [ConvertedValue], nodes: &mut Vec<JsonRef<'s>>) {
    for value in values {
        match value {
            ConvertedValue::Value(value) => nodes.push(value.into()),
            ConvertedValue::Many(inner) => collect_values(inner, nodes),
            ConvertedValue::Absent | ConvertedValue::Moment(_) => {}
        }
    }
}

fn plain_value(value: ConvertedValue) -> Option<Value> {
    match value {
        ConvertedValue::Absent => None,
        ConvertedValue::Value(value) => Some(value),
        ConvertedValue::Moment(time) => Some(Value::from(time.as_second())),
        ConvertedValue::Many(values) => values
            .into_iter()
            .map(plain_value)
            .collect::<Option<Vec<_>>>()
            .map(Value::List),
    }
}

/// Numbers, booleans and moments are no secrets.
fn has_text(value: &ConvertedValue) -> bool {
    match value {
        ConvertedValue::Absent | ConvertedValue::Moment(_) => false,
        ConvertedValue::Many(values) => values.iter().any(has_text),
        ConvertedValue::Value(value) => {
            matches!(value, Value::String(_) | Value::List(_) | Value::Object(_))
        }
    }
}

fn zone_of(conversion: &Conversion) -> Option<&Zone> {
    match &conversion.kind {
        ConversionKind::Date(reading) => reading.zone.as_ref(),
        _ => None,
    }
}
