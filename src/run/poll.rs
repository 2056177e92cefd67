//! A step that is sent again until something holds. Only its last answer is judged; one that is not
//! what `ok` says ends it.

use super::exchange::{ExchangeLog, SendState};
use super::step_error::StepError;
use super::step_execution::{Judgement, StepExecution, StepOutcome};
use crate::check::ResponseView;
use crate::diagnostic::pluralize;
use crate::event::FailureReport;
use crate::model::repeat::PollOptions;
use crate::render::{RenderError, VariableScope};
use crate::transport::human_duration;
use crate::wire::WireResponse;
use std::time::{Duration, Instant};

/// That `until` does not hold in time is a failure; that a call could not be made, or that the run
/// is asked to stop, is an error.
pub(super) async fn run(
    execution: &StepExecution<'_>,
    poll: &PollOptions,
    variables: &mut VariableScope,
) -> StepOutcome {
    let mut log = ExchangeLog::default();
    let result = run_until(execution, poll, variables, &mut log).await;
    StepOutcome { result, log }
}

async fn run_until(
    execution: &StepExecution<'_>,
    poll: &PollOptions,
    variables: &mut VariableScope,
    log: &mut ExchangeLog,
) -> Result<Judgement, StepError> {
    let context = execution.context;
    let mut timer = PollTimer::start(poll, context.state.recordings.is_replay());
    let (mut responses, mut unmet) = (0, Vec::new());
    let mut fresh = variables.fresh_values();
    loop {
        let sending = execution.send(variables, fresh);
        let Ok(call) = tokio::time::timeout(timer.remaining(), sending).await else {
            // The call was dropped on its way: it may have arrived.
            log.send_state = SendState::Unknown;
            break;
        };
        log.append(call.log);
        let response = call.result?;
        responses += 1;
        let is_expected = execution.is_expected(&response);
        if is_expected {
            unmet = unmet_until(execution, response.response(), variables)?;
        }
        if unmet.is_empty() || !is_expected {
            let judgement = execution.judge(&response, variables)?;
            return execution.conclude(&response, judgement, log);
        }
        execution.record_intermediate(&response);
        let Some(wait) = timer.next_wait() else { break };
        if !context.pause(wait).await {
            return Err(StepError::Interrupted);
        }
        fresh = context.fresh_values();
    }
    let mut failures = vec![timeout_failure(execution, poll, responses)];
    failures.extend(unmet);
    Ok(Judgement {
        failures,
        notes: std::mem::take(&mut log.warnings),
    })
}

/// What of `until` does not hold yet.
fn unmet_until(
    execution: &StepExecution<'_>,
    response: &WireResponse,
    variables: &VariableScope,
) -> Result<Vec<FailureReport>, RenderError> {
    let hide = |text: &str| execution.context.state.redactor.borrow_mut().redact(text);
    let unmet = execution.unmet_assertions(
        execution.step.poll_conditions(),
        &ResponseView::new(response).with_redaction(&hide),
        variables,
    )?;
    let mut redactor = execution.context.state.redactor.borrow_mut();
    let named = |failure: FailureReport| FailureReport {
        subject: redactor.redact_for_display(&format!("until {}", failure.subject)),
        ..failure
    };
    Ok(unmet.into_iter().map(named).collect())
}

fn timeout_failure(
    execution: &StepExecution<'_>,
    poll: &PollOptions,
    responses: usize,
) -> FailureReport {
    let mut redactor = execution.context.state.redactor.borrow_mut();
    let within = human_duration(poll.timeout);
    FailureReport {
        at: poll.at,
        subject: redactor.redact_for_display("poll"),
        expected: redactor.redact_for_display(&format!("`until` to hold within {within}")),
        actual: redactor.redact_for_display(&format!(
            "it did not hold in {}",
            pluralize(responses, "answer")
        )),
        hint: None,
        differences: Vec::new(),
    }
}

/// When the next call begins, from the start of the first. In a replay, where nothing is waited
/// for, time goes by in steps.
struct PollTimer<'p> {
    poll: &'p PollOptions,
    started_at: Instant,
    is_replayed: bool,
    /// When the present call began.
    elapsed: Duration,
}

impl<'p> PollTimer<'p> {
    fn start(poll: &'p PollOptions, is_replayed: bool) -> Self {
        Self {
            poll,
            started_at: Instant::now(),
            is_replayed,
            elapsed: Duration::ZERO,
        }
    }

    fn remaining(&self) -> Duration {
        self.poll.timeout.saturating_sub(self.elapsed)
    }

    /// How long until the next call; `None` when there is no time for one.
    fn next_wait(&mut self) -> Option<Duration> {
        let passed = if self.is_replayed {
            Duration::ZERO
        } else {
            self.started_at.elapsed()
        };
        self.elapsed = passed.max(self.elapsed + self.poll.interval);
        (self.elapsed < self.poll.timeout).then(|| self.elapsed.saturating_sub(passed))
    }
}
