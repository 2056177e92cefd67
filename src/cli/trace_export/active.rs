//! A trace that was asked for: where it goes, what is known of it so far, and its end.

use crate::cli::command_error::CommandError;
use crate::cli::command_output::CommandResult;
use crate::cli::exit_status::ExitStatus;
use crate::cli::warnings::Warnings;
use crate::event::{Event, RequestReport};
use crate::host::{HostContext, SeededRng};
use crate::otlp::{
    Collector, ExportError, ExportHeaders, RunOutcome, TraceContext, TraceRecorder, TraceResource,
};

/// The variables of the specification, the more special one first.
const HEADER_VARIABLES: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_HEADERS",
];

pub(super) struct ActiveTrace {
    collector: Collector,
    resource: TraceResource,
    recorder: TraceRecorder,
    /// Unix milliseconds.
    clock: fn() -> i64,
}

impl ActiveTrace {
    /// # Errors
    /// If the address or the headers are wrong, or the random generator of the system fails.
    pub(super) fn open(host: &HostContext, address: &str) -> Result<Self, CommandError> {
        let collector = Collector::new(address, headers(host)?).map_err(|error| {
            CommandError::usage(format!(
                "`--otlp` needs the address of a collector: {error}"
            ))
            .hint("write `--otlp http://localhost:4318`; keys belong in OTEL_EXPORTER_OTLP_HEADERS")
        })?;
        let rng = SeededRng::new(host.random_bytes)?;
        let (parent, state) = (host.env_var("TRACEPARENT"), host.env_var("TRACESTATE"));
        let context = TraceContext::new(parent, state, &rng);
        Ok(Self {
            collector,
            recorder: TraceRecorder::new(rng, &context, (host.clock)()),
            resource: TraceResource {
                context,
                service: host
                    .env_var("OTEL_SERVICE_NAME")
                    .unwrap_or("ingam")
                    .to_owned(),
            },
            clock: host.clock,
        })
    }

    pub(super) fn on_event(&mut self, event: &Event) {
        self.recorder.on_event(event);
    }

    pub(super) fn add_requests(&mut self, requests: &[RequestReport]) {
        self.recorder.add_requests(requests);
    }

    pub(super) async fn export(self, result: &CommandResult, warnings: &Warnings) {
        let status = match result {
            Ok(output) => output.status,
            Err(error) => error.class.into(),
        };
        let spans = self.recorder.finish(RunOutcome {
            ended_at_ms: (self.clock)(),
            exit_code: status.code(),
            suite_status: suite_status(status),
            error: (status != ExitStatus::Success).then(|| status.meaning().to_owned()),
        });
        if let Err(error) = self.collector.export(&self.resource, &spans).await {
            warnings.add_with_hint(
                format!(
                    "the trace was not sent to {}: {error}",
                    self.collector.origin()
                ),
                hint(&error),
            );
        }
    }
}

/// One of the words of the conventions for `test.suite.run.status`.
fn suite_status(status: ExitStatus) -> &'static str {
    match status {
        ExitStatus::Success => "success",
        ExitStatus::NothingSelected => "skipped",
        status if status.signal_name().is_some() => "aborted",
        _ => "failure",
    }
}

fn hint(error: &ExportError) -> &'static str {
    match error {
        ExportError::Transport(_) | ExportError::Timeout => {
            "check that a collector listens there for OTLP over HTTP; the result of the run is not changed by this"
        }
        ExportError::Refused { .. } => {
            "check the path of `--otlp` and OTEL_EXPORTER_OTLP_HEADERS; the result of the run is not changed by this"
        }
        ExportError::Partial { .. } => {
            "the log of the collector says why; the result of the run is not changed by this"
        }
    }
}

fn headers(host: &HostContext) -> Result<ExportHeaders, CommandError> {
    for variable in HEADER_VARIABLES {
        if let Some(text) = host.env_var(variable) {
            return ExportHeaders::parse(variable, text).map_err(|error| {
                CommandError::usage(error.to_string()).hint(format!(
                    "write {variable}=api-key=VALUE; commas separate pairs"
                ))
            });
        }
    }
    Ok(ExportHeaders::default())
}
