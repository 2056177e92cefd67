//! What a run has to do with recordings: nothing, or it is answered from them, writes them, or is
//! held against them.

use super::difference_reports::difference_reports;
use crate::check::{self, DifferenceList, ResponseView};
use crate::event::FailureReport;
use crate::jsonpath::JsonPath;
use crate::model::recording::{
    RecordedExchange, RecordedOutcome, RecordedRequest, RecordedResponse,
};
use crate::model::redact_rule::RedactRule;
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use crate::recording::{
    ExchangeRedaction, RUN_ID_PLACEHOLDER, RecordScope, Recorder, RecordingKey, RecordingReplay,
    RecordingSource, Redaction, RedactionError, ReplayMiss, ReplayedResponse, SkipReason,
    apply_masks,
};
use crate::secret::Redactor;
use crate::span::Span;
use crate::value::Value;
use crate::wire::WireResponse;
use std::cell::RefCell;
use std::collections::HashMap;

/// What recordings are used for.
pub(crate) enum RecordingMode {
    /// The environment answers, and nothing is written.
    Disabled,
    /// They answer alone.
    Replay(RecordingReplay),
    /// They are written; where only what is missing is written, the rest is answered from them.
    Record(Recorder, RecordingReplay),
    /// The environment answers, and is held against them.
    Compare(RecordingReplay),
}

/// The recordings of a run.
pub(crate) struct RunRecordings {
    pub(crate) mode: RefCell<RecordingMode>,
    /// What is personal, by request file and account.
    redactions: RefCell<HashMap<RecordingKey, Redaction>>,
    /// What hides nothing but the id of the run.
    run_id_redaction: Redaction,
    run_id: String,
}

/// One exchange that was made.
pub(crate) struct ObservedExchange<'m> {
    pub(crate) recording_key: &'m RecordingKey,
    pub(crate) scheme: &'m Scheme,
    pub(crate) request: &'m RecordedRequest,
    pub(crate) response: &'m WireResponse,
    /// Headers that the file looks at.
    pub(crate) inspected_headers: &'m [String],
    /// Of the file itself.
    pub(crate) redact_rules: &'m [RedactRule],
}

impl RunRecordings {
    #[must_use]
    pub(crate) fn new(used: RecordingMode, run_id: &str) -> Self {
        let (fresh, run_id) = (Redaction::for_run(run_id), run_id.to_owned());
        Self {
            mode: used.into(),
            redactions: RefCell::default(),
            run_id_redaction: fresh,
            run_id,
        }
    }

    /// Whether requests have to be compared with recorded ones at all.
    #[must_use]
    pub(crate) fn is_enabled(&self) -> bool {
        !matches!(*self.mode.borrow(), RecordingMode::Disabled)
    }

    /// Whether no answer comes from anywhere else: then nothing has to be waited for.
    #[must_use]
    pub(crate) fn is_replay(&self) -> bool {
        matches!(*self.mode.borrow(), RecordingMode::Replay(_))
    }

    /// The recorded answer, where the run is to be answered so; `None` when the environment
    /// answers.
    pub(crate) fn recorded_response(
        &self,
        whose: &RecordingKey,
        scheme: &Scheme,
        request: &RecordedRequest,
    ) -> Option<Result<ReplayedResponse, ReplayMiss>> {
        let request = self.run_id_redaction.redact_request(request);
        let played = match &mut *self.mode.borrow_mut() {
            RecordingMode::Replay(replay) => {
                Some(replay.respond(&whose.file, &scheme.name, &request))
            }
            RecordingMode::Record(recorder, replay)
                if recorder.record_scope() == RecordScope::Missing =>
            {
                let is_there = replay.has_response(&whose.file, &scheme.name, &request);
                is_there.then(|| replay.respond(&whose.file, &scheme.name, &request))
            }
            _ => None,
        };
        played.map(|played| played.map(|played| self.with_current_run_id(played)))
    }

    /// An answer that repeats the id of its run repeats that of this one.
    fn with_current_run_id(&self, played: ReplayedResponse) -> ReplayedResponse {
        let response = played.response.map(|response| {
            let text = std::str::from_utf8(response.body())
                .ok()
                .filter(|text| text.contains(RUN_ID_PLACEHOLDER));
            match text.map(|text| text.replace(RUN_ID_PLACEHOLDER, &self.run_id)) {
                Some(text) => response.with_body(text.into()),
                None => response,
            }
        });
        ReplayedResponse { response, ..played }
    }

    /// An exchange went as it should: it is kept for the recording.
    pub(crate) fn record_response(
        &self,
        made: &ObservedExchange<'_>,
        workspace: &Workspace,
        redactor: &mut Redactor,
    ) {
        let mut used = self.mode.borrow_mut();
        let RecordingMode::Record(recorder, _) = &mut *used else {
            return;
        };
        if is_token_request(made) {
            let why = "it asks for a token, and token endpoints are never recorded";
            return recorder
                .skip_unit(made.recording_key, SkipReason::CannotRecord(why.to_owned()));
        }
        match self.redact(made, workspace, redactor) {
            Ok((request, answer)) => recorder.capture(
                made.recording_key,
                &made.scheme.name,
                recorded_exchange(request, answer),
            ),
            Err(error) => recorder.skip_unit(
                made.recording_key,
                SkipReason::CannotRecord(error.to_string()),
            ),
        }
    }

    /// An exchange that did not go as it should, so that nothing of its unit is recorded.
    pub(crate) fn reject_unit(&self, whose: &RecordingKey, reason: &str) {
        if let RecordingMode::Record(recorder, _) = &mut *self.mode.borrow_mut() {
            recorder.skip_unit(whose, SkipReason::NotAsExpected(reason.to_owned()));
        }
    }

    /// What fixtures hid stays hidden in those that need them.
    pub(crate) fn include_redactions(
        &self,
        whose: &RecordingKey,
        fixtures: impl Iterator<Item = RecordingKey>,
    ) {
        let mut fixtures = fixtures.peekable();
        if fixtures.peek().is_none() {
            return;
        }
        let mut hidden = self.redactions.borrow_mut();
        let mut own = hidden
            .remove(whose)
            .unwrap_or_else(|| self.run_id_redaction.clone());
        fixtures
            .filter_map(|fixture| hidden.get(&fixture))
            .for_each(|other| own.include(other));
        hidden.insert(whose.clone(), own);
    }

    /// The end of a unit; `is_whole` says that all of its steps were reached.
    pub(crate) fn end_unit(&self, whose: &RecordingKey, is_whole: bool) {
        if let RecordingMode::Record(recorder, _) = &mut *self.mode.borrow_mut() {
            recorder.end_unit(whose, is_whole);
        }
    }

    /// Fixtures end with the run.
    pub(crate) fn end_fixtures(&self) {
        if let RecordingMode::Record(recorder, _) = &mut *self.mode.borrow_mut() {
            recorder.end_fixtures();
        }
    }

    /// Writes what was heard of a file; `is_whole` says that all of its units have ended.
    pub(crate) fn write(
        &self,
        file: &str,
        main_scheme: &str,
        is_whole: bool,
        workspace: &Workspace,
        now_ms: i64,
    ) {
        if let RecordingMode::Record(recorder, _) = &mut *self.mode.borrow_mut() {
            recorder.write_file(
                file,
                is_whole,
                &|scheme| RecordingSource {
                    scheme,
                    masks: scheme_masks(workspace, scheme),
                    now_ms,
                },
                main_scheme,
            );
        }
    }

    /// Where an answer is another one than the recorded one; `None` when it is not held against
    /// any.
    pub(crate) fn compare(
        &self,
        made: &ObservedExchange<'_>,
        at: Span,
        workspace: &Workspace,
        redactor: &mut Redactor,
    ) -> Option<Result<Vec<FailureReport>, ReplayMiss>> {
        let mut used = self.mode.borrow_mut();
        // What a fixture makes is another thing each time.
        let RecordingMode::Compare(replay) = &mut *used else {
            return None;
        };
        if made.recording_key.is_fixture() {
            return None;
        }
        let played = match replay.respond(
            &made.recording_key.file,
            &made.scheme.name,
            &self.run_id_redaction.redact_request(made.request),
        ) {
            Ok(played) => played,
            Err(miss) => return Some(Err(miss)),
        };
        let expected = played.response.ok()?;
        let Ok(actual) = self.redacted_response(made, workspace, redactor) else {
            return Some(Ok(Vec::new()));
        };
        Some(Ok(response_differences(
            &expected,
            &actual,
            &scheme_masks(workspace, &made.scheme.name),
            at,
            redactor,
        )))
    }

    /// An answer as it may stand in a file: only its status and its body.
    ///
    /// # Errors
    /// When something in it could not be hidden.
    pub(crate) fn redacted_response(
        &self,
        made: &ObservedExchange<'_>,
        workspace: &Workspace,
        redactor: &mut Redactor,
    ) -> Result<WireResponse, RedactionError> {
        let (_, answer) = self.redact(made, workspace, redactor)?;
        let body = crate::recording::read_body(&answer.body, &workspace.root).unwrap_or_default();
        Ok(WireResponse::new(
            answer.status,
            Vec::new(),
            body,
            made.response.latency,
        ))
    }

    fn redact(
        &self,
        made: &ObservedExchange<'_>,
        workspace: &Workspace,
        redactor: &mut Redactor,
    ) -> Result<(RecordedRequest, RecordedResponse), RedactionError> {
        register_tokens(made, redactor);
        let rules: Vec<&RedactRule> = made
            .scheme
            .redact_rules
            .iter()
            .chain(&workspace.redact)
            .chain(made.redact_rules)
            .collect();
        let take = ExchangeRedaction {
            request: made.request,
            response: made.response,
            extra_headers: made.inspected_headers,
            rules: &rules,
        };
        let mut hidden = self.redactions.borrow_mut();
        take.redact(
            hidden
                .entry(made.recording_key.clone())
                .or_insert_with(|| self.run_id_redaction.clone()),
            redactor,
        )
    }
}

fn recorded_exchange(request: RecordedRequest, answer: RecordedResponse) -> RecordedExchange {
    RecordedExchange {
        at: Span::default(),
        request,
        outcome: RecordedOutcome::Response(answer),
        times: None,
        delay: None,
    }
}

/// What a scheme says that varies in its answers.
fn scheme_masks(workspace: &Workspace, scheme: &str) -> Vec<JsonPath> {
    workspace
        .scheme(scheme)
        .map(|scheme| scheme.masks.clone())
        .unwrap_or_default()
}

/// Token endpoints are called by the program itself; a request file that calls one is a request all
/// the same.
fn is_token_request(made: &ObservedExchange<'_>) -> bool {
    let requests = made
        .scheme
        .tokens
        .iter()
        .flat_map(|token| [&token.issue, &token.exchange, &token.refresh])
        .flatten();
    requests
        .filter_map(|request| request.path.as_literal())
        .any(|path| path == made.request.path)
}

/// What an answer calls a token is one, wherever it comes from.
fn register_tokens(made: &ObservedExchange<'_>, redactor: &mut Redactor) {
    const MIN_TOKEN: usize = 16;
    let requests = made
        .scheme
        .tokens
        .iter()
        .flat_map(|token| [&token.issue, &token.exchange, &token.refresh])
        .flatten();
    let saved: Vec<&(String, JsonPath)> =
        requests.flat_map(|request| &request.saved_fields).collect();
    if saved.is_empty() {
        return;
    }
    let answer = ResponseView::new(made.response);
    let Ok(json) = answer.json() else { return };
    for (name, path) in saved {
        if let Ok(crate::jsonpath::PathMatches::One(Some(Value::String(token)))) = path.find(json)
            && token.len() >= MIN_TOKEN
        {
            redactor.add_secret(format!("token.{name}"), token);
        }
    }
}

/// Status and body, as failures of the step.
fn response_differences(
    expected: &WireResponse,
    actual: &WireResponse,
    masks: &[JsonPath],
    at: Span,
    redactor: &mut Redactor,
) -> Vec<FailureReport> {
    let mut found = Vec::new();
    let mut add =
        |subject: &str, expected: String, actual: String, differences: &DifferenceList| {
            found.push(FailureReport {
                at,
                subject: redactor.redact_for_display(subject),
                expected: redactor.redact_for_display(&expected),
                actual: redactor.redact_for_display(&actual),
                hint: None,
                differences: difference_reports(differences, redactor),
            });
        };
    if expected.status != actual.status {
        let recorded = format!("{} as it was recorded", expected.status);
        add(
            "status",
            recorded,
            actual.status.to_string(),
            &DifferenceList::default(),
        );
    }
    match (expected.json(), actual.json()) {
        (Ok(expected), Ok(actual)) => {
            let (expected, actual) = (apply_masks(expected, masks), apply_masks(actual, masks));
            if expected != actual {
                let differences = check::differences(&expected, &actual);
                add(
                    "body",
                    "the recorded JSON".to_owned(),
                    "another one".to_owned(),
                    &differences,
                );
            }
        }
        _ if expected.body() != actual.body() => {
            let size = |response: &WireResponse| format!("{} bytes", response.body().len());
            add(
                "body",
                format!("the recorded body of {}", size(expected)),
                format!("another one of {}", size(actual)),
                &DifferenceList::default(),
            );
        }
        _ => {}
    }
    found
}
