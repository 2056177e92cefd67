//! The report of a step: every text has passed the redactor.

use super::context::RunContext;
use super::exchange::{ExchangeLog, JudgedResponse};
use super::personal_data::redact_rules;
use super::step_error::StepError;
use super::step_execution::{Judgement, StepOutcome, StepOwner};
use super::text::{body_text, redacted_message, redacted_text};
use crate::event::{
    AttemptReport, ExchangeReport, FailureReport, StepReport, TraceReport, Verdict,
};
use crate::model::request::Step;
use crate::recording::PersonalDataError;
use crate::redact::{OutputRedactor, RedactedText};
use crate::wire::{Draft, WireRequest, WireResponse};
use std::time::Duration;

/// `started_at` counts from the start of the run.
pub(super) fn step_report(
    owner: &StepOwner<'_>,
    step: &Step,
    context: &RunContext<'_>,
    started_at: Duration,
    outcome: StepOutcome,
) -> StepReport {
    let StepOutcome { result, mut log } = outcome;
    let has_detail = context.options.detail;
    // The place of the fault, if the error has one.
    let fault_at = result.as_ref().err().and_then(StepError::at);
    let is_pass = result
        .as_ref()
        .is_ok_and(|judgement| judgement.failures.is_empty());
    let is_shown = context.options.verbose || has_detail || !is_pass;
    let draft = log.draft.as_deref();
    let response = log.response.as_ref().map(|judged| &judged.response);
    let response_body = log
        .response
        .as_ref()
        .filter(|_| is_shown)
        .map(|judged| shown_body(owner, step, judged, context));
    let redactor = &mut context.output_redactor(&owner.recording_key);
    let warnings = std::mem::take(&mut log.warnings);
    let (verdict, failures, notes) = judge_result(result, warnings, redactor);
    StepReport {
        name: step.name.clone(),
        // Redaction costs time: what no report shows is left empty.
        request_line: shown_if(is_shown, || request_line(step, draft), redactor),
        endpoint: shown_if(has_detail, || endpoint(draft), redactor),
        at: fault_at.unwrap_or(step.at),
        started_at,
        sent_at: log.signed.as_ref().and_then(|signed| signed.sent_at),
        status: response.map(|response| response.status),
        latency: response.map(|response| response.latency),
        verdict,
        attempts: attempt_reports(&log, redactor),
        failures,
        notes: notes
            .iter()
            .map(|note| redactor.redact_for_display(note))
            .collect(),
        exchange: exchange_report(&log, is_shown, response_body, redactor),
        trace: trace_reports(&log, redactor),
    }
}

fn shown_if(
    condition: bool,
    text: impl FnOnce() -> String,
    redactor: &mut OutputRedactor<'_>,
) -> RedactedText {
    if condition {
        redactor.redact_for_display(&text())
    } else {
        RedactedText::default()
    }
}

fn judge_result(
    result: Result<Judgement, StepError>,
    warnings: Vec<String>,
    redactor: &mut OutputRedactor<'_>,
) -> (Verdict, Vec<FailureReport>, Vec<String>) {
    match result {
        Ok(judgement) if judgement.failures.is_empty() => {
            (Verdict::Pass, Vec::new(), judgement.notes)
        }
        Ok(judgement) => (Verdict::Fail, judgement.failures, judgement.notes),
        Err(error) => {
            let reason = redactor.redact_for_display(&error.to_string());
            let notes = warnings.into_iter().chain(error.notes()).collect();
            (
                Verdict::Error(error.error_class(), reason),
                Vec::new(),
                notes,
            )
        }
    }
}

fn exchange_report(
    log: &ExchangeLog,
    is_shown: bool,
    response_body: Option<String>,
    redactor: &mut OutputRedactor<'_>,
) -> Option<ExchangeReport> {
    let signed = log.signed.as_ref().filter(|_| is_shown)?;
    let (head, body) = (
        request_head(&signed.request),
        shown_request_body(&signed.request),
    );
    let request = redacted_message(&head, &body, redactor);
    let response = log.response.as_ref().zip(response_body);
    let response = response
        .map(|(judged, body)| redacted_message(&response_head(&judged.response), &body, redactor));
    Some(ExchangeReport { request, response })
}

/// The body of a response with everything replaced that a rule of `redact` names. The same values
/// elsewhere in it are replaced by the redactor.
fn shown_body(
    owner: &StepOwner<'_>,
    step: &Step,
    judged: &JudgedResponse,
    context: &RunContext<'_>,
) -> String {
    let workspace = context.environment.workspace;
    let response = &judged.response;
    let redacted = match (&judged.hidden_because, workspace.scheme(&step.scheme.name)) {
        (Some(reason), _) => return hidden_body(reason),
        (None, Some(scheme)) => context.state.recordings.personal.redacted_body(
            &owner.recording_key,
            &redact_rules(scheme, workspace, owner.redact_rules),
            response,
        ),
        // Without its scheme no request is sent.
        (None, None) => Ok(None),
    };
    match redacted {
        Ok(Some(body)) => body,
        Ok(None) => body_text(response.body()),
        Err(reason) => hidden_body(&reason),
    }
}

fn hidden_body(reason: &PersonalDataError) -> String {
    format!("‹redacted: {reason}›")
}

fn endpoint(draft: Option<&Draft>) -> String {
    draft.map_or_else(String::new, |draft| {
        format!("{} {}", draft.method, draft.path)
    })
}

/// Method and target, for people: the query is not encoded.
fn request_line(step: &Step, draft: Option<&Draft>) -> String {
    let Some(draft) = draft else {
        return format!("{} …", step.method);
    };
    let mut query = draft.raw_query.clone();
    for (name, value) in &draft.query {
        let separator = if query.is_empty() { "" } else { "&" };
        query.push_str(&format!("{separator}{name}={value}"));
    }
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{} {}{separator}{query}", draft.method, draft.path)
}

fn attempt_reports(log: &ExchangeLog, redactor: &mut OutputRedactor<'_>) -> Vec<AttemptReport> {
    log.attempts
        .iter()
        .map(|attempt| AttemptReport {
            status: attempt.status,
            reason: redactor.redact_for_display(&attempt.reason),
            latency: attempt.latency,
        })
        .collect()
}

fn trace_reports(log: &ExchangeLog, redactor: &mut OutputRedactor<'_>) -> Vec<TraceReport> {
    log.signed
        .iter()
        .flat_map(|signed| &signed.trace)
        .map(|line| TraceReport {
            id: line.id.clone(),
            kind: line.op.to_owned(),
            text: redacted_text(&line.value, redactor),
        })
        .collect()
}

/// A request in the form of HTTP/1.1, for people.
pub(super) fn request_text(request: &WireRequest) -> String {
    let body = shown_request_body(request);
    let separator = if body.is_empty() { "" } else { "\n" };
    format!("{}{separator}{body}", request_head(request))
}

fn request_head(request: &WireRequest) -> String {
    let mut text = format!("{} {} HTTP/1.1\n", request.method(), request.target());
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text
}

/// The bytes that are signed, not indented JSON: a wrong signature is found by them.
fn shown_request_body(request: &WireRequest) -> String {
    std::str::from_utf8(request.body()).map_or_else(|_| body_text(request.body()), str::to_owned)
}

fn response_head(response: &WireResponse) -> String {
    let mut text = format!("HTTP/1.1 {}\n", response.status);
    for (name, value) in &response.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text
}
