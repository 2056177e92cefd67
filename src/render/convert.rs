//! Converts our values to those of minijinja and back. A number that would be rounded is an error.

use crate::value::{CompactText, Number, ObjectMember, Value};
use minijinja::value::{Value as Mini, ValueKind};

/// Why a value cannot be handed to minijinja or taken back.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConversionError {
    #[error(
        "{0} has too many digits to be computed with; used alone, as `{{{{ name }}}}`, it keeps every digit"
    )]
    TooManyDigits(Number),
    #[error("a part of it is not defined")]
    Undefined,
    #[error("the result has more than {MAX_VALUES} values")]
    TooManyValues,
    #[error("the text of the result is longer than {} MiB", MAX_RESULT_TEXT_BYTES >> 20)]
    TooMuchText,
    #[error("a {0} is not a value")]
    NotValue(ValueKind),
    #[error("{0} cannot be written in JSON")]
    NotJson(f64),
    #[error(transparent)]
    Engine(#[from] minijinja::Error),
}

/// The most values that the result of an expression may hold, those inside of lists and objects
/// included. minijinja shares the values of a list that is named twice, and our values do not, so a
/// short expression could fill the memory.
const MAX_VALUES: usize = 100_000;
/// The most text in the result of an expression, in bytes; more is refused for the same reason.
const MAX_RESULT_TEXT_BYTES: usize = 4 << 20;

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
    ResultSize::default().convert(value)
}

/// How much of a result was converted.
#[derive(Default)]
struct ResultSize {
    values: usize,
    text_bytes: usize,
}

impl ResultSize {
    fn convert(&mut self, value: &Mini) -> Result<Value, ConversionError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(ConversionError::TooManyValues);
        }
        Ok(match value.kind() {
            ValueKind::None => Value::Null,
            ValueKind::Undefined => return Err(ConversionError::Undefined),
            ValueKind::Bool => Value::Bool(value.is_true()),
            ValueKind::Number => Value::Number(number_from_mini(value)?),
            ValueKind::String => Value::from(self.text(value)?),
            // Counted as they come: an iterable such as a range has no length before it is used up.
            ValueKind::Seq | ValueKind::Iterable => Value::List(
                value
                    .try_iter()?
                    .map(|item| self.convert(&item))
                    .collect::<Result<Vec<Value>, ConversionError>>()?,
            ),
            ValueKind::Map => {
                let members: Result<Vec<ObjectMember>, ConversionError> = value
                    .try_iter()?
                    .map(|key| Ok((self.key(&key)?, self.convert(&value.get_item(&key)?)?)))
                    .collect();
                Value::Object(members?)
            }
            kind => return Err(ConversionError::NotValue(kind)),
        })
    }

    fn text(&mut self, value: &Mini) -> Result<String, ConversionError> {
        // Bytes are of another kind, so a text has one.
        let text = value
            .as_str()
            .ok_or(ConversionError::NotValue(ValueKind::String))?;
        self.add_text(text.len())?;
        Ok(text.to_owned())
    }

    fn key(&mut self, key: &Mini) -> Result<CompactText, ConversionError> {
        let text = key.to_string();
        self.add_text(text.len())?;
        Ok(text.into())
    }

    fn add_text(&mut self, bytes: usize) -> Result<(), ConversionError> {
        self.text_bytes += bytes;
        if self.text_bytes > MAX_RESULT_TEXT_BYTES {
            Err(ConversionError::TooMuchText)
        } else {
            Ok(())
        }
    }
}

fn number_from_mini(value: &Mini) -> Result<Number, ConversionError> {
    if value.is_integer() {
        return Ok(Number::from(i128::try_from(value.clone())?));
    }
    let double = f64::try_from(value.clone())?;
    number_from_f64(double).ok_or(ConversionError::NotJson(double))
}
