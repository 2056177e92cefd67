//! Filters on our own values. No number in them is computed with, so each keeps its spelling.

use crate::calendar::{self, CalendarError, Zone, read_zoned_moment};
use crate::conversion::{self, ConversionFault};
use crate::jsonpath::{EditError, JsonPath};
use crate::value::Value;

/// Why a filter gives nothing; `hint` is the way out.
#[derive(Debug)]
pub(super) struct FilterFault {
    pub(super) reason: String,
    pub(super) hint: Option<String>,
}

impl FilterFault {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            hint: None,
        }
    }
}

impl From<EditError> for FilterFault {
    fn from(error: EditError) -> Self {
        Self {
            reason: error.to_string(),
            hint: error.hint,
        }
    }
}

impl From<ConversionFault> for FilterFault {
    fn from(error: ConversionFault) -> Self {
        Self::new(error.0)
    }
}

impl From<CalendarError> for FilterFault {
    fn from(error: CalendarError) -> Self {
        Self {
            reason: error.reason,
            hint: error.hint,
        }
    }
}

/// One of the filters whose arguments are plain values.
pub(super) fn apply(name: &str, value: &Value, arguments: &[Value]) -> Result<Value, FilterFault> {
    match (name, arguments) {
        ("batch", [size]) => batch(value, size),
        ("zip", [other]) => zip(value, other),
        ("number", []) => Ok(Value::Number(conversion::to_number(value)?)),
        ("json", []) => Ok(conversion::parse_json(value)?),
        ("base64", []) => Ok(Value::from(conversion::decode_base64(value)?)),
        ("base64url", []) => Ok(Value::from(conversion::decode_base64_url(value)?)),
        ("date", [format]) => date(value, format, None),
        ("date", [format, zone]) => date(value, format, Some(zone)),
        ("unix", []) => Ok(Value::from(read_zoned_moment(value)?.as_second())),
        ("unix", [format]) => unix(value, format, None),
        ("unix", [format, zone]) => unix(value, format, Some(zone)),
        _ => Err(FilterFault::new(format!(
            "`{name}` has different arguments"
        ))),
    }
}

/// A Unix number or RFC 3339 text in a strftime format; without a zone, in UTC.
fn date(value: &Value, format: &Value, zone: Option<&Value>) -> Result<Value, FilterFault> {
    let zone = zone_argument("date", zone)?.unwrap_or_else(Zone::utc);
    let time = zone.local(read_zoned_moment(value)?);
    let format = text_argument("date", "a format", format)?;
    Ok(Value::from(calendar::format_moment(&time, format)?))
}

/// Unix seconds of a text in a strftime format.
fn unix(value: &Value, format: &Value, zone: Option<&Value>) -> Result<Value, FilterFault> {
    let text = value.to_plain_text().filter(|_| !value.is_null());
    let text = text.ok_or_else(|| {
        let kind = value.kind().with_article();
        FilterFault::new(format!("`unix` needs text or a number, but this is {kind}"))
    })?;
    let zone = zone_argument("unix", zone)?;
    let format = text_argument("unix", "a format", format)?;
    let time = calendar::parse_formatted(&text, format, zone.as_ref())?;
    Ok(Value::from(time.as_second()))
}

fn zone_argument(filter: &str, zone: Option<&Value>) -> Result<Option<Zone>, FilterFault> {
    let zone = zone.map(|zone| text_argument(filter, "a zone", zone));
    Ok(zone.transpose()?.map(Zone::parse).transpose()?)
}

fn text_argument<'v>(filter: &str, what: &str, value: &'v Value) -> Result<&'v str, FilterFault> {
    value.as_str().ok_or_else(|| {
        let kind = value.kind().with_article();
        FilterFault::new(format!(
            "`{filter}` needs {what} as text, but this is {kind}"
        ))
    })
}

/// The value with another one at a path. See [`JsonPath::with_value`].
pub(super) fn with(value: Value, path: &JsonPath, new: Value) -> Result<Value, FilterFault> {
    Ok(path.with_value(value, new)?)
}

/// The value without what a path names. See [`JsonPath::without_value`].
pub(super) fn without(value: Value, path: &JsonPath) -> Result<Value, FilterFault> {
    Ok(path.without_value(value)?)
}

/// Lists of up to `size` items each, in order; the last one may be shorter.
fn batch(list: &Value, size: &Value) -> Result<Value, FilterFault> {
    let items = items_of("batch", list)?;
    let size = batch_size(size)?;
    Ok(Value::List(
        items
            .chunks(size)
            .map(|items| Value::List(items.to_vec()))
            .collect(),
    ))
}

/// How many items a batch has.
pub(super) fn batch_size(size: &Value) -> Result<usize, FilterFault> {
    let number = size.as_number().filter(|number| number.is_integer());
    number
        .and_then(|number| usize::try_from(number.as_i64()?).ok())
        .filter(|size| *size > 0)
        .ok_or_else(|| FilterFault::new("`batch(n)` needs a whole number of at least 1"))
}

/// Pairs of the items of two lists.
fn zip(list: &Value, other: &Value) -> Result<Value, FilterFault> {
    let (items, others) = (items_of("zip", list)?, items_of("zip", other)?);
    // Jinja drops the items that have no partner, and nobody would see that.
    if items.len() != others.len() {
        return Err(FilterFault::new(format!(
            "`zip` needs two lists of the same length, but these have {} and {} items",
            items.len(),
            others.len()
        )));
    }
    Ok(Value::List(
        items
            .iter()
            .zip(others)
            .map(|(item, other)| Value::List(vec![item.clone(), other.clone()]))
            .collect(),
    ))
}

fn items_of<'v>(filter: &str, value: &'v Value) -> Result<&'v [Value], FilterFault> {
    value.as_list().ok_or_else(|| {
        FilterFault::new(format!(
            "`{filter}` needs a list, but this is {}",
            value.kind().with_article()
        ))
    })
}
