//! What a step does with one call of its own: render, sign, send, judge. A list of calls to the
//! rooms below.

use super::attempts::Attempts;
use super::context::RunContext;
use super::exchange::{Exchange, ExchangeContext, ExchangeLog, JudgedResponse};
use super::run_budget::BudgetClass;
use super::run_recordings::ObservedExchange;
use super::snapshot_check::SnapshotCheck;
use super::step_error::StepError;
use super::{advice, failures};
use crate::check::{self, CaptureFailure, ResponseView};
use crate::event::FailureReport;
use crate::model::assertion::{Assertion, Subject};
use crate::model::capture::Capture;
use crate::model::outcome::ExpectedOutcome;
use crate::model::recording::RecordedRequest;
use crate::model::redact_rule::RedactRule;
use crate::model::repeat::RepeatMode;
use crate::model::request::Step;
use crate::model::scheme::Scheme;
use crate::plan::Unit;
use crate::recording::{self, RecordingKey};
use crate::render::{
    FreshValues, PlaceholderScope, RenderError, VariableLayer, VariableOrigin, VariableScope,
    render_draft, render_tree,
};
use crate::sign::choose_level;
use crate::value::Value;
use crate::wire::{Draft, WireResponse};
use std::rc::Rc;

/// A poll is held against so many recorded answers, since it can end sooner or later than the
/// recorded one.
const MAX_RECORDED_RESPONSES: usize = 100;

/// Whose step it is, and what its file says is personal.
pub(super) struct StepOwner<'c> {
    pub(super) recording_key: RecordingKey,
    pub(super) redact_rules: &'c [RedactRule],
    /// Not of a fixture: its answers are there to be used, and have no snapshots.
    pub(super) unit: Option<&'c Unit<'c>>,
}

/// What does not hold in an answer.
#[derive(Default)]
pub(super) struct Judgement {
    pub(super) failures: Vec<FailureReport>,
    pub(super) notes: Vec<String>,
}

/// A step that is asked, as somebody.
pub(super) struct StepExecution<'a> {
    pub(super) owner: &'a StepOwner<'a>,
    pub(super) step: &'a Step,
    pub(super) scheme: &'a Scheme,
    pub(super) context: &'a RunContext<'a>,
}

/// One answer, and the request as recordings know it, where it is compared with them.
pub(super) struct StepResponse {
    judged: Rc<JudgedResponse>,
    unsigned: Option<RecordedRequest>,
}

impl StepResponse {
    pub(super) fn response(&self) -> &WireResponse {
        &self.judged.response
    }
}

impl StepCall {
    fn not_sent(error: impl Into<StepError>) -> Self {
        Self {
            result: Err(error.into()),
            log: ExchangeLog::default(),
        }
    }
}

/// One call of a step, whatever became of it.
pub(super) struct StepCall {
    pub(super) result: Result<StepResponse, StepError>,
    pub(super) log: ExchangeLog,
}

/// A step, whatever became of it.
pub(super) struct StepOutcome {
    pub(super) result: Result<Judgement, StepError>,
    pub(super) log: ExchangeLog,
}

impl StepOutcome {
    /// It ended before anything was sent.
    pub(super) fn not_sent(error: impl Into<StepError>) -> Self {
        Self {
            result: Err(error.into()),
            log: ExchangeLog::default(),
        }
    }
}

impl StepExecution<'_> {
    /// The usual step: one call, one response.
    pub(super) async fn run_once(&self, variables: &mut VariableScope) -> StepOutcome {
        let StepCall { result, mut log } = self.send(variables, variables.fresh_values()).await;
        let result = result.and_then(|response| {
            let judgement = self.judge(&response, variables)?;
            self.conclude(&response, judgement, &mut log)
        });
        StepOutcome { result, log }
    }

    /// Sends the request as the variables stand. What it renders anew (`uuid()`, `now()`) is the
    /// same for every call of a step, and comes with the variables; `fresh` signs this one.
    pub(super) async fn send(&self, variables: &VariableScope, fresh: FreshValues) -> StepCall {
        let rendered = render_draft(
            self.step,
            variables,
            variables.fresh_values(),
            self.context.environment.files,
        );
        let draft = match rendered {
            Ok(draft) => Rc::new(draft),
            Err(error) => return StepCall::not_sent(error),
        };
        let mut call = match self.send_draft(&draft, variables, fresh).await {
            Ok(call) => call,
            Err(error) => StepCall::not_sent(error),
        };
        call.log.draft = Some(draft);
        call
    }

    async fn send_draft(
        &self,
        draft: &Draft,
        variables: &VariableScope,
        fresh: FreshValues,
    ) -> Result<StepCall, StepError> {
        let (step, scheme, context) = (self.step, self.scheme, self.context);
        let level = choose_level(
            scheme,
            step.level.as_ref().map(|level| level.name.as_str()),
            step.method,
            &draft.path,
        );
        let access = context.access(scheme, level, self.owner.recording_key.account.as_deref())?;
        let unsigned = self.unsigned_request(variables, &access.account)?;
        let attempts = Attempts {
            call: &ExchangeContext {
                recording_key: &self.owner.recording_key,
                scheme,
                level,
                access: &access,
                timeout: step.timeout,
                can_renew_token: step.expected_outcome == ExpectedOutcome::Success,
                budget_class: BudgetClass::Step(self.owner.unit),
                context,
            },
            max_attempts: step.max_attempts(),
            unsigned: unsigned.as_ref(),
        };
        let Exchange { result, log } = attempts.run(draft, fresh).await;
        let result = result.map(|judged| StepResponse { judged, unsigned });
        Ok(StepCall { result, log })
    }

    /// The request as recordings and snapshots know it, where there are any.
    fn unsigned_request(
        &self,
        variables: &VariableScope,
        account: &str,
    ) -> Result<Option<RecordedRequest>, RenderError> {
        let has_snapshot = self.owner.unit.is_some() && self.wants_snapshot();
        if !has_snapshot && !self.context.state.recordings.is_enabled() {
            return Ok(None);
        }
        let draft = render_draft(
            self.step,
            &PlaceholderScope(variables),
            variables.fresh_values(),
            self.context.environment.files,
        )?;
        Ok(Some(recording::unsigned_request(&draft, account)))
    }

    fn wants_snapshot(&self) -> bool {
        self.step.snapshot.is_some() || self.context.options.snapshots.every_step
    }

    /// Whether the answer is what `ok` says.
    pub(super) fn is_expected(&self, asked: &StepResponse) -> bool {
        advice::unexpected_outcome(self.step.expected_outcome, &asked.judged.outcome).is_none()
    }

    /// Captures first, since assertions may use them; then every assertion.
    pub(super) fn judge(
        &self,
        asked: &StepResponse,
        variables: &mut VariableScope,
    ) -> Result<Judgement, StepError> {
        let mut judged = Judgement::default();
        let hide = |text: &str| self.context.state.redactor.borrow_mut().redact(text);
        let answer = ResponseView::new(asked.response()).with_redaction(&hide);
        if let Some((expected, actual)) =
            advice::unexpected_outcome(self.step.expected_outcome, &asked.judged.outcome)
        {
            judged.failures.push(failures::unexpected_outcome(
                self.step,
                &expected,
                &actual,
                self.context,
            ));
        } else {
            judged.failures.extend(self.capture_all(&answer, variables));
        }
        let complete = self
            .step
            .captures
            .iter()
            .all(|capture| variables.get(&capture.name).is_some());
        match self.unmet_assertions(&self.step.assertions, &answer, variables) {
            Ok(unmet) => judged.failures.extend(unmet),
            Err(error) if !complete => judged
                .notes
                .push(format!("assertions were not judged: {}", error.reason)),
            Err(error) => return Err(error.into()),
        }
        Ok(judged)
    }

    /// Those of the assertions that do not hold.
    pub(super) fn unmet_assertions(
        &self,
        assertions: &[Assertion],
        answer: &ResponseView<'_>,
        variables: &VariableScope,
    ) -> Result<Vec<FailureReport>, RenderError> {
        let found = check::judge(assertions, answer, &|written| {
            render_tree(written, variables)
        })?;
        Ok(found
            .iter()
            .map(|failure| failures::assertion_failure(failure, self.context))
            .collect())
    }

    fn capture_all(
        &self,
        answer: &ResponseView<'_>,
        variables: &mut VariableScope,
    ) -> Vec<FailureReport> {
        let mut failures = Vec::new();
        for capture in &self.step.captures {
            match self.capture_value(capture, answer) {
                Ok(value) => variables.set(
                    capture.name.as_str(),
                    value,
                    VariableOrigin {
                        layer: VariableLayer::Capture,
                        at: Some(capture.name_at),
                    },
                ),
                Err(failure) => failures.push(failures::capture_failure(&failure, self.context)),
            }
        }
        failures
    }

    /// One page may well have nothing of a list that all pages have together.
    fn capture_value(
        &self,
        capture: &Capture,
        answer: &ResponseView<'_>,
    ) -> Result<Value, CaptureFailure> {
        let taken = check::capture(capture, answer);
        let is_joined = matches!(self.step.repeat, RepeatMode::Pages(_)) && captures_list(capture);
        if is_joined && taken.is_err() && answer.json().is_ok() {
            Ok(Value::List(Vec::new()))
        } else {
            taken
        }
    }

    /// The end of a step that was answered: recordings, advice, snapshot.
    pub(super) fn conclude(
        &self,
        asked: &StepResponse,
        mut judged: Judgement,
        log: &mut ExchangeLog,
    ) -> Result<Judgement, StepError> {
        judged.failures.extend(self.record_and_compare(asked)?);
        judged.notes.append(&mut log.warnings);
        if !judged.failures.is_empty() {
            judged.notes.extend(advice::notes_for_refusal(
                self.scheme,
                &asked.judged.outcome,
                asked.response(),
                (self.context.environment.clock)(),
            ));
        }
        self.compare_with_snapshot(asked, &mut judged)?;
        Ok(judged)
    }

    fn compare_with_snapshot(
        &self,
        asked: &StepResponse,
        judged: &mut Judgement,
    ) -> Result<(), StepError> {
        let Some(unit) = self
            .owner
            .unit
            .filter(|_| self.wants_snapshot() && self.is_expected(asked))
        else {
            return Ok(());
        };
        let (step, scheme, context) = (self.step, self.scheme, self.context);
        let headers = self.inspected_headers(asked);
        let Some(made) = self.observed_exchange(asked, &headers) else {
            return Ok(());
        };
        let is_wanting = !judged.failures.is_empty();
        let response = &context.state.recordings.redacted_response(
            &made,
            context.environment.workspace,
            &mut context.state.redactor.borrow_mut(),
        )?;
        let compared = SnapshotCheck {
            unit,
            step,
            scheme,
            response,
            has_failures: is_wanting,
        }
        .compare(context)?;
        judged.failures.extend(compared.failure);
        judged.notes.extend(compared.note);
        Ok(())
    }

    fn observed_exchange<'m>(
        &'m self,
        asked: &'m StepResponse,
        headers: &'m [String],
    ) -> Option<ObservedExchange<'m>> {
        let (whose, scheme, rules) = (
            &self.owner.recording_key,
            self.scheme,
            self.owner.redact_rules,
        );
        Some(ObservedExchange {
            recording_key: whose,
            scheme,
            request: asked.unsigned.as_ref()?,
            response: asked.response(),
            inspected_headers: headers,
            redact_rules: rules,
        })
    }

    /// Headers of the answer that the step looks at.
    fn inspected_headers(&self, asked: &StepResponse) -> Vec<String> {
        if asked.unsigned.is_none() {
            return Vec::new();
        }
        let judged = self
            .step
            .poll_conditions()
            .iter()
            .chain(&self.step.assertions)
            .map(|assertion| &assertion.subject);
        let subjects = judged.chain(self.step.captures.iter().map(|capture| &capture.from));
        let name = |subject: &Subject| {
            if let Subject::Header(name) = subject {
                Some(name.to_ascii_lowercase())
            } else {
                None
            }
        };
        subjects.filter_map(name).collect()
    }

    /// An exchange is recorded when it went as it should, and held against the recording where that
    /// is asked for.
    pub(super) fn record_and_compare(
        &self,
        asked: &StepResponse,
    ) -> Result<Vec<FailureReport>, StepError> {
        let headers = self.inspected_headers(asked);
        let Some(made) = self.observed_exchange(asked, &headers) else {
            return Ok(Vec::new());
        };
        self.record_response(asked, &made);
        self.compare_with_recording(&made)
    }

    /// The same for an answer that only says to ask again.
    pub(super) fn record_intermediate(&self, asked: &StepResponse) {
        let headers = self.inspected_headers(asked);
        if let Some(made) = self.observed_exchange(asked, &headers) {
            self.record_response(asked, &made);
        }
    }

    fn record_response(&self, asked: &StepResponse, made: &ObservedExchange<'_>) {
        let context = self.context;
        match advice::unexpected_outcome(self.step.expected_outcome, &asked.judged.outcome) {
            None => context.state.recordings.record_response(
                made,
                context.environment.workspace,
                &mut context.state.redactor.borrow_mut(),
            ),
            Some((_, actual)) => context
                .state
                .recordings
                .reject_unit(made.recording_key, &format!("the answer was {actual}")),
        }
    }

    /// The recorded answers stand in their order, and only the last one of a poll is what was
    /// waited for.
    fn compare_with_recording(
        &self,
        made: &ObservedExchange<'_>,
    ) -> Result<Vec<FailureReport>, StepError> {
        let most = if matches!(self.step.repeat, RepeatMode::Poll(_)) {
            MAX_RECORDED_RESPONSES
        } else {
            1
        };
        let context = self.context;
        let mut found = Vec::new();
        for turn in 0..most {
            let mut redactor = context.state.redactor.borrow_mut();
            match context.state.recordings.compare(
                made,
                self.step.at,
                context.environment.workspace,
                &mut redactor,
            ) {
                Some(Ok(failures)) => found = failures,
                Some(Err(miss)) if turn == 0 => {
                    return Err(StepError::NotRecorded(recording::describe_miss(&miss)));
                }
                Some(Err(_)) | None => break,
            }
            if found.is_empty() {
                break;
            }
        }
        Ok(found)
    }
}

/// Whether a capture takes all that a path finds.
pub(super) fn captures_list(capture: &Capture) -> bool {
    matches!(&capture.from, Subject::Path(path) if !path.is_singular())
}
