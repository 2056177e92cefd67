//! The headers of requests to the collector: `OTEL_EXPORTER_OTLP_HEADERS`, `name=value` pairs with
//! commas, values percent-encoded (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/>).
//! They hold keys of the collector, so no message shows a value.

use crate::secret::Secret;
use percent_encoding::percent_decode_str;

/// Names and values of headers.
#[derive(Default)]
pub(crate) struct ExportHeaders(pub(super) Vec<(String, Secret<String>)>);

/// A pair that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` is not a list of `name=value` pairs: pair {number} has {fault}")]
pub(crate) struct InvalidHeaders {
    variable: String,
    /// Counted from 1.
    number: usize,
    fault: &'static str,
}

impl ExportHeaders {
    /// The headers of one variable.
    ///
    /// # Errors
    /// If a pair has no name or no value that a header can have.
    pub(crate) fn parse(variable: &str, text: &str) -> Result<Self, InvalidHeaders> {
        let pairs = (1..).zip(text.split(','));
        let pairs = pairs.filter(|(_, pair)| !pair.trim().is_empty());
        let header = |(number, pair): (usize, &str)| {
            parse_pair(pair).map_err(|fault| InvalidHeaders {
                variable: variable.to_owned(),
                number,
                fault,
            })
        };
        Ok(Self(pairs.map(header).collect::<Result<_, _>>()?))
    }
}

fn parse_pair(pair: &str) -> Result<(String, Secret<String>), &'static str> {
    let (name, value) = pair.split_once('=').ok_or("no `=`")?;
    let name = name.trim();
    if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err("a name that is not allowed for a header");
    }
    let value = percent_decode_str(value.trim())
        .decode_utf8()
        .map_err(|_| "a value that is not UTF-8")?;
    if http::HeaderValue::from_str(&value).is_err() {
        return Err("a value that is not allowed in a header");
    }
    Ok((name.to_owned(), Secret::from(value.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
        let headers = ExportHeaders::parse("OTEL_EXPORTER_OTLP_HEADERS", text);
        let headers = headers.map_err(|error| error.to_string())?.0;
        let plain = |(name, value): (String, Secret<String>)| (name, value.expose().clone());
        Ok(headers.into_iter().map(plain).collect())
    }

    #[test]
    fn pairs_stand_between_commas_and_values_are_decoded() {
        assert_eq!(pairs("").unwrap(), []);
        assert_eq!(
            pairs("api-key=a%20b%3D%2C, x-scope = 7=8 ,").unwrap(),
            [
                ("api-key".to_owned(), "a b=,".to_owned()),
                ("x-scope".to_owned(), "7=8".to_owned())
            ]
        );
    }

    #[test]
    fn a_fault_is_named_by_its_number_and_without_the_value() {
        let start = "`OTEL_EXPORTER_OTLP_HEADERS` is not a list of `name=value` pairs: pair";
        for (text, fault) in [
            ("a=1,secret-value", "2 has no `=`"),
            (
                "=secret-value",
                "1 has a name that is not allowed for a header",
            ),
            (
                "a b=secret-value",
                "1 has a name that is not allowed for a header",
            ),
            ("a=%ff", "1 has a value that is not UTF-8"),
            (
                "a=%0Asecret-value",
                "1 has a value that is not allowed in a header",
            ),
        ] {
            assert_eq!(pairs(text), Err(format!("{start} {fault}")), "{text}");
        }
    }
}
