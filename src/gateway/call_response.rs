//! What the client gets: the response of the marketplace, or an error of the gateway.

use super::call_error::{CallError, ERROR_HEADER};
use super::call_record::CallRecord;
use super::client_request::OWN_PREFIX;
use crate::inbound::end_to_end;
use crate::run::PassedResponse;
use crate::transport::{OpenBody, TransportError};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::header::{
    CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use std::convert::Infallible;

/// Of the headers that begin with the gateway's prefix, a marketplace of the sandbox may send this
/// one.
const SAMPLE_HEADER: &str = "x-ingam-sample";

pub(super) type GatewayBody = UnsyncBoxBody<Bytes, TransportError>;
pub(super) type GatewayResponse = http::Response<GatewayBody>;

/// The response of the marketplace, with headers of the gateway. A body that is still on its way is
/// read as fast as the client takes it.
pub(super) fn passed_response(passed: PassedResponse, record: &CallRecord) -> GatewayResponse {
    let PassedResponse {
        status,
        headers,
        held,
        rest,
    } = passed;
    let body = match rest {
        None => Full::new(held)
            .map_err(|never: Infallible| match never {})
            .boxed_unsync(),
        Some(rest) => streamed_body(held, rest),
    };
    let mut response = http::Response::new(body);
    // A client of HTTP has read it from a response. The default of the type would be 200.
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    // A marketplace must not speak for the gateway.
    let is_kept =
        |name: &HeaderName| !name.as_str().starts_with(OWN_PREFIX) || name == SAMPLE_HEADER;
    for (name, value) in end_to_end(&headers)
        .iter()
        .filter(|(name, _)| is_kept(name))
    {
        response.headers_mut().append(name.clone(), value.clone());
    }
    add_own_headers(&mut response, record);
    response
}

fn streamed_body(held: Bytes, rest: OpenBody) -> GatewayBody {
    let first = stream::once(async move { Ok(Frame::data(held)) });
    let rest = stream::unfold(Some(rest), |rest| async move {
        let mut rest = rest?;
        match rest.chunk().await {
            Ok(Some(chunk)) => Some((Ok(Frame::data(chunk)), Some(rest))),
            Ok(None) => None,
            // The connection to the client breaks, as that to the marketplace has: the client must
            // not take a part of the body for all of it.
            Err(error) => Some((Err(error), None)),
        }
    });
    StreamBody::new(first.chain(rest)).boxed_unsync()
}

fn add_own_headers(response: &mut GatewayResponse, record: &CallRecord) {
    let account = record.account.as_deref();
    let mut add = |name: &'static str, value: &str| {
        // A name that no header can hold is left out: it is for people.
        if let Ok(value) = HeaderValue::from_str(value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    };
    if let Some(account) = account {
        add("x-ingam-account", account);
    }
    add("x-ingam-attempts", &record.attempts.to_string());
    if let Some(left) = record.budget_left {
        add("x-ingam-budget-left", &left.to_string());
    }
}

pub(super) fn error_response(
    error: &CallError,
    reason: &str,
    hints: &[String],
    record: &CallRecord,
) -> GatewayResponse {
    let mut response = json_response(error, reason, hints);
    if record.scheme.is_some() {
        add_own_headers(&mut response, record);
    }
    // The rest of such a body is not read.
    if matches!(
        error,
        CallError::BodyTooLarge { .. } | CallError::BodyTimeout { .. } | CallError::BrokenBody
    ) {
        close(&mut response);
    }
    response
}

fn json_response(error: &CallError, reason: &str, hints: &[String]) -> GatewayResponse {
    let document = serde_json::json!({
        "error": { "code": error.code(), "message": reason, "help": hints }
    });
    let body = Full::new(Bytes::from(format!("{document}\n")))
        .map_err(|never: Infallible| match never {})
        .boxed_unsync();
    let mut response = http::Response::new(body);
    // Each status of an error is one of HTTP. The default of the type would be 200.
    *response.status_mut() = http::StatusCode::from_u16(error.status())
        .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        HeaderName::from_static(ERROR_HEADER),
        HeaderValue::from_static(error.code()),
    );
    if error.status() == 401 {
        // RFC 9110, section 11.6.1: many clients send the user of a URL only after this.
        headers.insert(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"ingam gateway\""),
        );
    }
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn close(response: &mut GatewayResponse) {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
}

/// For a call that came too late.
pub(super) fn ending_response() -> GatewayResponse {
    let error = CallError::Ending;
    let mut response = json_response(&error, &error.to_string(), &error.hints());
    close(&mut response);
    response
}
