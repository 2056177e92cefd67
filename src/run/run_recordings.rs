//! The recordings of a run. Depending on the mode, they are replayed, written, or compared with the
//! responses of the environment.

use super::difference_reports::difference_reports;
use super::observed_exchange::ObservedExchange;
use super::personal_data::PersonalData;
use crate::check::{self, DifferenceList};
use crate::event::FailureReport;
use crate::model::recording::{
    RecordedExchange, RecordedOutcome, RecordedRequest, RecordedResponse,
};
use crate::model::scheme::{Scheme, Token, TokenRequest};
use crate::model::value_path::ValuePath;
use crate::model::workspace::Workspace;
use crate::recording::{
    BodyFileError, MaskError, RUN_ID_PLACEHOLDER, RecordScope, Recorder, RecordingKey,
    RecordingReplay, RecordingSource, Redaction, RedactionError, ReplayError, ReplayMiss,
    ReplayedResponse, SkipReason, apply_masks, apply_text_masks, describe_miss, read_body,
};
use crate::redact::{OutputRedactor, Redactor};
use crate::span::Span;
use crate::value::JsonRef;
use crate::wire::WireResponse;
use std::cell::RefCell;

/// What recordings are used for.
pub(crate) enum RecordingMode {
    /// Requests are sent to the environment, and nothing is written.
    Disabled,
    /// Every response comes from a recording.
    Replay(RecordingReplay),
    /// Responses of the environment are written. With [`RecordScope::Missing`], requests that are
    /// recorded already get the recorded response.
    Record(Recorder, RecordingReplay),
    /// Requests are sent to the environment, and its responses are compared with recordings.
    Compare(RecordingReplay),
}

/// The recordings of a run.
pub(crate) struct RunRecordings {
    pub(crate) mode: RefCell<RecordingMode>,
    pub(super) personal: PersonalData,
    run_id: String,
    /// What responds to addresses of responses in the sandbox; made when it is needed first.
    sandbox_addresses: RefCell<Option<RecordingReplay>>,
}

/// Why a response cannot be written to a file or compared with one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedactResponseError {
    #[error(transparent)]
    Redaction(#[from] RedactionError),
    #[error(transparent)]
    Body(BodyFileError),
}

/// Why a response cannot be compared with its recording.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompareError {
    #[error("nothing is recorded for this request: {}", describe_miss(.0))]
    NotRecorded(Box<ReplayMiss>),
    #[error("the recorded response cannot be read: {0}")]
    Recording(ReplayError),
    #[error("the response cannot be compared with its recording: {0}")]
    Response(#[from] RedactResponseError),
    #[error("the response cannot be compared with its recording: {0}")]
    Mask(#[from] MaskError),
}

impl RunRecordings {
    #[must_use]
    /// `is_sandbox` says that the environment responds from recordings too.
    pub(crate) fn new(mode: RecordingMode, run_id: &str, is_sandbox: bool) -> Self {
        Self {
            personal: PersonalData::new(run_id, is_sandbox || can_respond(&mode)),
            mode: mode.into(),
            run_id: run_id.to_owned(),
            sandbox_addresses: RefCell::default(),
        }
    }

    /// Whether the run reads or writes recordings at all.
    #[must_use]
    pub(crate) fn is_enabled(&self) -> bool {
        !matches!(*self.mode.borrow(), RecordingMode::Disabled)
    }

    /// Whether every response comes from a recording: then nothing is sent, and no wait is needed.
    #[must_use]
    pub(crate) fn is_replay(&self) -> bool {
        matches!(*self.mode.borrow(), RecordingMode::Replay(_))
    }

    /// Whether a request can get a recorded response in place of one from the environment.
    #[must_use]
    pub(super) fn can_answer(&self) -> bool {
        can_respond(&self.mode.borrow())
    }

    /// The recorded response; `None` if the request must be sent to the environment.
    pub(crate) fn recorded_response(
        &self,
        key: &RecordingKey,
        scheme: &Scheme,
        request: &RecordedRequest,
        redactor: &RefCell<Redactor>,
    ) -> Option<Result<ReplayedResponse, ReplayMiss>> {
        let (file, scheme) = (key.file.as_str(), scheme.name.as_str());
        let replayed = match &mut *self.mode.borrow_mut() {
            RecordingMode::Replay(replay) => {
                let request = self.as_recorded(request, replay, (file, scheme), redactor);
                Some(replay.respond(file, scheme, &request))
            }
            RecordingMode::Record(recorder, replay)
                if recorder.record_scope() == RecordScope::Missing =>
            {
                let request = self.as_recorded(request, replay, (file, scheme), redactor);
                let is_recorded = replay.has_response(file, scheme, &request);
                is_recorded.then(|| replay.respond(file, scheme, &request))
            }
            _ => None,
        };
        replayed.map(|replayed| replayed.map(|replayed| self.with_current_run_id(replayed)))
    }

    /// The recorded response to a request whose address comes from a response of the sandbox.
    ///
    /// # Errors
    /// When nothing is recorded for it.
    pub(super) fn sandbox_response(
        &self,
        key: &RecordingKey,
        scheme: &Scheme,
        request: &RecordedRequest,
        workspace: &Workspace,
        redactor: &RefCell<Redactor>,
    ) -> Result<ReplayedResponse, ReplayMiss> {
        let (file, scheme) = (key.file.as_str(), scheme.name.as_str());
        let mut replay = self.sandbox_addresses.borrow_mut();
        let replay = replay.get_or_insert_with(|| RecordingReplay::new(workspace));
        let request = self.as_recorded(request, replay, (file, scheme), redactor);
        let replayed = replay.respond(file, scheme, &request)?;
        Ok(self.with_current_run_id(replayed))
    }

    /// A request as it is recorded. Recordings hold the names of secrets in place of their values;
    /// most requests hold no secret, so it is looked for only in one that is not found as it is.
    fn as_recorded(
        &self,
        request: &RecordedRequest,
        replay: &RecordingReplay,
        (file, scheme): (&str, &str),
        redactor: &RefCell<Redactor>,
    ) -> RecordedRequest {
        let with_run_id = self.with_run_id_placeholder(request);
        if replay.has_response(file, scheme, &with_run_id) {
            return with_run_id;
        }
        self.request_to_record(request, &mut redactor.borrow_mut())
    }

    /// A request as a recording states it: without the id of the run, and with the names of secrets.
    pub(crate) fn request_to_record(
        &self,
        request: &RecordedRequest,
        redactor: &mut Redactor,
    ) -> RecordedRequest {
        Redaction::for_run(&self.run_id).redact_request(request, redactor)
    }

    /// A request as recordings hold it, whose run had another id.
    fn with_run_id_placeholder(&self, request: &RecordedRequest) -> RecordedRequest {
        self.request_to_record(request, &mut Redactor::default())
    }

    /// A recorded response that repeats the id of its run repeats the id of this one.
    fn with_current_run_id(&self, replayed: ReplayedResponse) -> ReplayedResponse {
        let response = replayed.response.map(|response| {
            // A body that is not text has no placeholder.
            let text = response
                .text()
                .ok()
                .filter(|text| text.contains(RUN_ID_PLACEHOLDER));
            match text.map(|text| text.replace(RUN_ID_PLACEHOLDER, &self.run_id)) {
                Some(text) => response.with_text(text),
                None => response,
            }
        });
        ReplayedResponse {
            response,
            ..replayed
        }
    }

    /// Keeps an exchange that went as expected for the recording of its file.
    pub(crate) fn record_response(
        &self,
        observed: &ObservedExchange<'_>,
        workspace: &Workspace,
        redactor: &mut Redactor,
    ) {
        let mut mode = self.mode.borrow_mut();
        let RecordingMode::Record(recorder, _) = &mut *mode else {
            return;
        };
        if is_token_request(observed) {
            let reason = "it requests a token, and ingam never records token requests";
            let reason = SkipReason::CannotRecord(reason.to_owned());
            return recorder.skip_unit(observed.recording_key, reason);
        }
        let redacted = self.personal.redact_exchange(observed, workspace, redactor);
        match redacted {
            Ok((request, response)) => recorder.capture(
                observed.recording_key,
                &observed.scheme.name,
                recorded_exchange(request, response, observed.rounds),
            ),
            // Nothing of the unit is recorded, rather than a recording that holds a secret or lacks
            // an exchange.
            Err(error) => recorder.skip_unit(
                observed.recording_key,
                SkipReason::CannotRecord(error.to_string()),
            ),
        }
    }

    /// Records nothing of a unit: one of its exchanges did not go as expected.
    pub(crate) fn reject_unit(&self, key: &RecordingKey, reason: &str) {
        if let RecordingMode::Record(recorder, _) = &mut *self.mode.borrow_mut() {
            recorder.skip_unit(key, SkipReason::NotAsExpected(reason.to_owned()));
        }
    }

    /// Ends a unit; `is_whole` if all of its steps were reached.
    pub(crate) fn end_unit(&self, key: &RecordingKey, is_whole: bool) {
        if let RecordingMode::Record(recorder, _) = &mut *self.mode.borrow_mut() {
            recorder.end_unit(key, is_whole);
        }
    }

    /// Ends all fixtures: they end with the run.
    pub(crate) fn end_fixtures(&self) {
        if let RecordingMode::Record(recorder, _) = &mut *self.mode.borrow_mut() {
            recorder.end_fixtures();
        }
    }

    /// Writes the recording of a file; `is_whole` if all of its units have ended.
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
                    masks: scheme_masks(workspace, scheme).to_vec(),
                    now_ms,
                },
                main_scheme,
            );
        }
    }

    /// Compares a response with its recording, and returns the differences; `None` in other modes,
    /// and for fixtures, since what they create differs in every run.
    ///
    /// # Errors
    /// When nothing is recorded for the request, or one of the two responses cannot be read or
    /// redacted, so that it is unknown whether they differ.
    pub(crate) fn compare(
        &self,
        observed: &ObservedExchange<'_>,
        at: Span,
        workspace: &Workspace,
        secrets: &RefCell<Redactor>,
    ) -> Result<Option<Vec<FailureReport>>, CompareError> {
        let mut mode = self.mode.borrow_mut();
        let RecordingMode::Compare(replay) = &mut *mode else {
            return Ok(None);
        };
        if observed.recording_key.is_fixture() {
            return Ok(None);
        }
        let output = || {
            let personal = self.personal.search(observed.recording_key);
            OutputRedactor::new(secrets.borrow_mut(), personal)
        };
        let recorded = self.next_recorded(observed, replay, &mut secrets.borrow_mut())?;
        let expected = match recorded.response {
            Ok(expected) => expected,
            Err(ReplayError::ConnectionClosed) => {
                let status = observed.response.status;
                return Ok(Some(vec![unrecorded_fault(status, at, &mut output())]));
            }
            Err(error) => return Err(CompareError::Recording(error)),
        };
        // The recording holds pseudonyms: only a response that is redacted the same way can equal
        // it.
        let actual = self.redacted_response(observed, workspace, &mut secrets.borrow_mut())?;
        let expected = self
            .personal
            .redact_expected(observed, workspace, expected, &mut secrets.borrow_mut())
            .map_err(|error| RedactResponseError::Redaction(error.into()))?;
        let masks = scheme_masks(workspace, &observed.scheme.name);
        let differences = response_differences(&expected, &actual, masks, at, &mut output())?;
        Ok(Some(differences))
    }

    /// Takes the next recorded response of a request.
    fn next_recorded(
        &self,
        observed: &ObservedExchange<'_>,
        replay: &mut RecordingReplay,
        redactor: &mut Redactor,
    ) -> Result<ReplayedResponse, CompareError> {
        let (file, scheme) = (&observed.recording_key.file, &observed.scheme.name);
        let request = self.request_to_record(observed.request, redactor);
        replay
            .respond(file, scheme, &request)
            .map_err(|miss| CompareError::NotRecorded(Box::new(miss)))
    }

    /// A response as it may be written to a file: its status, its body and those headers that are
    /// recorded, redacted.
    ///
    /// # Errors
    /// When it cannot be redacted.
    pub(crate) fn redacted_response(
        &self,
        observed: &ObservedExchange<'_>,
        workspace: &Workspace,
        redactor: &mut Redactor,
    ) -> Result<WireResponse, RedactResponseError> {
        let redacted = self.personal.redact_exchange(observed, workspace, redactor);
        let (_, response) = redacted?;
        // An empty body in place of one that cannot be read could be accepted as a snapshot.
        let body = read_body(&response, &workspace.root).map_err(RedactResponseError::Body)?;
        Ok(WireResponse::new(
            response.status,
            response.headers,
            body,
            observed.response.latency,
        ))
    }
}

/// Whether a request can get a recorded response in a mode.
fn can_respond(mode: &RecordingMode) -> bool {
    match mode {
        RecordingMode::Replay(_) => true,
        RecordingMode::Record(recorder, _) => recorder.record_scope() == RecordScope::Missing,
        RecordingMode::Disabled | RecordingMode::Compare(_) => false,
    }
}

fn recorded_exchange(
    request: RecordedRequest,
    response: RecordedResponse,
    rounds: Option<u32>,
) -> RecordedExchange {
    RecordedExchange {
        at: Span::default(),
        request,
        outcome: RecordedOutcome::Response(response),
        times: None,
        rounds,
        delay: None,
        then_push: None,
    }
}

/// The paths of a scheme's responses that vary from call to call.
fn scheme_masks<'w>(workspace: &'w Workspace, scheme: &str) -> &'w [ValuePath] {
    match workspace.scheme(scheme) {
        Some(scheme) => &scheme.masks,
        None => &[],
    }
}

/// Whether a request file calls a token endpoint. ingam itself calls them without recording.
fn is_token_request(observed: &ObservedExchange<'_>) -> bool {
    token_requests(observed.scheme)
        .filter_map(|request| request.path.as_literal())
        .any(|path| path == observed.request.path)
}

fn token_requests(scheme: &Scheme) -> impl Iterator<Item = &TokenRequest> {
    scheme.tokens.iter().flat_map(Token::requests)
}

/// The recording closes the connection, and the environment answered.
fn unrecorded_fault(status: u16, at: Span, redactor: &mut OutputRedactor<'_>) -> FailureReport {
    let no_differences = DifferenceList::default();
    let expected = "a closed connection, as recorded".to_owned();
    let actual = format!("a response with status {status}");
    difference(
        "response",
        [expected, actual],
        &no_differences,
        at,
        redactor,
    )
}

/// The differences in status and body, as failures of the step.
fn response_differences(
    expected: &WireResponse,
    actual: &WireResponse,
    masks: &[ValuePath],
    at: Span,
    redactor: &mut OutputRedactor<'_>,
) -> Result<Vec<FailureReport>, MaskError> {
    let mut failures = Vec::new();
    if expected.status != actual.status {
        let recorded = format!("{} as it was recorded", expected.status);
        let texts = [recorded, actual.status.to_string()];
        let no_differences = DifferenceList::default();
        failures.push(difference("status", texts, &no_differences, at, redactor));
    }
    if let Some((texts, differences)) = body_difference(expected, actual, masks)? {
        failures.push(difference("body", texts, &differences, at, redactor));
    }
    Ok(failures)
}

/// What was expected and what came, if the bodies differ.
fn body_difference(
    expected: &WireResponse,
    actual: &WireResponse,
    masks: &[ValuePath],
) -> Result<Option<([String; 2], DifferenceList)>, MaskError> {
    if let (Ok(expected), Ok(actual)) = (expected.json(), actual.json())
        // Of two members with one name a tree holds one: such bodies are compared as they are.
        && expected.duplicate_inside().is_none()
        && actual.duplicate_inside().is_none()
    {
        let masked = |json: JsonRef<'_>| apply_masks(&json.to_value(), masks);
        let (expected, actual) = (masked(expected)?, masked(actual)?);
        let texts = || ["the recorded JSON".to_owned(), "another one".to_owned()];
        return Ok((expected != actual).then(|| (texts(), check::differences(&expected, &actual))));
    }
    let texts = || {
        [
            format!("the recorded body of {} bytes", expected.body().len()),
            format!("another one of {} bytes", actual.body().len()),
        ]
    };
    // The names of secrets and pseudonyms may be spelled differently in the bytes.
    let is_same = match (expected.text(), actual.text()) {
        (Ok(expected), Ok(actual)) => {
            expected == actual
                || apply_text_masks(expected, masks)? == apply_text_masks(actual, masks)?
        }
        _ => expected.body() == actual.body(),
    };
    Ok((!is_same).then(|| (texts(), DifferenceList::default())))
}

fn difference(
    subject: &str,
    [expected, actual]: [String; 2],
    differences: &DifferenceList,
    at: Span,
    redactor: &mut OutputRedactor<'_>,
) -> FailureReport {
    FailureReport {
        at,
        subject: redactor.redact_for_display(subject),
        expected: redactor.redact_for_display(&expected),
        actual: redactor.redact_for_display(&actual),
        hint: None,
        differences: difference_reports(differences, redactor),
    }
}
