//! The report of a step: every text has passed the redactor.

use super::context::RunContext;
use super::cookies::hide_cookies;
use super::exchange::{ExchangeLog, JudgedResponse};
use super::personal_data::redact_rules;
use super::response_delivery::delivered_response;
use super::shown_response::ShownResponse;
use super::step_error::StepError;
use super::step_execution::{Judgement, StepOutcome, StepOwner};
use super::text::{BodyText, body_text, redacted_message, redacted_text};
use crate::event::{
    AttemptReport, ExchangeReport, FailureReport, StepReport, TraceReport, Verdict,
};
use crate::model::request::Step;
use crate::redact::{OutputRedactor, RedactedText};
use crate::wire::{BaseUrl, Draft, WireRequest, decode_body, join_query, show_letters};
use std::time::Duration;

/// `started_at` counts from the start of the run.
pub(super) fn step_report(
    owner: &StepOwner<'_>,
    step: &Step,
    context: &RunContext<'_>,
    started_at: Duration,
    outcome: StepOutcome,
) -> StepReport {
    let StepOutcome {
        result,
        mut log,
        requests,
    } = outcome;
    let has_detail = context.options.detail;
    if context.options.delivers_response
        && result.is_ok()
        && let Some(judged) = &log.response
    {
        let delivered = delivered_response(owner, step, judged, context);
        *context.state.delivered.borrow_mut() = Some(delivered);
    }
    // The place of the fault, if the error has one.
    let fault_at = result.as_ref().err().and_then(StepError::at);
    let is_pass = result
        .as_ref()
        .is_ok_and(|judgement| judgement.failures.is_empty() && judgement.skipped.is_none());
    // `--flaky fail` turns a step that passed late into a failure, which is shown.
    let can_fail_late = context.options.flaky_fails && !log.attempts.is_empty();
    let is_always_shown = context.options.verbose || context.options.passed_exchanges;
    let is_shown = is_always_shown || !is_pass || can_fail_late;
    let draft = log.draft.as_deref();
    let response = log.response.as_ref().map(|judged| &judged.response);
    let shown_response = log
        .response
        .as_ref()
        .filter(|_| is_shown)
        .map(|judged| shown_response(owner, step, judged, context));
    let hides_cookies = owner.cookies.is_some();
    let personal_exchange = context
        .shows_personal(&owner.recording_key)
        .then(|| personal_exchange(&log, is_shown, hides_cookies, context))
        .flatten();
    let redactor = &mut context.output_redactor(&owner.recording_key);
    let warnings = std::mem::take(&mut log.warnings);
    let (verdict, failures, notes) = judge_result(result, warnings, redactor);
    StepReport {
        name: step.name.clone(),
        // Redaction costs time: what no report shows is left empty.
        request_line: shown_if(
            is_shown || has_detail,
            || request_line(step, draft),
            redactor,
        ),
        endpoint: shown_if(has_detail, || endpoint(draft), redactor),
        at: fault_at.unwrap_or(step.at),
        started_at,
        sent_at: log.signed.as_ref().and_then(|signed| signed.sent_at),
        status: response.map(|response| response.status),
        latency: response.map(|response| response.latency),
        requests,
        phases: std::mem::take(&mut log.phases),
        verdict,
        attempts: attempt_reports(&log, redactor),
        failures,
        notes: notes
            .iter()
            .map(|note| redactor.redact_for_display(note))
            .collect(),
        exchange: exchange_report(&log, (is_shown, hides_cookies), shown_response, redactor)
            .map(|exchange| Box::new(exchange.shown_as(personal_exchange))),
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
            let verdict = judgement.skipped.map_or(Verdict::Pass, Verdict::Skipped);
            (verdict, Vec::new(), judgement.notes)
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
    (is_shown, hides_cookies): (bool, bool),
    shown_response: Option<ShownResponse>,
    redactor: &mut OutputRedactor<'_>,
) -> Option<ExchangeReport> {
    let signed = log.signed.as_ref().filter(|_| is_shown)?;
    let head = |text: String| {
        if hides_cookies {
            hide_cookies(&text)
        } else {
            text
        }
    };
    let request = (
        head(request_head(&signed.request)),
        shown_request_body(&signed.request),
    );
    Some(ExchangeReport {
        request: redacted_message(&request.0, &request.1, redactor),
        response: shown_response
            .map(|shown| redacted_message(&head(shown.head), &shown.body, redactor)),
    })
}

fn shown_response(
    owner: &StepOwner<'_>,
    step: &Step,
    judged: &JudgedResponse,
    context: &RunContext<'_>,
) -> ShownResponse {
    let workspace = context.environment.workspace;
    match workspace.scheme(&step.scheme.name) {
        Some(scheme) => ShownResponse::redacted(
            judged,
            &owner.recording_key,
            &redact_rules(scheme, workspace, owner.redact_rules),
            context,
        ),
        // Without its scheme no request is sent.
        None => ShownResponse::of(&judged.response),
    }
}

/// The exchange with personal data and without secrets, for a person at a terminal.
fn personal_exchange(
    log: &ExchangeLog,
    is_shown: bool,
    hides_cookies: bool,
    context: &RunContext<'_>,
) -> Option<ExchangeReport> {
    let response = log.response.as_ref();
    let shown = response.map(|judged| ShownResponse::of(&judged.response));
    let shows = (is_shown, hides_cookies);
    exchange_report(log, shows, shown, &mut context.terminal_redactor())
}

fn endpoint(draft: Option<&Draft>) -> String {
    draft.map_or_else(String::new, |draft| {
        format!("{} {}", draft.method, shown_path(draft))
    })
}

/// The path; of an address that a response gave, with its host.
fn shown_path(draft: &Draft) -> String {
    let origin = draft.external.as_ref().map_or("", BaseUrl::origin);
    format!("{origin}{}", show_letters(&draft.path))
}

/// Method and target as they are sent, without what the scheme adds; letters are shown decoded.
fn request_line(step: &Step, draft: Option<&Draft>) -> String {
    match draft {
        Some(draft) => format!("{} {}", draft.method, shown_target(draft)),
        None => format!("{} …", step.method),
    }
}

/// The path and the query, without what the scheme adds; of an address that a response gave, with
/// its host.
pub(super) fn shown_target(draft: &Draft) -> String {
    if draft.external.is_some() {
        // The query is what proves who may use the address.
        let signed = if draft.raw_query.is_empty() {
            ""
        } else {
            "?‹signed›"
        };
        return format!("{}{signed}", shown_path(draft));
    }
    let query = [draft.raw_query.clone(), join_query(&draft.query)];
    let query = query.map(|part| show_letters(&part));
    let query = query.iter().filter(|part| !part.is_empty());
    let query: Vec<&str> = query.map(String::as_str).collect();
    let separator = if query.is_empty() { "" } else { "?" };
    format!(
        "{}{separator}{}",
        show_letters(&draft.path),
        query.join("&")
    )
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
    let body = shown_request_body(request).text;
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
fn shown_request_body(request: &WireRequest) -> BodyText {
    let decoded = decode_body(request.content_type(), request.body());
    match decoded.as_deref().map(std::str::from_utf8) {
        Ok(Ok(text)) => text.to_owned().into(),
        _ => body_text(request.content_type(), request.body()),
    }
}
