//! Converts values: what APIs send as text becomes a number, JSON, bytes or a moment. It refuses to
//! guess: a text that is not exactly what was asked for is an error.

use crate::calendar::{self, CalendarError};
use crate::jsonpath::{NameStandsTwice, PathMatches};
use crate::model::conversion::{Conversion, ConversionKind, DateReading};
use crate::value::{JsonDocument, JsonError, JsonRef, Number, Value};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use jiff::Timestamp;

/// Why a value cannot be converted. It never holds the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ConversionFault(pub(crate) String);

impl From<CalendarError> for ConversionFault {
    fn from(error: CalendarError) -> Self {
        Self(match error.hint {
            Some(hint) => format!("{}; {hint}", error.reason),
            None => error.reason,
        })
    }
}

/// What conversions made of one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ConvertedValue {
    Value(Value),
    /// A path for one value found nothing inside of a converted value.
    Absent,
    /// A path for many: what it found, in order.
    Many(Vec<ConvertedValue>),
    Moment(Timestamp),
}

/// Applies conversions one after the other.
///
/// # Errors
/// For the first that does not apply, with its name.
pub(crate) fn convert(
    value: Value,
    conversions: &[Conversion],
) -> Result<ConvertedValue, ConversionFault> {
    conversions
        .iter()
        .try_fold(ConvertedValue::Value(value), |value, conversion| {
            convert_once(value, &conversion.kind)
        })
}

fn convert_once(
    value: ConvertedValue,
    kind: &ConversionKind,
) -> Result<ConvertedValue, ConversionFault> {
    match value {
        ConvertedValue::Value(value) => convert_value(&value, kind)
            .map_err(|error| ConversionFault(format!("`as: {kind}`: {error}"))),
        ConvertedValue::Many(values) => values
            .into_iter()
            .map(|value| convert_once(value, kind))
            .collect::<Result<_, _>>()
            .map(ConvertedValue::Many),
        // What is not there stays so; what is a moment is not converted again, which `load` checks.
        other => Ok(other),
    }
}

fn convert_value(value: &Value, kind: &ConversionKind) -> Result<ConvertedValue, ConversionFault> {
    Ok(ConvertedValue::Value(match kind {
        ConversionKind::Number => Value::Number(to_number(value)?),
        ConversionKind::Integer => Value::Number(to_integer(value)?),
        ConversionKind::Text => Value::from(to_text(value)?),
        ConversionKind::Json => parse_json(value)?,
        ConversionKind::Base64 => Value::from(decode_base64(value)?),
        ConversionKind::Base64Url => Value::from(decode_base64_url(value)?),
        ConversionKind::Jwt => decode_jwt(value)?,
        ConversionKind::Date(reading) => {
            return Ok(ConvertedValue::Moment(to_moment(value, reading)?));
        }
        ConversionKind::Path(path) => {
            let found = path
                .find(value)
                .map_err(|error| ConversionFault(error.to_string()))?;
            return Ok(match found {
                PathMatches::One(found) => found.map_or(ConvertedValue::Absent, owned),
                PathMatches::Many(found) => {
                    ConvertedValue::Many(found.into_iter().map(owned).collect())
                }
            });
        }
    }))
}

fn owned(value: JsonRef<'_>) -> ConvertedValue {
    ConvertedValue::Value(value.to_value())
}

fn needs(what: &str, value: &Value) -> ConversionFault {
    ConversionFault(format!(
        "needs {what}, but this is {}",
        value.kind().with_article()
    ))
}

/// A number, or text that is one of JSON between blanks.
///
/// # Errors
/// When it is neither.
pub(crate) fn to_number(value: &Value) -> Result<Number, ConversionFault> {
    match value {
        Value::Number(number) => Ok(number.clone()),
        Value::String(text) => Number::parse(text.trim()).ok_or_else(|| {
            ConversionFault(
                "this text is not a JSON number: `+`, thousands separators and leading zeros are not allowed"
                    .to_owned(),
            )
        }),
        other => Err(needs("a number or text", other)),
    }
}

fn to_integer(value: &Value) -> Result<Number, ConversionFault> {
    let number = to_number(value)?;
    if number.is_integer() {
        Ok(number)
    } else {
        Err(ConversionFault("this number has a fraction".to_owned()))
    }
}

fn to_text(value: &Value) -> Result<String, ConversionFault> {
    value
        .to_plain_text()
        .filter(|_| !value.is_null())
        .ok_or_else(|| needs("a single value", value))
}

/// The JSON that a text is.
///
/// # Errors
/// When it is no text, no JSON, or a name stands twice in an object of it.
pub(crate) fn parse_json(value: &Value) -> Result<Value, ConversionFault> {
    let text = value.as_str().ok_or_else(|| needs("text", value))?;
    json_of_bytes(&Bytes::copy_from_slice(text.as_bytes()))
}

fn json_of_bytes(bytes: &Bytes) -> Result<Value, ConversionFault> {
    let not_json = |error: JsonError| ConversionFault(format!("the text is {error}"));
    let document = JsonDocument::parse(bytes).map_err(not_json)?;
    let root = JsonRef::from(document.root());
    match NameStandsTwice::all_of(root).next() {
        Some(twice) => Err(ConversionFault(format!(
            "`{}` appears twice in the text",
            twice.path
        ))),
        None => Ok(root.to_value()),
    }
}

/// RFC 4648 with its padding or without: both kinds are in use.
const OPTIONAL_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, OPTIONAL_PADDING);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, OPTIONAL_PADDING);

/// The text that another one encodes (RFC 4648, section 4).
///
/// # Errors
/// When it is not so encoded, or its bytes are not text.
pub(crate) fn decode_base64(value: &Value) -> Result<String, ConversionFault> {
    decode_text(value, &BASE64)
}

/// The same in the alphabet for URLs (RFC 4648, section 5).
///
/// # Errors
/// When it is not so encoded, or its bytes are not text.
pub(crate) fn decode_base64_url(value: &Value) -> Result<String, ConversionFault> {
    decode_text(value, &BASE64_URL)
}

fn decode_text(value: &Value, engine: &GeneralPurpose) -> Result<String, ConversionFault> {
    let text = value.as_str().ok_or_else(|| needs("text", value))?;
    let bytes = decode(text.trim(), engine)?;
    String::from_utf8(bytes)
        .map_err(|_| ConversionFault("the decoded bytes are not text in UTF-8".to_owned()))
}

fn decode(text: &str, engine: &GeneralPurpose) -> Result<Vec<u8>, ConversionFault> {
    engine
        .decode(text)
        .map_err(|error| ConversionFault(format!("this text does not have this encoding: {error}")))
}

/// Header and claims of a JWT in the compact form (RFC 7519, section 3). Nothing is verified.
fn decode_jwt(value: &Value) -> Result<Value, ConversionFault> {
    let wrong =
        || ConversionFault("this is not a JWT, which has three parts separated by dots".to_owned());
    let text = value.as_str().ok_or_else(|| needs("text", value))?;
    let parts: Vec<&str> = text.trim().split('.').collect();
    let [header, claims, _signature] = parts[..] else {
        return Err(wrong());
    };
    let part = |name: &str, text: &str| -> Result<Value, ConversionFault> {
        let json = decode(text, &BASE64_URL).and_then(|bytes| json_of_bytes(&bytes.into()));
        let value = json.map_err(|error| ConversionFault(format!("its {name}: {error}")))?;
        // RFC 7519, section 7.2: both are objects.
        if value.as_object().is_some() {
            Ok(value)
        } else {
            Err(ConversionFault(format!("its {name} is not a JSON object")))
        }
    };
    Ok(Value::Object(vec![
        ("header".into(), part("header", header)?),
        ("claims".into(), part("claims", claims)?),
    ]))
}

fn to_moment(value: &Value, reading: &DateReading) -> Result<Timestamp, ConversionFault> {
    let Some(format) = &reading.format else {
        let time = calendar::read_moment(value)?;
        return Ok(time.in_zone(reading.zone.as_ref())?);
    };
    let text = to_text(value)?;
    Ok(calendar::parse_formatted(
        &text,
        format,
        reading.zone.as_ref(),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Zone;
    use crate::jsonpath::JsonPath;
    use crate::span::Span;
    use crate::value::parse;

    fn conversion(kind: ConversionKind) -> Conversion {
        Conversion {
            at: Span::default(),
            kind,
        }
    }

    fn converted(json: &str, kinds: &[ConversionKind]) -> Result<String, String> {
        let conversions: Vec<Conversion> = kinds.iter().cloned().map(conversion).collect();
        let value = parse(json.as_bytes()).unwrap();
        let show = |value: ConvertedValue| match value {
            ConvertedValue::Value(value) => value.to_json(),
            other => format!("{other:?}"),
        };
        convert(value, &conversions)
            .map(show)
            .map_err(|error| error.0)
    }

    fn path(text: &str) -> ConversionKind {
        ConversionKind::Path(JsonPath::parse(text).unwrap())
    }

    /// The token of RFC 7519, section 3.1.
    const JWT: &str = "\"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk\"";

    #[test]
    fn what_is_exactly_so_is_converted() {
        use ConversionKind::{Base64, Base64Url, Integer, Json, Jwt, Number, Text};
        for (json, kinds, expected) in [
            (r#""12.50""#, &[Number][..], "12.50"),
            (r#"" -1e3\n""#, &[Number], "-1e3"),
            ("12.50", &[Number], "12.50"),
            (
                r#""123456789012345678901234567890""#,
                &[Integer],
                "123456789012345678901234567890",
            ),
            ("12.0", &[Integer], "12.0"),
            ("12.50", &[Text], r#""12.50""#),
            ("true", &[Text], r#""true""#),
            (r#""{\"a\":1.10}""#, &[Json], r#"{"a":1.10}"#),
            (r#""{\"a\":[\"x\"]}""#, &[Json, path("$.a[0]")], r#""x""#),
            (r#""aGk=""#, &[Base64], r#""hi""#),
            (r#""aGk""#, &[Base64], r#""hi""#),
            (r#""7ZWc""#, &[Base64Url], r#""한""#),
            (r#""Pz8_""#, &[Base64Url], r#""???""#),
            (JWT, &[Jwt, path("$.header.alg")], r#""HS256""#),
            (JWT, &[Jwt, path("$.claims.exp")], "1300819380"),
            (
                r#""eyJhIjoiNSJ9""#,
                &[Base64, Json, path("$.a"), Number],
                "5",
            ),
        ] {
            assert_eq!(converted(json, kinds).as_deref(), Ok(expected), "{json}");
        }
        assert_eq!(
            converted(r#""{}""#, &[Json, path("$.a"), Number]).as_deref(),
            Ok("Absent")
        );
        let zone = Some(Zone::parse("+09:00").unwrap());
        let date = |format: Option<&str>| {
            ConversionKind::Date(DateReading {
                format: format.map(str::to_owned),
                zone: zone.clone(),
            })
        };
        for (json, kind) in [
            (r#""20261122""#, date(Some("%Y%m%d"))),
            ("20261122", date(Some("%Y%m%d"))),
            (r#""2026-11-22""#, date(None)),
            (r#""2026-11-21T15:00:00Z""#, date(None)),
            ("1795273200", date(None)),
            ("1795273200000", date(None)),
        ] {
            assert_eq!(
                converted(json, &[kind]).as_deref(),
                Ok("Moment(2026-11-21T15:00:00Z)"),
                "{json}"
            );
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        use ConversionKind::{Base64, Base64Url, Integer, Json, Jwt, Number, Text};
        let date = || ConversionKind::Date(DateReading::default());
        for (json, kind) in [
            (r#""+5""#, Number),
            (r#""1,000""#, Number),
            (r#""007""#, Number),
            (r#"".5""#, Number),
            (r#""""#, Number),
            (r#""NaN""#, Number),
            ("true", Number),
            ("null", Number),
            ("[5]", Number),
            ("12.5", Integer),
            (r#""12.5""#, Integer),
            ("null", Text),
            ("[1]", Text),
            ("{}", Text),
            ("5", Json),
            (r#""{""#, Json),
            (r#""""#, Json),
            (r#""{\"a\":1,\"a\":2}""#, Json),
            (r#""a!""#, Base64),
            (r#""Pz8_""#, Base64),
            (r#""//8=""#, Base64),
            (r#""aGk=x""#, Base64),
            (r#""Pz8/""#, Base64Url),
            ("5", Base64),
            (r#""a.b""#, Jwt),
            (r#""a.b.c""#, Jwt),
            (r#""MQ.MQ.c""#, Jwt),
            ("20261122", date()),
            (r#""20261122""#, date()),
            (r#""2026-11-22""#, date()),
            ("null", date()),
        ] {
            assert!(
                converted(json, std::slice::from_ref(&kind)).is_err(),
                "{json} {kind}"
            );
        }
    }
}
