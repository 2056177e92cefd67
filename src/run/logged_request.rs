//! What a trace says of one request that has ended. Every text has passed the redactor.

use super::exchange::{Exchange, ExchangeContext};
use super::run_budget::BudgetClass;
use super::step_report::shown_target;
use crate::check::ResponseOutcome;
use crate::event::{RequestFailure, RequestReport};
use crate::plan::Unit;
use crate::redact::RedactedText;
use crate::wire::Draft;
use std::time::Duration;

impl ExchangeContext<'_> {
    /// Keeps a request that has ended. `started_at` counts from the start of the run.
    pub(super) fn log_request(&self, draft: &Draft, started_at: Duration, exchange: &Exchange) {
        let state = &self.context.state;
        if !state.request_log.is_kept() {
            return;
        }
        let base = draft.external.as_ref().unwrap_or(&self.access.call_base);
        let signed = exchange.log.signed.as_ref();
        let report = RequestReport {
            unit: match self.budget_class {
                BudgetClass::Step(unit) => unit.map(Unit::reported_id),
                BudgetClass::Undo => None,
            },
            method: draft.method.name(),
            scheme: self.scheme.name.clone(),
            url: self.shown_url(draft),
            host: base.host().to_owned(),
            port: base.port(),
            status: exchange
                .log
                .response
                .as_ref()
                .map(|judged| judged.response.status),
            attempt: self.attempt.get(),
            is_replayed: signed.is_none_or(|signed| signed.sent_at.is_none()),
            started_at,
            ended_at: state.started_at.elapsed(),
            failure: self.request_failure(exchange),
        };
        state.request_log.push(report);
    }

    /// Without what the scheme adds: no signature and no token is a part of it.
    fn shown_url(&self, draft: &Draft) -> RedactedText {
        let target = shown_target(draft);
        let url = match &draft.external {
            Some(_) => target,
            None => format!("{}{target}", self.access.call_base),
        };
        let mut redactor = self.context.output_redactor(self.recording_key);
        redactor.redact_for_display(&url)
    }

    fn request_failure(&self, exchange: &Exchange) -> Option<RequestFailure> {
        let mut redactor = self.context.output_redactor(self.recording_key);
        match &exchange.result {
            Err(error) => Some(RequestFailure {
                kind: error.error_class().name(),
                message: redactor.redact_for_display(&error.to_string()),
            }),
            Ok(judged) => match &judged.outcome {
                ResponseOutcome::Success => None,
                ResponseOutcome::ApiError { kind, .. } => Some(RequestFailure {
                    kind: kind.name(),
                    message: redactor.redact_for_display(&format!(
                        "the response was {} ({kind})",
                        judged.response.status
                    )),
                }),
            },
        }
    }
}
