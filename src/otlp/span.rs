//! A span, and a batch of spans as the JSON of OTLP.

use super::attribute::Attribute;
use super::trace_context::{SpanId, TraceContext};
use serde_json::{Value, json};

/// Which side of a call a span shows. The numbers are those of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanKind {
    Internal = 1,
    Client = 3,
}

/// Something that took time. Times are Unix nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TraceSpan {
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) attributes: Vec<Attribute>,
    /// Of a span that failed.
    pub(super) error: Option<String>,
}

/// What all spans of a run have in common.
#[derive(Clone, Debug)]
pub(crate) struct TraceResource {
    pub(crate) context: TraceContext,
    /// `OTEL_SERVICE_NAME`, or the name of the program.
    pub(crate) service: String,
}

impl TraceResource {
    /// The body of one request to the collector.
    #[must_use]
    pub(super) fn batch(&self, spans: &[TraceSpan]) -> Value {
        let version = env!("CARGO_PKG_VERSION");
        let attributes = [
            Attribute::text("service.name", &self.service),
            Attribute::text("service.version", version),
        ];
        let spans: Vec<Value> = spans.iter().map(|span| self.span_json(span)).collect();
        json!({ "resourceSpans": [{
            "resource": { "attributes": attributes_json(&attributes) },
            "scopeSpans": [{
                "scope": { "name": "ingam", "version": version },
                "spans": spans,
            }],
        }] })
    }

    fn span_json(&self, span: &TraceSpan) -> Value {
        let mut json = json!({
            "traceId": self.context.trace.as_str(),
            "spanId": span.id.as_str(),
            "name": span.name,
            "kind": span.kind as u8,
            "startTimeUnixNano": span.start_ns.to_string(),
            "endTimeUnixNano": span.end_ns.to_string(),
            "attributes": attributes_json(&span.attributes),
        });
        if let Some(parent) = &span.parent {
            json["parentSpanId"] = parent.as_str().into();
        }
        if !self.context.state.is_empty() {
            json["traceState"] = self.context.state.as_str().into();
        }
        if let Some(message) = &span.error {
            // 2 is `STATUS_CODE_ERROR`; without a status it is unset, which is no error.
            json["status"] = json!({ "code": 2, "message": message });
        }
        json
    }
}

fn attributes_json(attributes: &[Attribute]) -> Vec<Value> {
    attributes.iter().map(Attribute::to_json).collect()
}
