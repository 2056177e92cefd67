//! Executes a step: renders, sends and judges its calls, then compares the last response with
//! recordings and the snapshot.

use super::attempts::Attempts;
use super::context::RunContext;
use super::cookies::{AccountCookies, CookieJar};
use super::exchange::{Exchange, ExchangeContext, ExchangeLog, JudgedResponse};
use super::external::RedirectPolicy;
use super::observed_exchange::ObservedExchange;
use super::personal_data::redact_rules;
use super::recording_hint::recording_hint;
use super::response_secrets::DeclaredSecrets;
use super::run_budget::BudgetClass;
use super::run_recordings::CompareError;
use super::snapshot_check::SnapshotCheck;
use super::step_error::{MissingRecording, StepError};
use super::step_undos::{StepUndos, UndoOwner};
use super::{advice, failures};
use crate::check::{
    self, CaptureFailure, CapturedValue, DifferenceList, PredicateFailure, ResponseView,
};
use crate::event::FailureReport;
use crate::jsonpath::NameStandsTwice;
use crate::ledger::LedgerOwner;
use crate::model::assertion::{Assertion, Subject};
use crate::model::capture::Capture;
use crate::model::outcome::ExpectedOutcome;
use crate::model::recording::RecordedRequest;
use crate::model::redact_rule::RedactRule;
use crate::model::repeat::RepeatMode;
use crate::model::request::Step;
use crate::model::scheme::{Level, Scheme};
use crate::model::secret_rules::SecretRules;
use crate::plan::Unit;
use crate::recording::{self, RecordingKey};
use crate::redact::{OutputRedactor, RedactedText};
use crate::render::{
    FreshValues, PlaceholderScope, RenderError, VariableLayer, VariableOrigin, VariableScope,
    render_draft, render_tree,
};
use crate::sign::choose_level;
use crate::transport::DEFAULT_MAX_BODY;
use crate::value::Value;
use crate::wire::{Draft, RequestTarget, WireResponse};
use crate::xml::XPathForm;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A poll can end sooner or later than the recorded one: its last response is compared with at most
/// this many recorded responses.
const MAX_RECORDED_RESPONSES: usize = 100;

/// What is shown of a response that no rule of `redact` can be applied to. The exchange says why.
const HIDDEN: &str = "‹redacted›";

/// The unit or fixture that a step belongs to.
pub(super) struct StepOwner<'c> {
    pub(super) recording_key: RecordingKey,
    pub(super) redact_rules: &'c [RedactRule],
    pub(super) secret_rules: &'c SecretRules,
    /// Of the request file or the fixture.
    pub(super) name: &'c str,
    /// `None` for a fixture, whose responses have no snapshots.
    pub(super) unit: Option<&'c Unit<'c>>,
    pub(super) undos: &'c StepUndos<'c>,
    /// In a file with `cookies: keep`.
    pub(super) cookies: Option<&'c CookieJar>,
}

impl StepOwner<'_> {
    /// As whom a step is sent.
    pub(super) fn account_of<'s>(&'s self, step: &'s Step) -> Option<&'s str> {
        let own = step.account.as_ref().map(|account| account.name.as_str());
        own.or(self.recording_key.account.as_deref())
    }

    pub(super) fn undo_owner(&self) -> UndoOwner<'_> {
        let name = self.name.to_owned();
        let (ledger_owner, label) = match self.unit {
            Some(unit) => (LedgerOwner::Request(name), unit.id()),
            None => (LedgerOwner::Fixture(name.clone()), name),
        };
        UndoOwner {
            ledger_owner,
            label,
            recording_key: &self.recording_key,
            redact_rules: self.redact_rules,
            secret_rules: self.secret_rules,
        }
    }
}

/// What the assertions, captures, recordings and snapshot say of a response.
#[derive(Default)]
pub(super) struct Judgement {
    pub(super) failures: Vec<FailureReport>,
    pub(super) notes: Vec<String>,
    /// Why the step was not sent, though nothing is wrong.
    pub(super) skipped: Option<String>,
}

/// A step with all that its calls need.
pub(super) struct StepExecution<'a> {
    pub(super) owner: &'a StepOwner<'a>,
    pub(super) step: &'a Step,
    pub(super) scheme: &'a Scheme,
    /// How many requests the step has sent.
    pub(super) requests: Cell<usize>,
    /// How many rounds its `for_each` has.
    pub(super) rounds: Cell<Option<u32>>,
    /// The file that the call writes, by its segments.
    pub(super) output: RefCell<Option<Vec<String>>>,
    pub(super) context: &'a RunContext<'a>,
}

/// One response of a step.
pub(super) struct StepResponse {
    judged: Rc<JudgedResponse>,
    /// The request with placeholders, where the run compares it with recordings or a snapshot.
    unsigned: Option<Box<RecordedRequest>>,
}

impl StepResponse {
    pub(super) fn response(&self) -> &WireResponse {
        &self.judged.response
    }

    /// Whether it refuses the caller, and not what the request says.
    pub(super) fn is_refused_at_the_door(&self) -> bool {
        advice::is_refused_at_the_door(&self.judged.outcome)
    }
}

/// The members of a response whose names stand twice, which no failure names already.
fn duplicate_notes(response: &WireResponse, failures: &[FailureReport]) -> Vec<String> {
    const MOST: usize = 3;
    // Nothing of a body in a file is recorded.
    if response.streamed_body().is_some() {
        return Vec::new();
    }
    // Nobody may have looked at the body yet, and only objects have members.
    let first = response
        .body()
        .iter()
        .find(|byte| !byte.is_ascii_whitespace());
    if !matches!(first, Some(b'{' | b'[')) {
        return Vec::new();
    }
    let Ok(json) = response.json() else {
        return Vec::new();
    };
    let is_named = |twice: &NameStandsTwice| {
        let text = twice.to_string();
        let names = |shown: &RedactedText| shown.as_str().contains(&text);
        failures
            .iter()
            .any(|failure| names(&failure.actual) || failure.hint.as_ref().is_some_and(names))
    };
    let mut notes: Vec<String> = NameStandsTwice::all_of(json)
        .take(MOST)
        .filter(|twice| !is_named(twice))
        .map(|twice| format!("{twice}; recordings and snapshots keep the last one"))
        .collect();
    match json.duplicate_count() {
        0..=MOST => {}
        many => notes.push(format!(
            "{} more names appear twice in objects of the response",
            many - MOST
        )),
    }
    notes
}

impl StepCall {
    fn not_sent(error: impl Into<StepError>) -> Self {
        Self {
            result: Err(error.into()),
            log: ExchangeLog::default(),
        }
    }
}

/// The result of one call of a step, and its log.
pub(super) struct StepCall {
    pub(super) result: Result<StepResponse, StepError>,
    pub(super) log: ExchangeLog,
}

/// The result of a step, and its log.
pub(super) struct StepOutcome {
    pub(super) result: Result<Judgement, StepError>,
    pub(super) log: ExchangeLog,
    /// How many requests were sent.
    pub(super) requests: usize,
}

impl StepOutcome {
    /// The step ended before anything was sent.
    pub(super) fn not_sent(error: impl Into<StepError>) -> Self {
        Self {
            result: Err(error.into()),
            log: ExchangeLog::default(),
            requests: 0,
        }
    }
}

impl StepExecution<'_> {
    pub(super) fn outcome(
        &self,
        result: Result<Judgement, StepError>,
        log: ExchangeLog,
    ) -> StepOutcome {
        StepOutcome {
            result,
            log,
            requests: self.requests.get(),
        }
    }

    /// The usual step: one call, one response.
    pub(super) async fn run_once(&self, variables: &mut VariableScope) -> StepOutcome {
        let StepCall { result, mut log } = self.send(variables, variables.fresh_values()).await;
        let result = result.and_then(|response| {
            let judgement = self.judge(&response, variables)?;
            self.conclude(&response, judgement, &mut log)
        });
        self.outcome(result, log)
    }

    /// Sends the request. Fresh values of templates (`uuid()`, `now()`) come with the variables, so
    /// that they are the same for every call of the step; `fresh` signs this call.
    pub(super) async fn send(&self, variables: &VariableScope, fresh: FreshValues) -> StepCall {
        match self.render(variables) {
            Ok(draft) => {
                self.send_rendered(Rc::new(draft), None, variables, fresh)
                    .await
            }
            Err(error) => StepCall::not_sent(error),
        }
    }

    /// The request with the variables of this moment.
    pub(super) fn render(&self, variables: &VariableScope) -> Result<Draft, RenderError> {
        render_draft(
            self.step,
            variables,
            variables.fresh_values(),
            self.context.environment.files,
        )
    }

    /// Sends a request that was rendered with these variables, for this target if there is one.
    pub(super) async fn send_rendered(
        &self,
        draft: Rc<Draft>,
        target: Option<&RequestTarget>,
        variables: &VariableScope,
        fresh: FreshValues,
    ) -> StepCall {
        let mut call = match self.prepare_output(variables) {
            // On the heap: all that waits for it would hold its state, and be moved with it.
            Ok(()) => match Box::pin(self.send_draft(&draft, target, variables, fresh)).await {
                Ok(call) => call,
                Err(error) => StepCall::not_sent(error),
            },
            Err(error) => StepCall::not_sent(error),
        };
        call.log.draft = Some(draft);
        call
    }

    async fn send_draft(
        &self,
        draft: &Draft,
        target: Option<&RequestTarget>,
        variables: &VariableScope,
        fresh: FreshValues,
    ) -> Result<StepCall, StepError> {
        let (step, scheme, context) = (self.step, self.scheme, self.context);
        let level = self.level_at(&draft.path);
        let account = self.owner.account_of(step);
        let access = context.draft_access((scheme, level), draft, account)?;
        let unsigned = self.unsigned_request(variables, target, &access.account)?;
        let passage = self.body_passage(unsigned.is_some());
        let is_read = step.is_read(scheme, &draft.path, || draft.query_pairs());
        let attempts = Attempts {
            call: &ExchangeContext {
                recording_key: &self.owner.recording_key,
                redact_rules: self.owner.redact_rules,
                scheme,
                level,
                access: &access,
                timeout: step.timeout,
                max_body: self.max_body(),
                passage: passage.as_ref(),
                // A step that expects a failure may test an expired token, which must stay expired.
                can_renew_token: step.expected_outcome == ExpectedOutcome::Success,
                budget_class: BudgetClass::Step(self.owner.unit),
                secrets: DeclaredSecrets {
                    rules: self.owner.secret_rules,
                    step: Some(step),
                },
                redirects: RedirectPolicy {
                    max: step.redirects,
                    patterns: step.external.as_ref().map_or(&[], |hosts| &hosts.patterns),
                },
                cookies: self
                    .owner
                    .cookies
                    .map(|jar| AccountCookies { jar, account }),
                requests: &self.requests,
                attempt: Cell::new(1),
                rounds: self.rounds.get(),
                client: None,
                context,
            },
            max_attempts: step.max_attempts(is_read),
            is_read,
            explains_writes: step.expected_outcome == ExpectedOutcome::Success
                && !matches!(step.repeat, RepeatMode::Poll(_)),
            unsigned: unsigned.as_deref(),
        };
        let Exchange { result, log } = attempts.run(draft, fresh).await;
        let result = match result {
            Ok(judged) => Ok(StepResponse { judged, unsigned }),
            Err(StepError::NotRecorded(missing)) if missing.can_be_recorded => {
                let hint = self.recording_hint(variables, target, &access.account)?;
                Err(StepError::NotRecorded(MissingRecording {
                    hint: Some(hint),
                    ..missing
                }))
            }
            Err(error) => Err(error),
        };
        Ok(StepCall { result, log })
    }

    /// A text of a failure. Where a rule of `redact` could not be applied to the response, nothing of
    /// it is shown but a status.
    pub(super) fn redact_actual(&self, text: &str, response: &StepResponse) -> String {
        match &response.judged.hidden_because {
            Some(_) if !is_status(text) => HIDDEN.to_owned(),
            _ => self.output_redactor().redact(text),
        }
    }

    pub(super) fn output_redactor(&self) -> OutputRedactor<'_> {
        self.context.output_redactor(&self.owner.recording_key)
    }

    /// The largest response: by the step, by the environment, or by default.
    fn max_body(&self) -> usize {
        let context = self.context;
        let environment = context
            .environment
            .workspace
            .environment(&context.options.environment);
        let said = self
            .step
            .max_body
            .or_else(|| environment.and_then(|environment| environment.max_body));
        said.and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(DEFAULT_MAX_BODY)
    }

    /// The level that signs a request for this path.
    pub(super) fn level_at(&self, path: &str) -> &Level {
        choose_level(self.scheme, self.step.level_name(), self.step.method, path)
    }

    /// The request with placeholders, if the run compares it with recordings or a snapshot.
    fn unsigned_request(
        &self,
        variables: &VariableScope,
        target: Option<&RequestTarget>,
        account: &str,
    ) -> Result<Option<Box<RecordedRequest>>, RenderError> {
        let has_snapshot = self.owner.unit.is_some() && self.wants_snapshot();
        let is_played =
            self.step.external.is_some() && self.context.environment.accesses.is_sandbox();
        if !has_snapshot && !is_played && !self.context.state.recordings.is_enabled() {
            return Ok(None);
        }
        let request = self.placeholder_request(variables, target, account)?;
        // Boxed, since it is kept while the request is sent.
        Ok(Some(Box::new(request)))
    }

    /// The request as recordings state it.
    fn placeholder_request(
        &self,
        variables: &VariableScope,
        target: Option<&RequestTarget>,
        account: &str,
    ) -> Result<RecordedRequest, RenderError> {
        let draft = render_draft(
            self.step,
            &PlaceholderScope(variables),
            variables.fresh_values(),
            self.context.environment.files,
        )?;
        let draft = match target {
            Some(target) => draft.with_target(target),
            None => draft,
        };
        Ok(recording::unsigned_request(&draft, account))
    }

    /// Which file to write for a request without a recording, and what. It is rendered only now:
    /// the sandbox finds recordings by itself.
    fn recording_hint(
        &self,
        variables: &VariableScope,
        target: Option<&RequestTarget>,
        account: &str,
    ) -> Result<String, RenderError> {
        let context = self.context;
        if context.options.delivers_response {
            return Ok("to send it to the marketplace, use `--env live` or another environment of your own".to_owned());
        }
        let request = self.placeholder_request(variables, target, account)?;
        let request = context
            .state
            .recordings
            .request_to_record(&request, &mut context.state.redactor.borrow_mut());
        Ok(recording_hint(
            &self.owner.recording_key,
            self.scheme,
            &request,
            context.environment.workspace,
        ))
    }

    fn wants_snapshot(&self) -> bool {
        // Every round has a response of its own, and a step has one snapshot.
        self.step.for_each.is_none()
            && (self.step.snapshot.is_some() || self.context.options.snapshots.every_step)
    }

    /// Whether the response is what `ok` expects.
    pub(super) fn is_expected(&self, response: &StepResponse) -> bool {
        advice::unexpected_outcome(self.step.expected_outcome, &response.judged.outcome).is_none()
    }

    /// Evaluates `ok`, the captures and the assertions. Captures come first, since assertions may
    /// use them.
    pub(super) fn judge(
        &self,
        response: &StepResponse,
        variables: &mut VariableScope,
    ) -> Result<Judgement, StepError> {
        let redact = |text: &str| self.redact_actual(text, response);
        let view = ResponseView::new(response.response()).with_redaction(&redact);
        let mut judgement = self.judge_outcome(response, &view, variables);
        variables.check_size(self.step.at)?;
        // The marketplace has not looked at the request: what is asserted of its response would
        // only repeat that.
        if !self.is_expected(response) && advice::is_refused_at_the_door(&response.judged.outcome) {
            return Ok(judgement);
        }
        let has_captures = self.has_captures(variables);
        match self.unmet_assertions(&self.step.assertions, response, variables) {
            Ok(unmet) => judgement.failures.extend(unmet),
            // The assertions may use a capture that failed, which is reported already.
            Err(error) if !has_captures => judgement
                .notes
                .push(format!("assertions were not evaluated: {}", error.reason)),
            Err(error) => return Err(error.into()),
        }
        let twice = duplicate_notes(response.response(), &judgement.failures);
        judgement.notes.extend(twice);
        Ok(judgement)
    }

    /// Evaluates `ok`, and the captures if it holds.
    fn judge_outcome(
        &self,
        response: &StepResponse,
        view: &ResponseView<'_>,
        variables: &mut VariableScope,
    ) -> Judgement {
        match advice::unexpected_outcome(self.step.expected_outcome, &response.judged.outcome) {
            // An error response lacks the values to capture: reporting each would hide its cause.
            Some((expected, actual)) => Judgement {
                failures: vec![failures::unexpected_outcome(
                    self.step,
                    (&expected, &actual),
                    &advice::way_out(self.step, &response.judged.outcome),
                    &mut self.output_redactor(),
                )],
                ..Judgement::default()
            },
            None => self.capture_all(response, view, variables),
        }
    }

    fn has_captures(&self, variables: &VariableScope) -> bool {
        let mut captures = self.step.captures.iter();
        captures.all(|capture| variables.get(&capture.name).is_some())
    }

    /// The assertions that do not hold.
    pub(super) fn unmet_assertions(
        &self,
        assertions: &[Assertion],
        response: &StepResponse,
        variables: &VariableScope,
    ) -> Result<Vec<FailureReport>, RenderError> {
        let redact = |text: &str| self.redact_actual(text, response);
        let view = ResponseView::new(response.response()).with_redaction(&redact);
        let unmet = check::judge(assertions, &view, &|template| {
            render_tree(template, variables)
        })?;
        if unmet.is_empty() {
            return Ok(Vec::new());
        }
        let shown = self.without_short_values(&unmet, assertions, response, variables)?;
        let mut reports: Vec<FailureReport> = shown
            .iter()
            .map(|failure| failures::assertion_failure(failure, &mut self.output_redactor()))
            .collect();
        if self.context.shows_personal(&self.owner.recording_key) {
            let personal = self.unmet_with_personal_data(assertions, response, variables)?;
            let personal = personal.into_iter();
            reports = reports
                .into_iter()
                .zip(personal)
                .map(|(report, personal)| report.shown_as(personal))
                .collect();
        }
        Ok(reports)
    }

    /// The failures as they are described. Personal data that is too short to be searched for in
    /// texts could stand in them: then the response is judged again without it, for the texts.
    fn without_short_values(
        &self,
        unmet: &[PredicateFailure],
        assertions: &[Assertion],
        response: &StepResponse,
        variables: &VariableScope,
    ) -> Result<Vec<PredicateFailure>, RenderError> {
        let key = &self.owner.recording_key;
        let personal = &self.context.state.recordings.personal;
        let Some(redacted) = self.response_without_short_values(response) else {
            return Ok(unmet.to_vec());
        };
        let redact = |text: &str| self.redact_actual(text, response);
        let view = ResponseView::new(&redacted).with_redaction(&redact);
        let described = check::judge(assertions, &view, &|template| {
            let operand = render_tree(template, variables)?;
            Ok::<_, RenderError>(Cow::Owned(personal.redacted_operand(key, &operand)))
        })?;
        let described = |failure: &PredicateFailure| {
            let same = |other: &&PredicateFailure| {
                (other.at, &other.subject, &other.path)
                    == (failure.at, &failure.subject, &failure.path)
            };
            let found = described.iter().find(same);
            // It holds for the pseudonym: nothing describes it.
            found.cloned().unwrap_or_else(|| PredicateFailure {
                actual: HIDDEN.to_owned(),
                reason: None,
                differences: DifferenceList::default(),
                ..failure.clone()
            })
        };
        Ok(unmet.iter().map(described).collect())
    }

    /// The response with everything replaced that a rule names; `None` where all of it is found in
    /// texts.
    fn response_without_short_values(&self, response: &StepResponse) -> Option<WireResponse> {
        let key = &self.owner.recording_key;
        let personal = &self.context.state.recordings.personal;
        if response.judged.hidden_because.is_some() || !personal.has_short_values(key) {
            return None;
        }
        let workspace = self.context.environment.workspace;
        let rules = redact_rules(self.scheme, workspace, self.owner.redact_rules);
        // A rule that cannot be applied was found when the response came.
        let redacted = personal.redacted_response(key, &rules, response.response());
        redacted.ok().flatten()
    }

    /// The same failures with personal data and without secrets, for a person at a terminal.
    fn unmet_with_personal_data(
        &self,
        assertions: &[Assertion],
        response: &StepResponse,
        variables: &VariableScope,
    ) -> Result<Vec<FailureReport>, RenderError> {
        let redact = |text: &str| self.context.terminal_redactor().redact(text);
        let view = ResponseView::new(response.response()).with_redaction(&redact);
        let unmet = check::judge(assertions, &view, &|template| {
            render_tree(template, variables)
        })?;
        Ok(unmet
            .iter()
            .map(|failure| {
                failures::assertion_failure(failure, &mut self.context.terminal_redactor())
            })
            .collect())
    }

    /// A capture that failed, described without personal data that is too short to be searched for
    /// in texts.
    fn capture_failure(
        &self,
        capture: &Capture,
        failure: CaptureFailure,
        response: &StepResponse,
    ) -> FailureReport {
        let redact = |text: &str| self.redact_actual(text, response);
        let failure = match self.response_without_short_values(response) {
            None => failure,
            Some(redacted) => {
                let view = ResponseView::new(&redacted).with_redaction(&redact);
                check::capture(capture, &view).err().unwrap_or(failure)
            }
        };
        failures::capture_failure(&failure, &mut self.output_redactor())
    }

    fn capture_all(
        &self,
        response: &StepResponse,
        view: &ResponseView<'_>,
        variables: &mut VariableScope,
    ) -> Judgement {
        let mut judgement = Judgement::default();
        for capture in &self.step.captures {
            match self.capture_value(capture, response, view) {
                Ok(captured) => {
                    judgement.notes.extend(default_note(capture, &captured));
                    variables.set(
                        capture.name.as_str(),
                        captured.value,
                        VariableOrigin {
                            layer: VariableLayer::Capture,
                            at: Some(capture.name_at),
                        },
                    );
                }
                Err(failure) => {
                    let failure = self.capture_failure(capture, failure, response);
                    judgement.failures.push(failure);
                }
            }
        }
        judgement
    }

    /// What a capture takes, for a step that is sent again; nothing is set.
    pub(super) fn captured(
        &self,
        capture: &Capture,
        response: &StepResponse,
    ) -> Result<Value, Box<FailureReport>> {
        let redact = |text: &str| self.redact_actual(text, response);
        let view = ResponseView::new(response.response()).with_redaction(&redact);
        self.capture_value(capture, response, &view)
            .map(|captured| captured.value)
            .map_err(|failure| Box::new(self.capture_failure(capture, failure, response)))
    }

    fn note_captured(&self, capture: &Capture, value: &Value, response: &StepResponse) {
        if let Some(redacted) = self.response_without_short_values(response)
            && let Ok(redacted) = check::capture(capture, &ResponseView::new(&redacted))
        {
            let personal = &self.context.state.recordings.personal;
            personal.note_captured(&self.owner.recording_key, value, &redacted.value);
        }
    }

    /// The value of a capture. A list that joins all pages may be empty on one page.
    fn capture_value(
        &self,
        capture: &Capture,
        response: &StepResponse,
        view: &ResponseView<'_>,
    ) -> Result<CapturedValue, CaptureFailure> {
        let captured = check::capture(capture, view);
        if let Ok(captured) = &captured {
            self.note_captured(capture, &captured.value, response);
        }
        let is_joined = matches!(self.step.repeat, RepeatMode::Pages(_)) && captures_list(capture);
        match captured {
            Err(failure) if is_joined && failure.found_nothing() => Ok(CapturedValue {
                value: Value::List(Vec::new()),
                missing: None,
            }),
            captured => captured,
        }
    }

    /// Ends a step that has a response: recordings, advice, snapshot.
    pub(super) fn conclude(
        &self,
        response: &StepResponse,
        mut judgement: Judgement,
        log: &mut ExchangeLog,
    ) -> Result<Judgement, StepError> {
        judgement
            .failures
            .extend(self.record_and_compare(response)?);
        judgement.notes.append(&mut log.warnings);
        if !judgement.failures.is_empty() {
            judgement.notes.extend(advice::notes_for_refusal(
                self.scheme,
                &response.judged.outcome,
                response.response(),
                (self.context.environment.clock)(),
            ));
            if advice::is_refused_signature(&response.judged.outcome) {
                judgement
                    .notes
                    .extend(self.own_signature_notes(response, log));
                judgement.notes.extend(self.explain_note());
            }
        }
        // Last: a response that failed anything above must not be written as a snapshot.
        self.compare_with_snapshot(response, &mut judgement)?;
        if judgement.failures.is_empty() {
            judgement.notes.extend(self.write_output(response)?);
        }
        Ok(judgement)
    }

    /// The command that shows how a refused signature came about.
    fn explain_note(&self) -> Option<String> {
        let unit = self.owner.unit?;
        // A call of the command line stands in no file that could be named.
        if self.context.options.delivers_response {
            return Some("`-v` shows the signature step by step".to_owned());
        }
        Some(format!(
            "`ingam explain '{}' --env {}` shows the signature step by step",
            unit.id(),
            self.context.options.environment
        ))
    }

    fn compare_with_snapshot(
        &self,
        response: &StepResponse,
        judgement: &mut Judgement,
    ) -> Result<(), StepError> {
        let Some(unit) = self.snapshot_unit(response) else {
            return Ok(());
        };
        let context = self.context;
        let headers = self.inspected_headers(response);
        let Some(observed) = self.observed_exchange(response, &headers) else {
            return Ok(());
        };
        let redacted = context.state.recordings.redacted_response(
            &observed,
            context.environment.workspace,
            &mut context.state.redactor.borrow_mut(),
        )?;
        let outcome = SnapshotCheck {
            unit,
            step: self.step,
            scheme: self.scheme,
            response: &redacted,
            has_failures: !judgement.failures.is_empty(),
        }
        .compare(context)?;
        judgement.failures.extend(outcome.failure);
        judgement.notes.extend(outcome.note);
        Ok(())
    }

    /// The unit whose snapshot this response is compared with.
    fn snapshot_unit(&self, response: &StepResponse) -> Option<&Unit<'_>> {
        self.owner
            .unit
            .filter(|_| self.wants_snapshot() && self.is_expected(response))
    }

    fn observed_exchange<'m>(
        &'m self,
        response: &'m StepResponse,
        headers: &'m [String],
    ) -> Option<ObservedExchange<'m>> {
        Some(ObservedExchange {
            recording_key: &self.owner.recording_key,
            scheme: self.scheme,
            request: response.unsigned.as_deref()?,
            response: response.response(),
            inspected_headers: headers,
            redact_rules: self.owner.redact_rules,
            rounds: self.rounds.get(),
        })
    }

    /// The response headers that the step asserts or captures, in lower case: recordings keep them.
    fn inspected_headers(&self, response: &StepResponse) -> Vec<String> {
        if response.unsigned.is_none() {
            return Vec::new();
        }
        let repeat = &self.step.repeat;
        let asserted = repeat.conditions().chain(&self.step.assertions);
        let asserted = asserted.map(|assertion| &assertion.subject);
        let captured = self.step.captures.iter().chain(repeat.captures());
        let captured = captured.map(|capture| &capture.from);
        asserted
            .chain(captured)
            .filter_map(|subject| match subject {
                Subject::Header(name) => Some(name.to_ascii_lowercase()),
                Subject::Cookie(_) => Some("set-cookie".to_owned()),
                _ => None,
            })
            .collect()
    }

    /// Records the exchange, or compares it with its recording, as the mode of the run says.
    pub(super) fn record_and_compare(
        &self,
        response: &StepResponse,
    ) -> Result<Vec<FailureReport>, StepError> {
        let headers = self.inspected_headers(response);
        let Some(observed) = self.observed_exchange(response, &headers) else {
            return Ok(Vec::new());
        };
        self.record_response(response, &observed);
        self.compare_with_recording(&observed)
    }

    /// Records a response of a poll after which the request is sent again, also if it is a refusal
    /// that the poll waits through.
    pub(super) fn record_intermediate(&self, response: &StepResponse) {
        let headers = self.inspected_headers(response);
        if let Some(observed) = self.observed_exchange(response, &headers) {
            self.record_expected(&observed);
        }
    }

    fn record_expected(&self, observed: &ObservedExchange<'_>) {
        let context = self.context;
        context.state.recordings.record_response(
            observed,
            context.environment.workspace,
            &mut context.state.redactor.borrow_mut(),
        );
    }

    fn record_response(&self, response: &StepResponse, observed: &ObservedExchange<'_>) {
        match advice::unexpected_outcome(self.step.expected_outcome, &response.judged.outcome) {
            None => self.record_expected(observed),
            Some((_, actual)) => {
                let reason = format!("the response was {actual}");
                let recordings = &self.context.state.recordings;
                recordings.reject_unit(observed.recording_key, &reason);
            }
        }
    }

    fn max_recorded_responses(&self) -> usize {
        match self.step.repeat {
            RepeatMode::Poll(_) => MAX_RECORDED_RESPONSES,
            RepeatMode::Once | RepeatMode::Pages(_) => 1,
        }
    }

    /// Recorded responses are taken in their order. A poll skips those that differ, since only the
    /// last one holds what it waited for.
    fn compare_with_recording(
        &self,
        observed: &ObservedExchange<'_>,
    ) -> Result<Vec<FailureReport>, StepError> {
        let context = self.context;
        let mut failures = Vec::new();
        for number in 0..self.max_recorded_responses() {
            let compared = context.state.recordings.compare(
                observed,
                self.step.at,
                context.environment.workspace,
                &context.state.redactor,
            );
            failures = match compared {
                Ok(Some(failures)) => failures,
                Ok(None) => break,
                // No more recorded responses: the differences to the last one are reported.
                Err(CompareError::NotRecorded(_)) if number > 0 => break,
                Err(error) => return Err(error.into()),
            };
            if failures.is_empty() {
                break;
            }
        }
        Ok(failures)
    }
}

fn is_status(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A default must never be taken in silence: the response may have changed.
fn default_note(capture: &Capture, captured: &CapturedValue) -> Option<String> {
    let reason = captured.missing.as_ref()?;
    Some(format!(
        "`{}` is its default, {}: {reason}",
        capture.name,
        captured.value.to_json()
    ))
}

/// Whether a capture takes every value that its path finds.
pub(super) fn captures_list(capture: &Capture) -> bool {
    let finds_list = match &capture.from {
        Subject::Path(path) => !path.is_singular(),
        Subject::XPath(path) => path.form() == XPathForm::NodeList,
        _ => false,
    };
    capture.takes_all || finds_list
}
