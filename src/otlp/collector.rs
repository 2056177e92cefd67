//! Sends spans to a collector, in batches. The run is over then: whatever goes wrong here is a
//! warning.

use super::export_headers::ExportHeaders;
use super::span::{TraceResource, TraceSpan};
use crate::transport::{JsonPost, LiveTransport, NetworkPolicy, TransportError};
use crate::wire::{BaseUrl, BaseUrlError};
use bytes::Bytes;
use serde::Deserialize;
use std::time::Duration;

/// For all batches together. The default of the exporters of OpenTelemetry is as long, for one.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// As many spans as the exporters of OpenTelemetry send at once.
const BATCH_SIZE: usize = 512;

/// Where OTLP receivers listen for traces.
const TRACES_PATH: &str = "/v1/traces";

/// Why an address cannot be that of a collector. The address itself is not repeated: what people
/// write there by mistake is a password or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CollectorAddressError {
    #[error("it is not an `http` or `https` URL")]
    NotAUrl,
    #[error("it contains a user")]
    UserInfo,
    #[error("it has a query or a fragment")]
    QueryOrFragment,
}

impl From<BaseUrlError> for CollectorAddressError {
    fn from(error: BaseUrlError) -> Self {
        match error {
            BaseUrlError::UserInfo(_) => Self::UserInfo,
            BaseUrlError::QueryOrFragment(_) => Self::QueryOrFragment,
            BaseUrlError::NotAUrl { .. }
            | BaseUrlError::Protocol(_)
            | BaseUrlError::Rewritten { .. } => Self::NotAUrl,
        }
    }
}

/// Why a collector did not take the spans of a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error("{host} refused it with status {status}")]
    Refused { host: String, status: u16 },
    #[error("{host} did not accept {rejected} of the spans")]
    Partial { host: String, rejected: i64 },
    #[error("no response within {} s", EXPORT_TIMEOUT.as_secs())]
    Timeout,
}

/// A receiver of OTLP over HTTP.
pub(crate) struct Collector {
    address: BaseUrl,
    headers: ExportHeaders,
}

/// The part of a response that says what was not taken.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExportResponse {
    partial_success: Option<PartialSuccess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialSuccess {
    /// The JSON of Protocol Buffers writes 64 bits as text, and readers accept numbers.
    rejected_spans: Option<serde_json::Value>,
}

impl Collector {
    /// `http://localhost:4318`, or with a path, which is then used as it is.
    ///
    /// # Errors
    /// If it is no `http` or `https` address, or names a user or a query.
    pub(crate) fn new(
        address: &str,
        headers: ExportHeaders,
    ) -> Result<Self, CollectorAddressError> {
        let mut base = BaseUrl::parse(address)?;
        if base.path().is_empty() {
            base = BaseUrl::parse(&format!("{base}{TRACES_PATH}"))?;
        }
        Ok(Self {
            address: base,
            headers,
        })
    }

    /// Where it is, for people: a path can hold a key.
    pub(crate) fn origin(&self) -> &str {
        self.address.origin()
    }

    /// # Errors
    /// If the collector cannot be reached in time, or refuses spans. Earlier batches are there then.
    pub(crate) async fn export(
        &self,
        resource: &TraceResource,
        spans: &[TraceSpan],
    ) -> Result<(), ExportError> {
        match tokio::time::timeout(EXPORT_TIMEOUT, self.send_all(resource, spans)).await {
            Ok(result) => result,
            Err(_) => Err(ExportError::Timeout),
        }
    }

    async fn send_all(
        &self,
        resource: &TraceResource,
        spans: &[TraceSpan],
    ) -> Result<(), ExportError> {
        let transport = LiveTransport::new(if self.address.is_loopback() {
            NetworkPolicy::LoopbackOnly
        } else {
            NetworkPolicy::Anywhere
        });
        for batch in spans.chunks(BATCH_SIZE) {
            let post = JsonPost {
                address: &self.address,
                headers: &self.headers.0,
                body: resource.batch(batch).to_string().into(),
            };
            let (status, body) = transport.post_json(post).await?;
            self.check_response(status, &body)?;
        }
        Ok(())
    }

    fn check_response(&self, status: u16, body: &Bytes) -> Result<(), ExportError> {
        let host = || self.address.authority().to_owned();
        if !(200..300).contains(&status) {
            return Err(ExportError::Refused {
                host: host(),
                status,
            });
        }
        match rejected_spans(body) {
            0 => Ok(()),
            rejected => Err(ExportError::Partial {
                host: host(),
                rejected,
            }),
        }
    }
}

/// A body that is none of the protocol rejects nothing: the status has said that all is well.
fn rejected_spans(body: &Bytes) -> i64 {
    let response = serde_json::from_slice::<ExportResponse>(body).ok();
    let rejected = response
        .and_then(|response| response.partial_success)
        .and_then(|partial| partial.rejected_spans);
    match rejected {
        Some(serde_json::Value::Number(number)) => number.as_i64().unwrap_or_default(),
        Some(serde_json::Value::String(text)) => text.parse().unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<String, CollectorAddressError> {
        let collector = Collector::new(text, ExportHeaders::default())?;
        Ok(collector.address.to_string())
    }

    #[test]
    fn an_address_without_a_path_gets_the_one_of_the_protocol() {
        for (text, expected) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
            (
                "https://otlp.example/v1/traces",
                "https://otlp.example/v1/traces",
            ),
            (
                "https://otlp.example/team/otlp",
                "https://otlp.example/team/otlp",
            ),
        ] {
            assert_eq!(address(text).unwrap(), expected);
        }
        for wrong in [
            "localhost:4318",
            "http://u:p@host",
            "http://host/?key=1",
            "",
        ] {
            let error = address(wrong).unwrap_err().to_string();
            assert!(!error.contains("u:p") && !error.contains("key"), "{error}");
        }
    }

    #[test]
    fn a_partial_success_says_how_many_were_rejected() {
        let rejected = |body: &'static str| rejected_spans(&Bytes::from(body));
        assert_eq!(rejected("{}"), 0);
        assert_eq!(rejected("ok"), 0);
        assert_eq!(rejected(r#"{"partialSuccess":{}}"#), 0);
        assert_eq!(rejected(r#"{"partialSuccess":{"rejectedSpans":"3"}}"#), 3);
        assert_eq!(rejected(r#"{"partialSuccess":{"rejectedSpans":3}}"#), 3);
    }
}
