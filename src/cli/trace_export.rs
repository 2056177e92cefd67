//! `--otlp`: the trace of a run for OpenTelemetry. Whatever goes wrong with it after the run has
//! begun is a warning: it never changes how the run ends.

#[cfg(feature = "otlp")]
mod active;
#[cfg(feature = "otlp")]
use active::ActiveTrace;

use super::args::RunArgs;
use super::command_error::CommandError;
use super::command_output::CommandResult;
use super::warnings::Warnings;
use crate::event::{Event, RequestReport};
use crate::host::HostContext;

/// The trace of a run; nothing, unless `--otlp` asks for one.
#[derive(Default)]
pub(super) struct TraceExport {
    #[cfg(feature = "otlp")]
    active: Option<Box<ActiveTrace>>,
}

#[cfg(feature = "otlp")]
impl TraceExport {
    /// # Errors
    /// If the address or the headers of the collector are wrong.
    pub(super) fn open(host: &HostContext, args: &RunArgs) -> Result<Self, CommandError> {
        let active = args.otlp.as_ref();
        let active = active.map(|address| ActiveTrace::open(host, address).map(Box::new));
        Ok(Self {
            active: active.transpose()?,
        })
    }

    /// Whether the run keeps its requests for the trace.
    pub(super) fn is_active(&self) -> bool {
        self.active.is_some()
    }

    pub(super) fn on_event(&mut self, event: &Event) {
        if let Some(active) = &mut self.active {
            active.on_event(event);
        }
    }

    pub(super) fn add_requests(&mut self, requests: &[RequestReport]) {
        if let Some(active) = &mut self.active {
            active.add_requests(requests);
        }
    }

    /// Sends the trace of a run that has ended with `result`.
    pub(super) async fn export(self, result: &CommandResult, warnings: &Warnings) {
        if let Some(active) = self.active {
            active.export(result, warnings).await;
        }
    }
}

/// Without the feature there is no option that could ask for a trace.
#[cfg(not(feature = "otlp"))]
#[expect(
    clippy::unnecessary_wraps,
    clippy::unused_async,
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "the same functions as with the feature"
)]
impl TraceExport {
    pub(super) fn open(_: &HostContext, _: &RunArgs) -> Result<Self, CommandError> {
        Ok(Self::default())
    }

    pub(super) fn is_active(&self) -> bool {
        false
    }

    pub(super) fn on_event(&mut self, _: &Event) {}

    pub(super) fn add_requests(&mut self, _: &[RequestReport]) {}

    pub(super) async fn export(self, _: &CommandResult, _: &Warnings) {}
}
