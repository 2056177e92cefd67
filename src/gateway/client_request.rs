//! A request of a client as the scheme signs it: without what belongs to the connection or to the
//! gateway, and without what the scheme itself adds. Everything else is sent as it was written.

use super::call_error::CallError;
use super::call_target::CallTarget;
use crate::inbound::end_to_end;
use crate::method::Method;
use crate::model::scheme::{RequestPart, SigningProcedure};
use crate::sign::parse_body;
use crate::value::Value;
use crate::wire::{Draft, DraftBody, parse_form};
use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};

/// What the headers of the gateway begin with.
pub(super) const OWN_PREFIX: &str = "x-ingam-";

/// Headers that ingam writes itself: the host is the marketplace's, and a body is packed only as
/// ingam unpacks it.
const WRITTEN_BY_INGAM: [&str; 3] = ["host", "content-length", "accept-encoding"];

/// A request, ready to be signed.
pub(super) struct ClientRequest {
    pub(super) draft: Draft,
    /// The bytes of its body.
    pub(super) body: Bytes,
}

/// What the scheme adds to every request of a level.
struct AddedFields<'p>(&'p SigningProcedure);

impl AddedFields<'_> {
    fn has(&self, part: RequestPart, name: &str) -> bool {
        let SigningProcedure {
            prepare, attach, ..
        } = self.0;
        let mut fields = prepare.fields().chain(attach.fields());
        fields.any(|(added, field)| {
            added == part
                && match part {
                    RequestPart::Header => field.name.eq_ignore_ascii_case(name),
                    _ => field.name == name,
                }
        })
    }
}

impl ClientRequest {
    /// `holds_key`: whether a value of `Authorization` holds the key of the gateway.
    ///
    /// # Errors
    /// When a header is not UTF-8: with replacement characters two values would be one, and a
    /// header can be signed.
    pub(super) fn new(
        method: Method,
        target: &CallTarget,
        (headers, holds_key): (&HeaderMap, &dyn Fn(&HeaderValue) -> bool),
        body: Bytes,
        procedure: &SigningProcedure,
    ) -> Result<Self, CallError> {
        let added = AddedFields(procedure);
        let headers = kept_headers(headers, holds_key, &added)?;
        // What cannot be read as its type says is sent as bytes, and the marketplace judges it.
        let parsed = parse_body(&headers, &body).unwrap_or_else(|_| DraftBody::Bytes(body.clone()));
        let (parsed, body) = without_added_fields(parsed, body, &added);
        let draft = Draft {
            external: None,
            method,
            path: target.path.clone(),
            raw_query: without_pairs(&target.query, RequestPart::Query, &added),
            query: Vec::new(),
            headers,
            body: parsed,
        };
        Ok(Self { draft, body })
    }
}

fn kept_headers(
    headers: &HeaderMap,
    holds_key: &dyn Fn(&HeaderValue) -> bool,
    added: &AddedFields<'_>,
) -> Result<Vec<(String, String)>, CallError> {
    let is_dropped = |name: &str| {
        name.starts_with(OWN_PREFIX)
            || WRITTEN_BY_INGAM.contains(&name)
            // A scheme that sets the type of a body does so where there is one; elsewhere it is the
            // client's.
            || (name != "content-type" && added.has(RequestPart::Header, name))
    };
    let kept = end_to_end(headers);
    let is_key = |name: &str, value: &HeaderValue| name == "authorization" && holds_key(value);
    let kept = kept.iter().filter(|(name, value)| {
        let name = name.as_str();
        !is_dropped(name) && !is_key(name, value)
    });
    kept.map(|(name, value)| {
        let text = std::str::from_utf8(value.as_bytes())
            .map_err(|_| CallError::HeaderText(name.as_str().to_owned()))?;
        Ok((name.as_str().to_owned(), text.to_owned()))
    })
    .collect()
}

/// The pairs of a query or a form that the scheme does not add, as they were spelled.
fn without_pairs(text: &str, part: RequestPart, added: &AddedFields<'_>) -> String {
    let is_kept = |pair: &&str| {
        let pairs = parse_form(pair);
        !pairs.iter().any(|(name, _)| added.has(part, name))
    };
    let kept: Vec<&str> = text.split('&').filter(is_kept).collect();
    kept.join("&")
}

fn without_added_fields(
    parsed: DraftBody,
    body: Bytes,
    added: &AddedFields<'_>,
) -> (DraftBody, Bytes) {
    match parsed {
        DraftBody::Form(pairs)
            if pairs
                .iter()
                .any(|(name, _)| added.has(RequestPart::Form, name)) =>
        {
            let text = String::from_utf8_lossy(&body);
            let kept = without_pairs(&text, RequestPart::Form, added);
            (DraftBody::Form(parse_form(&kept)), kept.into())
        }
        DraftBody::Json(Value::Object(mut members))
            if members
                .iter()
                .any(|(name, _)| added.has(RequestPart::Json, name)) =>
        {
            members.retain(|(name, _)| !added.has(RequestPart::Json, name));
            let body = DraftBody::Json(Value::Object(members));
            let bytes = body.to_bytes();
            (body, bytes)
        }
        parsed => (parsed, body),
    }
}
