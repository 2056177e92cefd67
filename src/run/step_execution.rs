//! What a step does with one call of its own: render, sign, send, judge. A list of calls to the
//! rooms below.

use super::attempts::Attempts;
use super::budget::BudgetClass;
use super::exchange::{
    ExchangeContext, JudgedResponse, SendState, StepProgress, missing_recording_reason,
};
use super::run_recordings::ObservedExchange;
use super::snapshot_check::SnapshotCheck;
use super::step::{Judgement, StepError, StepOwner};
use super::{RunContext, advice, failures};
use crate::check::{self, CaptureFailure, ResponseOutcome, ResponseView};
use crate::event::FailureReport;
use crate::model::assertion::{Assertion, Subject};
use crate::model::capture::Capture;
use crate::model::outcome::{ErrorKind, ExpectedOutcome};
use crate::model::recording::RecordedRequest;
use crate::model::repeat::RepeatMode;
use crate::model::request::Step;
use crate::model::scheme::Scheme;
use crate::recording;
use crate::render::{
    PlaceholderScope, RenderError, VariableLayer, VariableOrigin, VariableScope, render_draft,
    render_tree,
};
use crate::sign::choose_level;
use crate::value::Value;
use crate::wire::WireResponse;
use std::rc::Rc;

/// A poll is held against so many recorded answers, since it can end sooner or later than the
/// recorded one.
const MAX_RECORDED_RESPONSES: usize = 100;

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

impl StepExecution<'_> {
    /// The usual step: one call, one answer.
    pub(super) async fn run_once(
        &self,
        variables: &mut VariableScope,
        progress: &mut StepProgress,
    ) -> Result<Judgement, StepError> {
        let asked = self.send(variables, progress).await?;
        let judged = self.judge(&asked, variables)?;
        self.conclude(&asked, judged, progress)
    }

    /// Sends the request as the variables stand. What is fresh in it is the same for every call of
    /// a step; what signs it is not.
    pub(super) async fn send(
        &self,
        variables: &VariableScope,
        progress: &mut StepProgress,
    ) -> Result<StepResponse, StepError> {
        let (step, scheme, context) = (self.step, self.scheme, self.context);
        let draft = Rc::new(render_draft(
            step,
            variables,
            variables.fresh_values(),
            context.files,
        )?);
        progress.draft = Some(Rc::clone(&draft));
        let level = choose_level(
            scheme,
            step.level.as_ref().map(|level| level.name.as_str()),
            step.method,
            &draft.path,
        );
        let access = context.access(scheme, level, self.owner.recording_key.account.as_deref())?;
        let unsigned = self.unsigned_request(variables, &access.account)?;
        let renews = step.expected_outcome == ExpectedOutcome::Success;
        let call = ExchangeContext {
            recording_key: &self.owner.recording_key,
            scheme,
            level,
            access: &access,
            timeout: step.timeout,
            can_renew_token: renews,
            budget_class: BudgetClass::Step(self.owner.unit),
            context,
        };
        let moment = if progress.send_count == 0 {
            variables.fresh_values()
        } else {
            super::unit::moment(context)
        };
        progress.send_count += 1;
        let attempts = Attempts {
            call: &call,
            max_attempts: step.max_attempts(),
            unsigned: unsigned.as_ref(),
        };
        attempts.exchange(&draft, moment, progress).await?;
        let heard = self.received_response(progress)?;
        progress.send_state = send_state_of(&heard.outcome);
        Ok(StepResponse {
            judged: heard,
            unsigned,
        })
    }

    fn received_response(
        &self,
        progress: &mut StepProgress,
    ) -> Result<Rc<JudgedResponse>, StepError> {
        let Some(heard) = &progress.judged_response else {
            return Err(RenderError::new(self.step.at, "nothing was sent").into());
        };
        if let Some(reason) = missing_recording_reason(&heard.response) {
            progress.send_state = SendState::Refused;
            return Err(StepError::NotRecorded(reason));
        }
        Ok(Rc::clone(heard))
    }

    /// The request as recordings and snapshots know it, where there are any.
    fn unsigned_request(
        &self,
        variables: &VariableScope,
        account: &str,
    ) -> Result<Option<RecordedRequest>, RenderError> {
        let has_snapshot = self.owner.unit.is_some() && self.wants_snapshot();
        if !has_snapshot && !self.context.recordings.is_enabled() {
            return Ok(None);
        }
        let draft = render_draft(
            self.step,
            &PlaceholderScope(variables),
            variables.fresh_values(),
            self.context.files,
        )?;
        Ok(Some(recording::unsigned_request(&draft, account)))
    }

    fn wants_snapshot(&self) -> bool {
        self.step.snapshot.is_some() || self.context.snapshots.every_step
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
        let hide = |text: &str| self.context.redactor.borrow_mut().redact(text);
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
        progress: &mut StepProgress,
    ) -> Result<Judgement, StepError> {
        judged.failures.extend(self.record_and_compare(asked)?);
        judged.notes.append(&mut progress.warnings);
        if !judged.failures.is_empty() {
            judged.notes.extend(advice::notes_for_refusal(
                self.scheme,
                &asked.judged.outcome,
                asked.response(),
                (self.context.clock)(),
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
        let response = &context.recordings.redacted_response(
            &made,
            context.workspace,
            &mut context.redactor.borrow_mut(),
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
            None => context.recordings.record_response(
                made,
                context.workspace,
                &mut context.redactor.borrow_mut(),
            ),
            Some((_, actual)) => context
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
            let mut redactor = context.redactor.borrow_mut();
            match context
                .recordings
                .compare(made, self.step.at, context.workspace, &mut redactor)
            {
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

fn send_state_of(outcome: &ResponseOutcome) -> SendState {
    match outcome {
        ResponseOutcome::Success => SendState::Succeeded,
        // A fault of the marketplace's own can come after it has done what was asked.
        ResponseOutcome::ApiError {
            kind: ErrorKind::Server,
            ..
        } => SendState::Unknown,
        ResponseOutcome::ApiError { .. } => SendState::Refused,
    }
}
