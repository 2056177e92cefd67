//! A response as it was received; a compressed body is decompressed.

use super::body_bytes::BodyBytes;
use super::body_charset::{BodyCharset, CharsetError, decode_body, encode_body};
use crate::body_stream::StreamedBody;
use crate::value::{JsonDocument, JsonError, JsonRef};
use bytes::Bytes;
use std::sync::OnceLock;
use std::time::Duration;

/// A complete response.
#[derive(Clone, Debug)]
pub struct WireResponse {
    pub status: u16,
    /// Names in lower case, in the order received. A repeated header is listed each time.
    pub headers: Vec<(String, String)>,
    /// Of a body that was received into a file, its beginning.
    body: Bytes,
    streamed: Option<StreamedBody>,
    /// Until the last byte was received, including the time to connect.
    pub latency: Duration,
    /// When it was made, in Unix milliseconds: when it was received, or recorded; `None` where
    /// nobody looks at it.
    pub made_at_ms: Option<i64>,
    /// The body as UTF-8, decoded at most once.
    decoded: OnceLock<Result<Bytes, CharsetError>>,
    /// The body as JSON, indexed at most once.
    json: OnceLock<Result<JsonDocument, JsonError>>,
}

impl WireResponse {
    #[must_use]
    pub fn new(
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
        latency: Duration,
    ) -> Self {
        Self {
            status,
            headers,
            body,
            streamed: None,
            latency,
            made_at_ms: None,
            decoded: OnceLock::new(),
            json: OnceLock::new(),
        }
    }

    /// One whose body was received into a file.
    #[must_use]
    pub(crate) fn streamed(
        status: u16,
        headers: Vec<(String, String)>,
        body: &StreamedBody,
        latency: Duration,
    ) -> Self {
        Self {
            streamed: Some(body.clone()),
            ..Self::new(status, headers, body.head().clone(), latency)
        }
    }

    /// The body. Of one that was received into a file, the beginning: a step whose body is looked
    /// at is never received so.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, if it was received into a file.
    #[must_use]
    pub(crate) fn streamed_body(&self) -> Option<&StreamedBody> {
        self.streamed.as_ref()
    }

    /// The whole body as it was received, wherever it is.
    #[must_use]
    pub(crate) fn bytes(&self) -> BodyBytes<'_> {
        match &self.streamed {
            Some(body) => BodyBytes::Streamed(body),
            None => BodyBytes::Held(&self.body),
        }
    }

    /// The same response with another text for its body, written in the encoding that the response
    /// names.
    #[must_use]
    pub(crate) fn with_text(self, text: String) -> Self {
        Self {
            body: encode_body(self.content_type(), text.clone()),
            decoded: OnceLock::from(Ok(text.into())),
            // The JSON of the old body may have been parsed already.
            json: OnceLock::new(),
            streamed: None,
            ..self
        }
    }

    /// The body as UTF-8, without a byte order mark. What is written in UTF-8 already is not
    /// examined here.
    ///
    /// # Errors
    /// When the body does not fit the encoding that the response names.
    pub(crate) fn decoded_body(&self) -> Result<&Bytes, &CharsetError> {
        let decoded = self
            .decoded
            .get_or_init(|| decode_body(self.content_type(), &self.body));
        decoded.as_ref()
    }

    /// The body as text.
    ///
    /// # Errors
    /// When the body does not fit the encoding that the response names, or is not UTF-8.
    pub(crate) fn text(&self) -> Result<&str, CharsetError> {
        let decoded = self.decoded_body().map_err(CharsetError::clone)?;
        std::str::from_utf8(decoded).map_err(|error| {
            BodyCharset::of(self.content_type(), &self.body).malformed(error.valid_up_to())
        })
    }

    /// The body as text that gives the same bytes when it is written in its encoding again; `None`
    /// where only the bytes themselves can be kept.
    #[must_use]
    pub(crate) fn reversible_text(&self) -> Option<&str> {
        if BodyCharset::of(self.content_type(), &self.body).is_utf_8() {
            // With its byte order mark.
            return std::str::from_utf8(&self.body).ok();
        }
        let text = self.text().ok()?;
        let encoded = encode_body(self.content_type(), text.to_owned());
        (encoded == self.body).then_some(text)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON, or does not fit the encoding that the response names.
    pub(crate) fn json(&self) -> Result<JsonRef<'_>, &JsonError> {
        Ok(self.json_document()?.root().into())
    }

    /// The body as JSON with its index.
    ///
    /// # Errors
    /// As [`Self::json`].
    pub(crate) fn json_document(&self) -> Result<&JsonDocument, &JsonError> {
        let document = self.json.get_or_init(|| match self.decoded_body() {
            Ok(text) => JsonDocument::parse(text),
            Err(error) => Err(JsonError {
                reason: error.reason.clone(),
                offset: error.offset,
            }),
        });
        document.as_ref()
    }

    #[must_use]
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// The first header of that name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The cookies that it sets (RFC 6265, section 4.1.1): names and values.
    pub(crate) fn all_cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        set.filter_map(|(_, cookie)| {
            let pair = cookie.split(';').next().unwrap_or(cookie);
            let (name, value) = pair.split_once('=')?;
            Some((name.trim(), value.trim()))
        })
    }

    /// The values of a cookie; it can be set for several paths.
    pub(crate) fn cookies<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r str> {
        let cookies = self.all_cookies();
        cookies.filter_map(move |(known, value)| (known == name).then_some(value))
    }

    /// When the response was made by the marketplace's own clock, in Unix milliseconds (RFC 9110,
    /// section 6.6.1).
    #[must_use]
    pub fn date_ms(&self) -> Option<i64> {
        self.header("date").and_then(http_date)
    }

    /// How many milliseconds `Retry-After` asks to wait (RFC 9110, section 10.2.3). It holds
    /// seconds, or a date, which counts from the `date` of the response, or from `wall_ms` without
    /// one. Any other value is ignored.
    #[must_use]
    pub fn retry_after_ms(&self, wall_ms: i64) -> Option<i64> {
        let text = self.header("retry-after")?.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(
                // Too many digits for a number still mean "not for a long time", and never "now".
                text.parse::<i64>()
                    .map_or(i64::MAX, |seconds| seconds.saturating_mul(1_000)),
            );
        }
        // The difference of two times of the same clock does not depend on how wrong it is.
        let from = self.date_ms().unwrap_or(wall_ms);
        Some(http_date(text)?.saturating_sub(from).max(0))
    }
}

/// A date in Unix milliseconds, in the preferred form or one of the two obsolete forms that a
/// recipient must accept (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<i64> {
    if let Ok(date) = jiff::fmt::rfc2822::parse(text) {
        return Some(date.timestamp().as_millisecond());
    }
    let old = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let date = old
        .iter()
        .find_map(|format| jiff::civil::DateTime::strptime(format, text).ok())?;
    Some(
        date.to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 784_111_777_000;

    #[test]
    fn a_wait_is_seconds_or_a_date_in_any_of_three_forms() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(http_date(date), Some(NOW));
        assert_eq!(http_date("Sunday, 06-Nov-94 08:49:37 GMT"), Some(NOW));
        assert_eq!(http_date("Sun Nov  6 08:49:37 1994"), Some(NOW));
        let wait = |text: &str, date: Option<&str>, wall_ms| {
            let headers = [("retry-after", Some(text)), ("date", date)];
            let headers = headers
                .iter()
                .filter_map(|(name, value)| Some(((*name).to_owned(), (*value)?.to_owned())));
            WireResponse::new(503, headers.collect(), Bytes::new(), Duration::ZERO)
                .retry_after_ms(wall_ms)
        };
        assert_eq!(wait("120", None, 0), Some(120_000));
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:50:37 GMT", Some(date), 5),
            Some(60_000),
            "by the response's own clock"
        );
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:50:37 GMT", None, NOW - 1_000),
            Some(61_000)
        );
        assert_eq!(wait(date, None, NOW + 5_000), Some(0), "it is over");
        assert_eq!(wait("99999999999999999999999", None, 0), Some(i64::MAX));
        for nonsense in ["", "soon", "-5", "1.5", "12 s"] {
            assert_eq!(wait(nonsense, None, NOW), None, "{nonsense}");
        }
    }
}
