//! From the events of a run to its spans: the run, below it each unit, and below the unit its
//! requests. Requests of fixtures and undos stand below the run, because several units share them.

use super::attribute::Attribute;
use super::span::{SpanKind, TraceSpan};
use super::trace_context::{SpanId, TraceContext};
use crate::event::{Event, RequestReport, RunSummary, UnitReport, Verdict};
use crate::host::SeededRng;
use std::collections::HashMap;
use std::time::Duration;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct RunOutcome {
    pub(crate) ended_at_ms: i64,
    pub(crate) exit_code: u8,
    /// `success`, `failure`, `aborted` or `skipped`.
    pub(crate) suite_status: &'static str,
    /// What the exit code means, of a run that did not pass.
    pub(crate) error: Option<String>,
}

/// Collects the spans of a run.
pub(crate) struct TraceRecorder {
    rng: SeededRng,
    parent: Option<SpanId>,
    run: SpanId,
    /// By their ids. The requests of a unit can be known before the unit itself.
    units: HashMap<String, SpanId>,
    /// Unix milliseconds; events count from here.
    started_at_ms: i64,
    attributes: Vec<Attribute>,
    spans: Vec<TraceSpan>,
}

impl TraceRecorder {
    /// Before a run, which can end before it begins.
    #[must_use]
    pub(crate) fn new(rng: SeededRng, context: &TraceContext, opened_at_ms: i64) -> Self {
        Self {
            run: SpanId::draw(&rng),
            rng,
            parent: context.parent.clone(),
            units: HashMap::new(),
            started_at_ms: opened_at_ms,
            attributes: Vec::new(),
            spans: Vec::new(),
        }
    }

    pub(crate) fn on_event(&mut self, event: &Event) {
        match event {
            Event::RunStarted {
                environment,
                run_id,
                units,
                shard,
                started_at_ms,
                ..
            } => {
                self.started_at_ms = *started_at_ms;
                self.attributes.extend([
                    Attribute::text("ingam.environment", environment),
                    Attribute::text("ingam.run.id", run_id),
                    Attribute::number("ingam.units.planned", units),
                ]);
                let shard = shard.iter();
                self.attributes
                    .extend(shard.map(|shard| Attribute::text("ingam.shard", shard)));
            }
            Event::UnitFinished(unit) => self.add_unit(unit),
            Event::RunFinished(summary) => self.attributes.extend(summary_attributes(summary)),
            Event::UnitStarted { .. }
            | Event::Waiting { .. }
            | Event::SetUp(_)
            | Event::UndoFailed(_)
            | Event::RunNotice(_) => {}
        }
    }

    pub(crate) fn add_requests(&mut self, requests: &[RequestReport]) {
        for request in requests {
            self.add_request(request);
        }
    }

    /// All spans, that of the run first.
    #[must_use]
    pub(crate) fn finish(mut self, outcome: RunOutcome) -> Vec<TraceSpan> {
        self.attributes.extend([
            Attribute::number("process.exit.code", &outcome.exit_code),
            Attribute::text("test.suite.run.status", outcome.suite_status),
        ]);
        let run = TraceSpan {
            id: self.run,
            parent: self.parent,
            name: "ingam run".to_owned(),
            kind: SpanKind::Internal,
            start_ns: nanoseconds(self.started_at_ms, Duration::ZERO),
            end_ns: nanoseconds(outcome.ended_at_ms, Duration::ZERO),
            attributes: self.attributes,
            error: outcome.error,
        };
        std::iter::once(run).chain(self.spans).collect()
    }

    fn unit_span(&mut self, id: &str) -> SpanId {
        if let Some(span) = self.units.get(id) {
            return span.clone();
        }
        let span = SpanId::draw(&self.rng);
        self.units.insert(id.to_owned(), span.clone());
        span
    }

    fn add_unit(&mut self, unit: &UnitReport) {
        let mut attributes = vec![
            Attribute::text("test.case.name", &unit.id),
            Attribute::text("ingam.verdict", verdict_word(&unit.verdict)),
            Attribute::flag("ingam.flaky", unit.flaky),
        ];
        // The two results that the conventions know.
        let result = match &unit.verdict {
            Verdict::Pass => Some("pass"),
            Verdict::Fail | Verdict::Error(..) => Some("fail"),
            Verdict::Skipped(_) => None,
        };
        attributes.extend(result.map(|text| Attribute::text("test.case.result.status", text)));
        if let Verdict::Error(class, _) = &unit.verdict {
            attributes.push(Attribute::text("error.type", class.name()));
        }
        let span = TraceSpan {
            id: self.unit_span(&unit.id),
            parent: Some(self.run.clone()),
            name: unit.id.clone(),
            kind: SpanKind::Internal,
            start_ns: self.offset(unit.started_at),
            end_ns: self.offset(unit.started_at + unit.duration),
            attributes,
            error: unit_error(unit),
        };
        self.spans.push(span);
    }

    fn add_request(&mut self, request: &RequestReport) {
        let parent = match &request.unit {
            Some(unit) => self.unit_span(unit),
            None => self.run.clone(),
        };
        let span = TraceSpan {
            id: SpanId::draw(&self.rng),
            parent: Some(parent),
            // By the conventions, which forbid a path with ids in it.
            name: request.method.to_owned(),
            kind: SpanKind::Client,
            start_ns: self.offset(request.started_at),
            end_ns: self.offset(request.ended_at),
            attributes: request_attributes(request),
            error: request
                .failure
                .as_ref()
                .map(|failure| failure.message.to_string()),
        };
        self.spans.push(span);
    }

    fn offset(&self, offset: Duration) -> u64 {
        nanoseconds(self.started_at_ms, offset)
    }
}

/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>
fn request_attributes(request: &RequestReport) -> Vec<Attribute> {
    let mut attributes = vec![
        Attribute::text("http.request.method", request.method),
        Attribute::text("url.full", request.url.as_str()),
        Attribute::text("server.address", &request.host),
        Attribute::number("server.port", &request.port),
        Attribute::text("ingam.scheme", &request.scheme),
        Attribute::number("ingam.attempt", &request.attempt),
    ];
    if let Some(status) = request.status {
        attributes.push(Attribute::number("http.response.status_code", &status));
    }
    if request.attempt > 1 {
        let resends = request.attempt - 1;
        attributes.push(Attribute::number("http.request.resend_count", &resends));
    }
    if let Some(failure) = &request.failure {
        attributes.push(Attribute::text("error.type", failure.kind));
    }
    if request.is_replayed {
        attributes.push(Attribute::flag("ingam.replayed", true));
    }
    attributes
}

fn summary_attributes(summary: &RunSummary) -> [Attribute; 6] {
    [
        ("ingam.units.passed", summary.passed),
        ("ingam.units.failed", summary.failed),
        ("ingam.units.errors", summary.errors),
        ("ingam.units.skipped", summary.skipped),
        ("ingam.requests", summary.requests),
        ("ingam.token_requests", summary.token_requests),
    ]
    .map(|(key, count)| Attribute::number(key, &count))
}

fn verdict_word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Skipped(_) => "skip",
        Verdict::Error(..) => "error",
    }
}

fn unit_error(unit: &UnitReport) -> Option<String> {
    match &unit.verdict {
        Verdict::Pass | Verdict::Skipped(_) => None,
        Verdict::Error(_, reason) => Some(reason.to_string()),
        Verdict::Fail => {
            let mut failures = unit.steps.iter().flat_map(|step| &step.failures);
            let first = failures.next();
            Some(first.map_or_else(
                || "an assertion failed".to_owned(),
                |failure| {
                    let (expected, actual) = (&failure.expected, &failure.actual);
                    format!("{}: expected {expected}, got {actual}", failure.subject)
                },
            ))
        }
    }
}

/// A time before 1970 or after 2554 stays at the end of what the protocol can say.
fn nanoseconds(unix_ms: i64, offset: Duration) -> u64 {
    let nanoseconds = i128::from(unix_ms) * 1_000_000;
    let offset = i128::try_from(offset.as_nanos()).unwrap_or(i128::from(u64::MAX));
    let sum = nanoseconds.saturating_add(offset).max(0);
    u64::try_from(sum).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_unix_nanoseconds_and_stay_in_range() {
        let ms = 1_764_500_000_250;
        assert_eq!(
            nanoseconds(ms, Duration::from_nanos(7)),
            1_764_500_000_250_000_007
        );
        assert_eq!(nanoseconds(-1, Duration::ZERO), 0);
        assert_eq!(nanoseconds(i64::MAX, Duration::MAX), u64::MAX);
    }
}
