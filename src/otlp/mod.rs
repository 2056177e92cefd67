//! The trace of a run for OpenTelemetry: a span for the run, for each unit and for each request,
//! sent to a collector by OTLP over HTTP, in JSON:
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>. It makes spans of events, which hold no
//! secrets, and never changes what a run sends or how it ends.

mod attribute;
mod collector;
mod export_headers;
mod span;
mod trace_context;
mod trace_recorder;

pub(crate) use collector::{Collector, ExportError};
pub(crate) use export_headers::ExportHeaders;
pub(crate) use span::TraceResource;
pub(crate) use trace_context::TraceContext;
pub(crate) use trace_recorder::{RunOutcome, TraceRecorder};
