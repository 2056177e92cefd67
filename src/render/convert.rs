//! Converts our values to those of minijinja and back. A number that would be rounded is an error.

use crate::value::{Number, ObjectMember, Value};
use minijinja::value::{Value as Mini, ValueKind};

/// Why a value cannot be handed to minijinja or taken back.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConversionError {
    #[error(
        "{0} has too many digits to be computed with; used alone, as `{{{{ name }}}}`, it keeps every digit"
    )]
    TooManyDigits(Number),
    #[error("something in it is not defined")]
    Undefined,
    #[error("a list of more than {} values", MAX_ITEMS)]
    ListTooLong,
    #[error("a {0} is not a value")]
    NotValue(ValueKind),
    #[error("{0} has no spelling in JSON")]
    NotJson(f64),
    #[error(transparent)]
    Engine(#[from] minijinja::Error),
}

/// The longest list that an expression may make, in items. A short expression could otherwise fill
/// the memory.
const MAX_ITEMS: usize = 100_000;

/// How minijinja sees one of our values.
///
/// # Errors
/// For a number that a computation would round.
pub(super) fn to_mini(value: &Value) -> Result<Mini, ConversionError> {
    Ok(match value {
        Value::Null => Mini::from(()),
        Value::Bool(flag) => Mini::from(*flag),
        Value::Number(number) => number_to_mini(number)?,
        Value::String(text) => Mini::from(text.as_str()),
        Value::List(items) => items
            .iter()
            .map(to_mini)
            .collect::<Result<Vec<Mini>, ConversionError>>()?
            .into(),
        Value::Object(members) => {
            let members: Result<Vec<(&str, Mini)>, ConversionError> = members
                .iter()
                .map(|(name, member)| Ok((name.as_str(), to_mini(member)?)))
                .collect();
            Mini::from_pairs(members?)
        }
    })
}

/// Whole numbers of up to 38 digits are exact, fractions of up to 15 digits are themselves as
/// doubles; what is longer could only be computed with by rounding it. A plain look-up does not
/// come here and keeps every digit.
fn number_to_mini(number: &Number) -> Result<Mini, ConversionError> {
    const EXACT_DIGITS: usize = 15;
    if let Some(integer) = number.as_i128().filter(|_| number.is_integer()) {
        return Ok(i64::try_from(integer).map_or_else(|_| Mini::from(integer), Mini::from));
    }
    let digits = number
        .as_str()
        .bytes()
        // The digits of the exponent do not count towards the precision of a double.
        .take_while(|byte| !matches!(byte, b'e' | b'E'))
        .filter(u8::is_ascii_digit)
        .count();
    if digits <= EXACT_DIGITS && number.as_f64().is_finite() {
        return Ok(Mini::from(number.as_f64()));
    }
    Err(ConversionError::TooManyDigits(number.clone()))
}

/// The shortest spelling of a double; none for what JSON cannot spell.
#[must_use]
pub(super) fn number_from_f64(double: f64) -> Option<Number> {
    Number::parse(&format!("{double}"))
}

/// One of our values from what an expression gave.
pub(super) fn from_mini(value: &Mini) -> Result<Value, ConversionError> {
    Ok(match value.kind() {
        ValueKind::None => Value::Null,
        ValueKind::Undefined => return Err(ConversionError::Undefined),
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number => Value::Number(number_from_mini(value)?),
        ValueKind::String => Value::from(
            // Bytes are of another kind, so a text has one.
            value
                .as_str()
                .ok_or(ConversionError::NotValue(ValueKind::String))?
                .to_owned(),
        ),
        ValueKind::Seq | ValueKind::Iterable => Value::List(list_from_mini(value)?),
        ValueKind::Map => {
            let members: Result<Vec<ObjectMember>, ConversionError> = iterate(value)?
                .map(|key| Ok((key.to_string().into(), from_mini(&value.get_item(&key)?)?)))
                .collect();
            Value::Object(members?)
        }
        kind => return Err(ConversionError::NotValue(kind)),
    })
}

fn list_from_mini(value: &Mini) -> Result<Vec<Value>, ConversionError> {
    let mut items = Vec::new();
    for item in iterate(value)? {
        // Counted as they come: an iterable such as a range has no length before it is used up.
        if items.len() >= MAX_ITEMS {
            return Err(ConversionError::ListTooLong);
        }
        items.push(from_mini(&item)?);
    }
    Ok(items)
}

fn iterate(value: &Mini) -> Result<impl Iterator<Item = Mini>, ConversionError> {
    Ok(value.try_iter()?)
}

fn number_from_mini(value: &Mini) -> Result<Number, ConversionError> {
    if value.is_integer() {
        return Ok(Number::from(i128::try_from(value.clone())?));
    }
    let double = f64::try_from(value.clone())?;
    number_from_f64(double).ok_or(ConversionError::NotJson(double))
}
