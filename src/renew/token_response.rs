//! Reads a pair of tokens from the raw response of a marketplace.

use crate::calendar::{Zone, read_moment};
use crate::check::ResponseView;
use crate::model::scheme::{SavedFrom, Scheme, Token, TokenRequest};
use crate::secret::{Secret, exposed_for_sealing};
use crate::tokens::{PendingSplit, TokenPair};
use crate::value::{Number, Value};
use crate::wire::WireResponse;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A number of seconds above this is a point in time: 31 years of life are none.
const MIN_UNIX_SECONDS: i64 = 1_000_000_000;
/// A point in time above this is in milliseconds.
const MIN_UNIX_MILLIS: i64 = 1_000_000_000_000;
/// The names under which `save` keeps when tokens end; everything else that it saves is a part of
/// the pair.
const EXPIRY_NAMES: [&str; 4] = [
    "expires_in",
    "expires_at",
    "refresh_expires_in",
    "refresh_expires_at",
];

/// A response as it is stored in the inbox before it is interpreted.
#[derive(Serialize, Deserialize)]
pub(super) struct RawResponse {
    /// The generation of the record before this response.
    pub(super) generation: u64,
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    /// In Base64. In the clear only inside of the sealed inbox.
    #[serde(with = "exposed_for_sealing")]
    body: Secret<String>,
    /// Unix milliseconds by the store's clock.
    pub(super) received_ms: i64,
    /// The request that it responds to.
    #[serde(alias = "asked")]
    pub(super) request_kind: TokenRequestKind,
    pub(super) split_from: Option<String>,
}

/// Why a stored response cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InboxError {
    #[error("it is not a response that ingam stored (byte {column})")]
    Invalid { column: usize },
    #[error("its body is not Base64")]
    Body,
}

/// The requests that can bring a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TokenRequestKind {
    Issue,
    Refresh,
    /// For the code of an authorization, with a grant of its own.
    Exchange,
    /// For the code of a device whose login a person has confirmed, with a grant of its own.
    Device,
    /// A refresh with a shared token, which begins a chain.
    Split,
}

impl TokenRequestKind {
    #[must_use]
    pub(super) fn request(self, token: &Token) -> Option<&TokenRequest> {
        match self {
            Self::Issue => token.issue.as_ref(),
            Self::Refresh | Self::Split => token.refresh.as_ref(),
            Self::Exchange => token.exchange.as_ref(),
            Self::Device => token.device.as_ref().map(|device| &device.exchange),
        }
    }

    /// Whether a person has authorized it: its refusal says nothing about the tokens that are there.
    #[must_use]
    pub(super) fn is_authorization(self) -> bool {
        matches!(self, Self::Exchange | Self::Device)
    }

    /// Whether it begins a chain: nothing of an older pair goes on.
    #[must_use]
    pub(super) fn starts_family(self) -> bool {
        matches!(self, Self::Exchange | Self::Device | Self::Split)
    }
}

impl RawResponse {
    #[must_use]
    pub(super) fn new(
        response: &WireResponse,
        generation: u64,
        received_ms: i64,
        asked: TokenRequestKind,
        split_from: Option<String>,
    ) -> Self {
        let (status, headers) = (response.status, response.headers.clone());
        Self {
            generation,
            status,
            headers,
            body: Secret::new(BASE64_STANDARD.encode(response.body())),
            received_ms,
            request_kind: asked,
            split_from,
        }
    }

    /// Reads the text of an inbox.
    ///
    /// # Errors
    /// When it is not a whole response. It must not be taken for a refusal, or for an inbox of
    /// another generation: both would delete what may be the only copy of the tokens.
    pub(super) fn parse(text: &str) -> Result<Self, InboxError> {
        // The parser's message can quote a token, so only the place is kept.
        let raw: Self = serde_json::from_str(text).map_err(|error| InboxError::Invalid {
            column: error.column(),
        })?;
        raw.response()?;
        Ok(raw)
    }

    /// # Errors
    /// When the body is not Base64.
    pub(super) fn response(&self) -> Result<WireResponse, InboxError> {
        let body = BASE64_STANDARD
            .decode(self.body.expose())
            .map_err(|_| InboxError::Body)?;
        Ok(WireResponse::new(
            self.status,
            self.headers.clone(),
            body.into(),
            Duration::ZERO,
        ))
    }
}

/// The pair in an answer; `None` where it has no access token. What an answer does not bring again
/// stays as it was: a refresh token that does not rotate, and the end of the grant.
#[must_use]
pub(super) fn token_pair(
    answer: &ResponseView<'_>,
    response: &WireResponse,
    raw: &RawResponse,
    (scheme, token): (&Scheme, &Token),
    request: &TokenRequest,
    before: Option<&TokenPair>,
) -> Option<TokenPair> {
    let saved = saved_values(answer, response, request);
    let find = |name: &str| {
        saved
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    find("access_token")
        .and_then(|value| value.as_str())
        .filter(|text| !text.is_empty())?;
    let number = |name: &str| find(name).and_then(parse_seconds);
    let end = |prefix: &str, life: Option<Duration>| {
        let at = find(&format!("{prefix}expires_at"))
            .and_then(|value| token_moment(value, scheme.clock.zone));
        let within = number(&format!("{prefix}expires_in")).map(|left| {
            if left > MIN_UNIX_SECONDS {
                to_unix_ms(left)
            } else {
                raw.ms_after_receipt(left * 1_000)
            }
        });
        at.or(within)
            .or_else(|| life.map(|life| raw.ms_after_receipt(ms(life))))
    };
    let mut pair = TokenPair {
        values: saved
            .iter()
            .filter(|(name, _)| !EXPIRY_NAMES.contains(name))
            .map(|(name, value)| ((*name).to_owned(), Secret::new(value.to_text())))
            .collect(),
        received_ms: raw.received_ms,
        access_expires_ms: end("", token.lifetime.access),
        refresh_expires_ms: end("refresh_", token.lifetime.refresh),
        grant_expires_ms: token
            .lifetime
            .grant
            .filter(|_| raw.request_kind.starts_family())
            .map(|life| raw.ms_after_receipt(ms(life))),
    };
    if let Some(before) = before.filter(|_| !raw.request_kind.starts_family()) {
        carry_over(&mut pair, before, token.lifetime.is_refresh_single_use);
    }
    Some(pair)
}

fn carry_over(pair: &mut TokenPair, before: &TokenPair, works_once: bool) {
    pair.grant_expires_ms = pair.grant_expires_ms.or(before.grant_expires_ms);
    // A single-use refresh token is spent by the request, even if the response brings no new one.
    // To keep it would present it a second time, which can revoke the whole family (RFC 9700 4.14).
    if let (None, Some(token), false) = (
        pair.get("refresh_token"),
        before.get("refresh_token"),
        works_once,
    ) {
        pair.values
            .push(("refresh_token".to_owned(), token.clone()));
        pair.refresh_expires_ms = before.refresh_expires_ms;
    }
}

/// The owners that an answer names for a shared pair.
#[must_use]
pub(super) fn pending_splits(answer: &ResponseView<'_>, token: &Token) -> Vec<PendingSplit> {
    let mut pending = Vec::new();
    for split in &token.splits {
        // Ids that cannot be read must not cost the tokens of this response, which are stored next.
        // An account without its split is asked to log in when it is used.
        let Some(found) = answer
            .json()
            .ok()
            .and_then(|json| split.ids.find_every(json).ok())
        else {
            continue;
        };
        pending.extend(found.into_iter().map(|id| PendingSplit {
            token: split.token.clone(),
            credential: split.credential.clone(),
            id: id.to_text(),
        }));
    }
    pending
}

impl RawResponse {
    fn ms_after_receipt(&self, ms: i64) -> i64 {
        self.received_ms.saturating_add(ms)
    }
}

/// What `save` finds in an answer, whatever the answer means.
///
/// Of members with one name, and of cookies with one name, the last is taken: to refuse the response
/// would lose a token that no other response brings again.
pub(super) fn saved_values<'v>(
    answer: &ResponseView<'_>,
    response: &WireResponse,
    request: &'v TokenRequest,
) -> Vec<(&'v str, Value)> {
    let found = request.saved_fields.iter().filter_map(|(name, saved)| {
        let value = saved_value(answer, response, saved)?;
        (!value.is_null()).then_some((name.as_str(), value))
    });
    found.collect()
}

fn saved_value(
    answer: &ResponseView<'_>,
    response: &WireResponse,
    saved: &SavedFrom,
) -> Option<Value> {
    let text = |value: &str| Value::from(value);
    match saved {
        SavedFrom::Json(path) => {
            let found = path.find_every(answer.json().ok()?).ok()?.pop()?;
            Some(found.to_value())
        }
        SavedFrom::Xml(path) => answer.last_xml_text(path).map(Value::from),
        SavedFrom::Header(header) => response.header(header).map(text),
        SavedFrom::Cookie(cookie) => {
            let cookies = response.all_cookies();
            let named = cookies.filter(|(name, _)| name == cookie);
            named.last().map(|(_, value)| text(value))
        }
    }
}

/// A moment in Unix milliseconds: a Unix time, or text by ISO 8601. Text without a zone is in that of
/// the scheme's clock.
pub(crate) fn token_moment(value: &Value, zone: i32) -> Option<i64> {
    if let Some(seconds) = parse_seconds(value) {
        return Some(to_unix_ms(seconds));
    }
    let zone = Zone::of_offset(zone)?;
    let time = read_moment(value).ok()?.in_zone(Some(&zone)).ok()?;
    Some(time.as_millisecond())
}

/// Some marketplaces write numbers as text.
pub(super) fn parse_seconds(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => Number::parse(text.trim())?.as_i64(),
        _ => None,
    }
    .filter(|seconds| *seconds >= 0 && *seconds < i64::MAX / 1_000)
}

fn to_unix_ms(seconds: i64) -> i64 {
    if seconds > MIN_UNIX_MILLIS {
        seconds
    } else {
        seconds.saturating_mul(1_000)
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_inbox_is_an_error_and_never_a_response() {
        let response = WireResponse::new(200, Vec::new(), b"{}".to_vec().into(), Duration::ZERO);
        let raw = RawResponse::new(&response, 3, 5, TokenRequestKind::Refresh, None);
        let text = serde_json::to_string(&raw).unwrap();
        let read = RawResponse::parse(&text).unwrap();
        assert_eq!(read.response().unwrap().body().as_ref(), b"{}");
        assert_eq!(
            RawResponse::parse(&text.replace("e30=", "e30!")).err(),
            Some(InboxError::Body)
        );
        assert!(matches!(
            RawResponse::parse(&text[..text.len() - 1]).err(),
            Some(InboxError::Invalid { .. })
        ));
    }

    #[test]
    fn a_large_number_of_seconds_is_a_point_in_time() {
        assert_eq!(parse_seconds(&Value::from("14400")), Some(14_400));
        assert_eq!(to_unix_ms(1_767_001_812), 1_767_001_812_000);
        assert_eq!(to_unix_ms(1_767_001_812_000), 1_767_001_812_000);
        assert_eq!(parse_seconds(&Value::from(-1_i64)), None);
    }

    #[test]
    fn a_moment_may_be_iso_text_in_the_zone_of_the_scheme() {
        let seoul = 9 * 3_600;
        for (written, expected) in [
            ("2026-01-01T09:00:00+09:00", Some(1_767_225_600_000)),
            ("2026-01-01T00:00:00Z", Some(1_767_225_600_000)),
            ("2026-01-01T09:00:00.000", Some(1_767_225_600_000)),
            ("2026-01-01 09:00:00", Some(1_767_225_600_000)),
            ("1767225600", Some(1_767_225_600_000)),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(
                token_moment(&Value::from(written), seoul),
                expected,
                "{written}"
            );
        }
    }
}
